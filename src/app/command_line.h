// What the command lines of the two programs say.

#pragma once

#include <optional>
#include <string>

#include "base/log_level.h"
#include "inverter/options.h"

namespace aims {

struct CommandLine {
  std::string options = "/data/options.json";
  std::string data = "/data";
  std::optional<LogLevel> log_level;  // over that of the options
  std::optional<Address> probe;       // --probe ADDRESS
  int baud_rate = 2400;               // of --probe
  std::optional<std::string> check;   // --check FILE; by default that of --options
  std::optional<std::string> setup;   // --setup FILE; by default that of the packages' service
  bool healthcheck = false;
};

struct SimulatorCommandLine {
  std::string link;
  int baud_rate = 2400;
};

// The error is the exit code: 0 after --help and --version, 2 for a wrong command line; what there was to say is said.
tl::expected<CommandLine, int> ParseCommandLine(int argc, char** argv);
tl::expected<SimulatorCommandLine, int> ParseSimulatorCommandLine(int argc, char** argv);

}  // namespace aims
