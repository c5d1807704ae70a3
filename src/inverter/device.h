// Who an inverter is, to Home Assistant and to everybody else who asks.
// Pure.

#pragma once

#include <string>
#include <string_view>

#include "inverter/command.h"

namespace aims {

// What the options describe well enough to be estimated.
struct Described {
  bool power = false;    // what 100 % load is: load power and energy
  bool battery = false;  // the battery, too: charge, runtime and health

  bool operator==(const Described&) const = default;
};

struct Device {
  std::string id;             // the slug of the name: "aims_inverter"
  std::string name;           // "AIMS inverter"
  std::string model;          // as the owner typed it; may be empty
  Permissions permissions{};  // what may be asked of it
  Described described{};
  bool has_nut = false;  // the NUT server serves it
  bool is_rehearsal = false;
};

// a-z and 0-9 of `name` in lower case, every other run of bytes as one '_', none at the ends: "AIMS inverter" ->
// "aims_inverter".
std::string Slug(std::string_view name);

// The second device, on which outages are rehearsed: "AIMS inverter (rehearsal)". Nothing may be asked of it.
Device RehearsalOf(const Device& device);

}  // namespace aims
