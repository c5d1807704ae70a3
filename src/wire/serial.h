// Serial devices: opening one, and finding the only one that can be an inverter's.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/descriptor.h"

namespace aims {

struct OpenPort {
  Descriptor descriptor;
  std::string path;
};

// Opens the tty behind `path` (a link will do) raw, 8N1, without flow control, at `baud_rate`, and locks it with
// flock(LOCK_EX). No TIOCEXCL: on a shared pty it would outlive us. kAbsent, kDenied, kBusy (the message names the file
// that is locked) or kRefused (not a serial device).
Result<OpenPort> OpenSerial(const std::string& path, int baud_rate);

// Whether a read waits for the end of a line (CR or LF), which wakes us once, or for any byte, which
// wakes us each time. Nothing happens to what is not a tty.
void ReadByLine(int descriptor, bool by_line);

// Opens the one adapter below `dev` that is free: neither named like a radio stick (Zigbee, Z-Wave,
// SkyConnect, ConBee, Sonoff) nor locked. kAbsent: there is none; kBusy: none is free; kBadOption: more than one is.
// The message lists them. Only the one that is taken is touched beyond opening and locking.
Result<OpenPort> OpenOnlyAdapter(int baud_rate, const std::string& dev = "/dev");

// The serial adapters below `dev`: by their lasting names, and by number those that have none.
std::vector<std::string> ListAdapters(const std::string& dev = "/dev");

// True for the names, as in /dev/serial/by-id, of adapters that are known to be something else.
bool IsRadioStick(std::string_view name);

}  // namespace aims
