#include "app/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <iterator>
#include <vector>

#include "app/setup.h"
#include "base/names.h"

namespace aims {
namespace {

constexpr int kWrongCommandLine = 2;

// 0: go on with `app`'s values; otherwise the exit code is in the error.
tl::expected<void, int> Parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return {};
  } catch (const CLI::ParseError& error) {
    return tl::unexpected<int>(app.exit(error) == 0 ? 0 : kWrongCommandLine);
  }
}

CLI::IsMember IsBaudRate() { return CLI::IsMember(std::vector<int>(std::begin(kBaudRates), std::end(kBaudRates))); }

}  // namespace

tl::expected<CommandLine, int> ParseCommandLine(int argc, char** argv) {
  CommandLine line;
  std::string level;
  std::string probe;
  CLI::App app("Publishes what an AIMS Power inverter says on its serial port to Home Assistant over MQTT.",
               "aims-inverter-mqtt");
  app.add_option("--options", line.options, "The options, as the Supervisor writes them")->capture_default_str();
  app.add_option("--data", line.data, "Where the program keeps what it has to remember")->capture_default_str();
  app.add_option("--log-level", level, "Instead of the options' log_level")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kLogLevels), std::end(kLogLevels))));
  std::string file;
  auto* check =
      app.add_option("--check", file, "Say what is wrong with the options in FILE, by default those of --options")
          ->type_name("FILE")
          ->expected(0, 1);
  std::string new_file = kInstalledOptions;
  auto* setup = app.add_option("--setup", new_file, "Ask at a terminal, and write the options to FILE")
                    ->type_name("FILE")
                    ->expected(0, 1)
                    ->capture_default_str();
  app.add_flag("--healthcheck", line.healthcheck, "Ask the program that runs with the same --data whether it is alive");
  auto* address =
      app.add_option("--probe", probe, "Ask the inverter at ADDRESS once and say what came")->type_name("ADDRESS");
  app.add_option("--baud", line.baud_rate, "The speed for --probe")
      ->check(IsBaudRate())
      ->needs(address)
      ->capture_default_str();
  app.set_version_flag("--version", AIMS_VERSION);
  if (const auto parsed = Parse(app, argc, argv); !parsed) return tl::unexpected<int>(parsed.error());

  line.log_level = FromName<LogLevel>(kLogLevels, level);
  if (check->count() > 0) line.check = file.empty() ? line.options : file;
  if (setup->count() > 0) line.setup = new_file.empty() ? kInstalledOptions : new_file;
  if (address->count() == 0) return line;
  const auto parsed = ParseAddress(probe);
  if (parsed) {
    line.probe = *parsed;
    return line;
  }
  app.exit(CLI::ValidationError("--probe", parsed.error().message + "; it takes " + std::string(kAddressForms)));
  return tl::unexpected<int>(kWrongCommandLine);
}

tl::expected<SimulatorCommandLine, int> ParseSimulatorCommandLine(int argc, char** argv) {
  SimulatorCommandLine line;
  CLI::App app(
      "A simulated AIMS inverter on a pseudo-terminal. Commands on standard input: utility on|off, generator, sag,\n"
      "priority on|off, no b2 test, b2 test, battery VOLTS, load PERCENT,\n"
      "fault silence|garbage|half|noise|nak|late|echo|voltronic|axpert|none, unplug, plug.",
      "aims-inverter-sim");
  app.add_option("link", line.link, "Where to put the link to the pseudo-terminal")->required();
  app.add_option("--baud", line.baud_rate, "The speed of the simulated line")
      ->check(IsBaudRate())
      ->capture_default_str();
  app.set_version_flag("--version", AIMS_VERSION);
  if (const auto parsed = Parse(app, argc, argv); !parsed) return tl::unexpected<int>(parsed.error());
  return line;
}

}  // namespace aims
