// `--setup`: asks the owner at a terminal what the program has to know, tries the inverter and the broker, and writes
// the options. For machines without Home Assistant, whose form does the same there.

#pragma once

#include <string>

namespace aims {

// Where the packages' service looks for them.
inline constexpr char kInstalledOptions[] = "/etc/aims-inverter-mqtt/options.json";

// Writes `path` once everything was answered, readable by its owner and its group. False: it was not written; why not
// was said.
bool Setup(const std::string& path);

}  // namespace aims
