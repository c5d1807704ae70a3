#include "nut/variables.h"

#include <fmt/format.h>

#include "tests/nut/house.h"

using namespace aims;
using namespace aims::nut;

namespace {

const std::string kUnknown = "ERR VAR-NOT-SUPPORTED\n";

}  // namespace

TEST_CASE_FIXTURE(House,
                  "every variable that is listed has a value, a type and a description, and fits a client's buffer") {
  Read(mains, 5s);
  Read(outage, 60s);
  const std::string list = Ask("LIST VAR aims_inverter");
  CHECK(list.starts_with("BEGIN LIST VAR aims_inverter\n"));
  CHECK(list.ends_with("END LIST VAR aims_inverter\n"));
  size_t listed = 0;
  for (const Variable& variable : Variables()) {
    CAPTURE(variable.name);
    const std::string name(variable.name);
    const std::string value = Value(name);
    if (value == kUnknown) continue;
    ++listed;
    CHECK(list.find(fmt::format("\nVAR aims_inverter {} \"{}\"\n", name, value)) != std::string::npos);
    CHECK(Ask("GET TYPE aims_inverter " + name).starts_with("TYPE aims_inverter " + name + " "));
    CHECK(Ask("GET DESC aims_inverter " + name).find("unavailable") == std::string::npos);
    if (variable.is_number) CHECK_NOTHROW(std::stod(value));
  }
  CHECK(listed == static_cast<size_t>(std::count(list.begin(), list.end(), '\n')) - 2);
  CHECK(listed >= 27);
}

TEST_CASE_FIXTURE(House, "the values are those of the reading and of the options") {
  Read(mains, 5s);
  CHECK(Value("device.serial") == "aims_inverter");
  CHECK(Value("ups.serial") == "aims_inverter");
  CHECK(Value("device.mfr") == "AIMS Power");
  CHECK(Value("ups.model") == "PICOGLF12W12V120AL");
  CHECK(Value("input.voltage") == "111.0");
  CHECK(Value("input.voltage.nominal") == "110");
  CHECK(Value("output.frequency") == "60.0");
  CHECK(Value("battery.voltage") == "13.5");
  CHECK(Value("battery.voltage.nominal") == "12");
  CHECK(Value("battery.type") == "AGM");
  CHECK(Value("ups.power.nominal") == "1200");
  CHECK(Value("ups.realpower.nominal") == "1200");
  CHECK(Value("ups.beeper.status") == "enabled");
  CHECK(Value("ups.test.result") == "No test in progress");
  CHECK(Value("driver.state") == "quiet");
  CHECK(Value("UPS.LOAD") == "0");
}

TEST_CASE("what is not known is not there, and never 0") {
  InverterOptions options;
  options.device = {.id = "aims_inverter", .name = "AIMS inverter"};
  House house(options);
  house.mains.load.reset();
  house.Read(house.mains, 5s);
  for (const char* name :
       {"battery.charge", "battery.charge.low", "battery.runtime", "battery.runtime.low", "battery.type",
        "battery.voltage.nominal", "device.model", "ups.model", "ups.load", "ups.power.nominal", "ups.realpower",
        "ups.realpower.nominal", "ups.temperature", "ups.alarm", "ups.contacts"}) {
    CAPTURE(name);
    CHECK(house.Value(name) == kUnknown);
    CHECK(house.Ask(fmt::format("GET TYPE aims_inverter {}", name)) == kUnknown);
    CHECK(house.Ask("LIST VAR aims_inverter").find(fmt::format(" {} ", name)) == std::string::npos);
  }
}

TEST_CASE_FIXTURE(House, "charge and runtime are there both, or neither") {
  Read(mains, 5s);
  for (const auto& reading : {mains, outage}) {
    for (int i = 0; i < 300; ++i) {
      Read(reading);
      CHECK((Value("battery.charge") == kUnknown) == (Value("battery.runtime") == kUnknown));
    }
  }
  CHECK(Value("battery.charge") != kUnknown);
  CHECK(Value("battery.charge.low") == "30");
  CHECK(Value("battery.runtime.low") == "300");
}

TEST_CASE("what an owner types is told in ASCII, without quotes and backslashes, and cut") {
  InverterOptions options = DescribedInverter();
  options.device.name =
      "K\xc3\xbc"
      "che \"1\" \\ \xf0\x9f\x94\x8b";
  options.device.model = std::string(1000, 'x');
  House house(options);
  house.Read(house.mains);
  CHECK(house.Ask("GET UPSDESC aims_inverter") == "UPSDESC aims_inverter \"K?che '1' / ?\"\n");
  CHECK(house.Value("device.model").size() == kLongestValue);
}

TEST_CASE_FIXTURE(House, "only the commands that the owner allows are offered") {
  Read(mains);
  CHECK(Ask("LIST CMD aims_inverter") == "BEGIN LIST CMD aims_inverter\nEND LIST CMD aims_inverter\n");
  InverterOptions allowed = DescribedInverter();
  allowed.device.permissions = {.beeper = true};
  House beeper(allowed);
  beeper.Read(beeper.mains);
  CHECK(beeper.Ask("LIST CMD aims_inverter") ==
        "BEGIN LIST CMD aims_inverter\nCMD aims_inverter beeper.disable\nCMD aims_inverter beeper.enable\n"
        "CMD aims_inverter beeper.toggle\nEND LIST CMD aims_inverter\n");
  for (const InstantCommand& command : InstantCommands()) {
    const std::string answer = beeper.Ask(fmt::format("GET CMDDESC aims_inverter {}", command.name));
    CHECK(answer == fmt::format("CMDDESC aims_inverter {} \"{}\"\n", command.name, command.description));
  }
}
