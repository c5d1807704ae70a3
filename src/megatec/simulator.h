// A simulated AIMS inverter with a small battery: what it answers to Q1, as time passes and people do things to it.
// Pure: the time comes in, bytes go out; simulated_line.h puts them on a line.
//
// The battery is the model of the inverter's own (battery_model.h), of the type, voltage and size that it is told; else
// a flooded 12 V one of 20 Ah behind a 1200 VA inverter. It floats at 13.5 V per 12 V, and the charger gives half of
// the capacity in an hour.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "inverter/battery.h"
#include "inverter/battery_model.h"

namespace aims {

class Simulator {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Fault { kNone, kSilence, kGarbage, kHalf, kNoise, kNak, kLate, kEcho, kVoltronic, kAxpert };

  // With `outages`, the mains fail by themselves for a minute every ten minutes, so that there is something to see.
  enum class Mains { kSteady, kOutages };

  // `battery`: what is not said of it is as above.
  explicit Simulator(Time now, Mains mains = Mains::kSteady, const BatteryOptions& battery = {});

  // Lets the time pass.
  void Advance(Time now);

  // `utility on|off`; `generator`: the inverter refuses what it is given, although the voltage is right; `sag`: it
  // refuses 98 V; `priority [on|off]`: SW5 is set to battery priority; `no b2 test` and `b2 test`: how it tells of its
  // tests; `battery 11.4` (V), `load 40` (%), and `fault
  // silence|garbage|half|noise|nak|late|echo|voltronic|axpert|none`. False: it is none of them.
  bool Obey(std::string_view command);

  // What the inverter sends after `request`, which ends in CR or LF. Empty: nothing. It knows Q1 and, as its Megatec
  // relatives do, the commands Q, T, TL, CT, S…, S…R… and C; all else comes back as an echo.
  std::string Reply(std::string_view request);

  // How long it thinks before it sends that.
  std::chrono::milliseconds ReplyDelay() const;

  double battery_voltage() const;  // V

 private:
  enum class Fed { kUtility, kNothing, kGenerator, kSag };

  Fed FedBy() const;
  bool CanTake() const { return FedBy() == Fed::kUtility; }  // what it is fed
  bool IsDischarging() const { return !CanTake() || IsTesting() || is_draining_; }
  bool IsTesting() const { return now_ < test_until_; }
  bool IsOff() const { return off_at_ && now_ >= *off_at_; }
  bool Follow(std::string_view command);
  double BatteryPower() const;
  double Voltage(const BatteryModel& battery) const;
  std::string Status();
  double Noise(double most);

  Mains mains_;
  Time started_;
  Time now_;
  Fed fed_ = Fed::kUtility;
  bool has_priority_ = false;
  bool is_draining_ = false;  // because of that
  bool tells_of_tests_ = true;
  double nominal_voltage_;  // V
  double rated_power_;      // VA
  double capacity_;         // Ah
  BatteryModel battery_;
  bool is_cut_off_ = false;  // the battery is empty: until the mains are back
  double load_ = 23;         // %
  Fault fault_ = Fault::kNone;
  uint32_t random_ = 1;
  bool beeper_ = true;
  Time test_until_{};
  std::optional<Time> off_at_;  // the output
  std::optional<Time> on_at_;   // again, once it was off
};

}  // namespace aims
