#include "options/options.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

using namespace aims;
using namespace std::chrono_literals;

namespace {

constexpr const char* kInverter = R"("inverters":[{"name":"AIMS inverter"}])";

// The options in `json`, which must be right.
Options Good(const std::string& json) {
  const CheckedOptions checked = ParseOptions(json);
  for (const auto& mistake : checked.findings.mistakes) FAIL_CHECK(mistake);
  return checked.options;
}

Options GoodMqtt(const std::string& mqtt) { return Good("{" + std::string(kInverter) + ",\"mqtt\":{" + mqtt + "}}"); }
InverterOptions GoodInverter(const std::string& members) {
  return Good("{\"inverters\":[{\"name\":\"A\"," + members + "}]}").inverters.at(0);
}

InverterOptions GoodGroup(const std::string& group, const std::string& members) {
  return Good("{" + std::string(kInverter) + ",\"" + group + "\":{" + members + "}}").inverters.at(0);
}

// The only mistake in `json`.
std::string Mistake(const std::string& json) {
  const CheckedOptions checked = ParseOptions(json);
  REQUIRE(checked.findings.mistakes.size() == 1);
  return checked.findings.mistakes[0];
}

std::string InverterMistake(const std::string& members) {
  return Mistake("{\"inverters\":[{\"name\":\"A\"," + members + "}]}");
}
std::string GroupMistake(const std::string& group, const std::string& members) {
  return Mistake("{" + std::string(kInverter) + ",\"" + group + "\":{" + members + "}}");
}
std::string MqttMistake(const std::string& mqtt) { return GroupMistake("mqtt", mqtt); }

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a name is enough; all else has the contract's defaults") {
  const Options options = Good("{" + std::string(kInverter) + "}");
  REQUIRE(options.inverters.size() == 1);
  const InverterOptions& inverter = options.inverters[0];
  CHECK(inverter.device.name == "AIMS inverter");
  CHECK(inverter.device.id == "aims_inverter");
  CHECK(inverter.device.model.empty());
  CHECK(std::holds_alternative<AnyAdapter>(inverter.address));
  CHECK(inverter.baud_rate == 2400);
  CHECK(inverter.poll_interval == 1s);
  CHECK(options.mqtt.report_interval == 10s);
  CHECK(inverter.device.described == Described());
  CHECK(options.mqtt.broker.host.empty());
  CHECK(options.mqtt.broker.port == 1883);
  CHECK_FALSE(options.mqtt.broker.tls);
  CHECK(options.mqtt.topics.base == "aims2mqtt");
  CHECK(options.mqtt.topics.discovery_prefix == "homeassistant");
  CHECK(options.mqtt.birth_topic == "homeassistant/status");
  CHECK(options.mqtt.birth_payload == "online");
  CHECK(options.log_level == LogLevel::kInfo);
}

TEST_CASE("battery priority needs the utility's voltage, or nothing would tell an outage from it") {
  CHECK(GoodInverter(R"("utility_voltage":"120","battery_priority":true)").has_battery_priority);
  CHECK(GoodInverter(R"("utility_voltage":230)").utility_voltage == 230);
  CHECK_FALSE(GoodInverter(R"("utility_voltage":"not set")").utility_voltage);
  CHECK(Has(InverterMistake(R"("battery_priority":true)"), "utility_voltage"));
  CHECK(Has(InverterMistake(R"("utility_voltage":115)"), "100, 110, 120"));
}

TEST_CASE("everything that can be set is set") {
  const Options options = Good(R"({"inverters":[
      {"name":"Cellar","device":"/dev/serial/by-id/x","model":"PICOGLF12W12V120AL","baud_rate":9600,"poll_interval":0.5,
       "rated_power":1200},
      {"name":"Attic","address":"tcp://pi:4000","poll_interval":0}],
      "mqtt":{"host":"broker","port":1884,"username":"u","password":"p","tls":true,"ca_file":"/ssl/ca.crt",
              "base_topic":"ups","discovery_prefix":"ha","birth_topic":"ha/status","birth_payload":"up","report_interval":30},
      "log_level":"debug"})");
  REQUIRE(options.inverters.size() == 2);
  CHECK(std::get<SerialPort>(options.inverters[0].address).path == "/dev/serial/by-id/x");
  CHECK(options.inverters[0].device.model == "PICOGLF12W12V120AL");
  CHECK(options.inverters[0].baud_rate == 9600);
  CHECK(options.inverters[0].poll_interval == 500ms);
  CHECK(options.inverters[0].battery.rated_power == 1200);
  CHECK(options.inverters[0].device.described == Described{.power = true});
  CHECK(std::get<TcpBridge>(options.inverters[1].address).port == 4000);
  CHECK(options.inverters[1].poll_interval == 0s);
  CHECK(options.mqtt.broker == Broker{"broker", 1884, "u", "p", true, "/ssl/ca.crt"});
  CHECK(options.mqtt.topics.base == "ups");
  CHECK(options.mqtt.topics.discovery_prefix == "ha");
  CHECK(options.mqtt.birth_topic == "ha/status");
  CHECK(options.mqtt.birth_payload == "up");
  CHECK(options.mqtt.report_interval == 30s);
  CHECK(options.log_level == LogLevel::kDebug);
}

TEST_CASE("with TLS the port is 8883, where none is given") {
  CHECK(GoodMqtt(R"("host":"b","tls":true)").mqtt.broker.port == 8883);
  CHECK(GoodMqtt(R"("host":"b","tls":true,"port":1)").mqtt.broker.port == 1);
}

TEST_CASE("an empty string and null are not given") {
  const Options options = GoodMqtt(R"("host":"","port":"","username":null,"base_topic":"","tls":null)");
  CHECK(options.mqtt.broker.port == 1883);
  CHECK(options.mqtt.topics.base == "aims2mqtt");
  CHECK(GoodInverter(R"("device":"","address":"","baud_rate":"","poll_interval":"")").baud_rate == 2400);
}

TEST_CASE("a number and its text are the same") {
  CHECK(GoodInverter(R"("baud_rate":"9600")").baud_rate == 9600);
  CHECK(GoodInverter(R"("poll_interval":"2.5")").poll_interval == 2500ms);
  CHECK(GoodMqtt(R"("host":"b","port":"1884","tls":"true")").mqtt.broker.tls);
  CHECK(GoodMqtt(R"("host":"b","username":42,"password":1234)").mqtt.broker.password == "1234");
}

TEST_CASE("every mistake is named at once") {
  const CheckedOptions checked = ParseOptions(R"({"inverters":[{"baud_rate":300,"poll_interval":61},{"name":""}],
                                                  "mqtt":{"port":0},"log_level":"loud"})");
  CHECK(checked.findings.mistakes.size() == 6);
}

TEST_CASE("a mistake names the option, what it holds and what it takes") {
  const std::string mistake = InverterMistake(R"("baud_rate":300)");
  CHECK(mistake ==
        "inverters[0].baud_rate: \"300\" is not accepted; it takes 1200, 2400, 4800, 9600, 19200, 38400, "
        "57600 or 115200");
  CHECK(Has(InverterMistake(R"("poll_interval":-1)"), "inverters[0].poll_interval: \"-1\""));
  CHECK(Has(InverterMistake(R"("poll_interval":"1s")"), "poll_interval"));
  CHECK(Has(InverterMistake(R"("poll_interval":1e999)"), ""));
  CHECK(Has(InverterMistake(R"("model":["x"])"), "model: a list is not accepted"));
  CHECK(Has(InverterMistake(R"("model":"a\nb")"), "model: \"a?b\""));
  CHECK(Has(InverterMistake(R"("device":"ttyUSB0")"), "inverters[0].device"));
  CHECK(Has(InverterMistake(R"("address":"udp://x:1")"), "inverters[0].address: \"udp://x:1\""));
  CHECK(Has(InverterMistake(R"("address":"tcp://x")"), "the port is missing"));
  CHECK(Has(MqttMistake(R"("report_interval":0.5)"), "mqtt.report_interval"));
  CHECK(Has(MqttMistake(R"("port":65536)"), "mqtt.port"));
  CHECK(Has(MqttMistake(R"("port":1.5)"), "mqtt.port"));
  CHECK(Has(MqttMistake(R"("host":"mqtt://x")"), "mqtt.host"));
  CHECK(Has(MqttMistake(R"("host":"192.168.1.5:1883")"), "mqtt.host"));
  CHECK(Has(MqttMistake(R"("host":"[::1]")"), "mqtt.host"));
  CHECK(Has(MqttMistake(R"("tls":"yes")"), "mqtt.tls"));
  CHECK(Has(MqttMistake(R"("ca_file":"ca.crt")"), "mqtt.ca_file"));
  CHECK(Has(MqttMistake(R"("base_topic":"a/b")"), "mqtt.base_topic"));
  CHECK(Has(MqttMistake(R"("discovery_prefix":"höme")"), "mqtt.discovery_prefix"));
  CHECK(Has(MqttMistake(R"("birth_topic":"a/#")"), "mqtt.birth_topic"));
  CHECK(Has(MqttMistake(R"("password":"x")"), "mqtt.username"));
  CHECK(Has(Mistake("{" + std::string(kInverter) + R"(,"mqtt":[]})"), "mqtt: a list"));
  CHECK(Has(Mistake("{" + std::string(kInverter) + R"(,"log_level":"warn"})"), "debug, info, warning or error"));
}

TEST_CASE("what is wrong with the inverters as a whole") {
  CHECK(Has(Mistake("{}"), "inverters"));
  CHECK(Has(Mistake(R"({"inverters":[]})"), "inverters"));
  CHECK(Has(Mistake(R"({"inverters":{}})"), "inverters"));
  CHECK(Has(Mistake(R"({"inverters":[7]})"), "inverters[0]"));
  CHECK(Has(Mistake(R"({"inverters":[{}]})"), "inverters[0].name"));
  CHECK(Has(Mistake(R"({"inverters":[{"name":"A b"},{"name":"a-B"}]})"), "inverters[1].name"));
  CHECK(Has(Mistake(R"({"inverters":[{"name":"  "}]})"), "inverters[0].name"));
  CHECK(Has(Mistake(R"({"inverters":[{"name":"逆变器"}]})"), "inverters[0].name"));
  CHECK(Has(Mistake(R"({"inverters":[{"name":")" + std::string(65, 'a') + R"("}]})"), "inverters[0].name"));
  Good(R"({"inverters":[{"name":")" + std::string(64, 'a') + R"("}]})");
}

TEST_CASE("half a character is none") {
  // "\\udc90" alone became text that is not UTF-8, and a discovery that Home Assistant cannot read.
  CHECK(InverterMistake(R"("model":"a\udc90b")") ==
        "inverters[0].model: \"a???b\" is not accepted; it takes a text of one line");
  CHECK(Mistake(R"({"inverters":[{"name":"a\udc90"}]})").find("name: \"a???\"") != std::string::npos);
  CHECK(GoodInverter(R"("model":"\ud83d\udd0b")").device.model == "🔋");
}

TEST_CASE("64 characters are not 64 bytes") {
  std::string name = "a";
  for (int i = 0; i < 63; ++i) name += "ä";
  CHECK(Good(R"({"inverters":[{"name":")" + name + R"("}]})").inverters[0].device.id == "a");
}

TEST_CASE("what an option holds is cut to 80 characters") {
  const std::string mistake = InverterMistake(R"("device":")" + std::string(100'000, 'x') + "\"");
  CHECK(mistake.size() < 300);
  CHECK(Has(mistake, std::string(80, 'x') + "…"));
  CHECK_FALSE(Has(mistake, std::string(81, 'x')));

  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "ä";
  CHECK(Has(InverterMistake("\"device\":\"" + umlauts + "\""), umlauts.substr(0, 160) + "…"));
}

TEST_CASE("a password is in no message") {
  const std::string mistake = MqttMistake(R"("username":"u","password":"geheim\n")");
  CHECK(Has(mistake, "mqtt.password"));
  CHECK_FALSE(Has(mistake, "geheim"));
}

TEST_CASE("two inverters cannot have one address, but may both be simulated") {
  CHECK(Has(Mistake(R"({"inverters":[{"name":"A","device":"/dev/x"},{"name":"B","address":"/dev/x"}]})"),
            "inverters[1].address"));
  Good(R"({"inverters":[{"name":"A","address":"simulator://"},{"name":"B","address":"simulator://"}]})");
}

TEST_CASE("an IPv6 address is a host") { CHECK(GoodMqtt(R"("host":"fe80::1")").mqtt.broker.host == "fe80::1"); }

TEST_CASE("a login without a host is said to be idle") {
  const CheckedOptions checked =
      ParseOptions("{" + std::string(kInverter) + R"(,"mqtt":{"username":"u","password":"p","port":1}})");
  CHECK(checked.findings.mistakes.empty());
  CHECK(checked.findings.warnings.size() == 3);
}

TEST_CASE("a mistake is one line, with no warning about the same option") {
  const CheckedOptions checked = ParseOptions("{" + std::string(kInverter) + R"(,"mqtt":{"port":0}})");
  CHECK(checked.findings.mistakes.size() == 1);
  CHECK(checked.findings.warnings.empty());
}

TEST_CASE("unknown options are a warning each") {
  const CheckedOptions checked =
      ParseOptions(R"({"inverters":[{"name":"A","colour":"red"}],"mqtt":{"qos":1},"extra":{"a":[]}})");
  CHECK(checked.findings.mistakes.empty());
  REQUIRE(checked.findings.warnings.size() == 3);
  CHECK(Has(checked.findings.warnings[0], "inverters[0].\"colour\""));
}

TEST_CASE("what is not JSON, or no object, is one mistake") {
  for (const std::string json : {"", "{", "[]", "7", "\"x\"", "null", "{\"inverters\":[{\"name\":\"\xff\"}]}", "{}x"}) {
    CAPTURE(json);
    CHECK_FALSE(ParseOptions(json).findings.mistakes.empty());
  }
  CHECK(Has(Mistake("[]"), "a list"));
}

TEST_CASE("100,000 nested brackets do not overflow the stack") {
  const std::string open(100'000, '[');
  const std::string close(100'000, ']');
  CHECK(ParseOptions(open).findings.mistakes.size() == 1);
  CHECK(ParseOptions(open + close).findings.mistakes.size() == 1);
  CHECK(Has(InverterMistake("\"model\":" + open + close), "model: a list"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(ParseOptions(objects + "1" + std::string(100'000, '}')).findings.mistakes.size() == 1);
}

TEST_CASE("a slug is a-z and 0-9, every other run one '_', trimmed") {
  CHECK(Slug("AIMS inverter") == "aims_inverter");
  CHECK(Slug("  Garage -- #2!  ") == "garage_2");
  CHECK(Slug("größer") == "gr_er");
  CHECK(Slug("__x__") == "x");
  CHECK(Slug("逆变器").empty());
}

TEST_CASE("nothing is allowed but what is said to be") {
  CHECK(GoodInverter(R"("model":"x")").device.permissions == Permissions());
  const InverterOptions all =
      GoodGroup("control", R"("beeper":true,"megatec":"true","rehearsal":true,"off_delay":30,"return_delay":"240.5")");
  CHECK(all.device.permissions == Permissions{true, true, true});
  CHECK(all.delays.off == 30s);
  CHECK(all.delays.back == 241s);
  CHECK(Has(GroupMistake("control", R"("beeper":"yes")"), "control.beeper"));
  CHECK(Has(GroupMistake("control", R"("off_delay":11)"), "control.off_delay"));
  CHECK(Has(GroupMistake("control", R"("off_delay":601)"), "control.off_delay"));
  CHECK(Has(GroupMistake("control", R"("return_delay":60)"), "control.return_delay"));
}

TEST_CASE("the device of a rehearsal must not be another inverter's") {
  const Device device{"aims_inverter", "AIMS inverter", "M", {true, true, true}, {true, true}};
  CHECK(RehearsalOf(device).id == "aims_inverter_rehearsal");
  CHECK(RehearsalOf(device).permissions == Permissions());
  CHECK(RehearsalOf(device).described == device.described);
  const std::string mistake =
      Mistake(R"({"inverters":[{"name":"A"},{"name":"A rehearsal"}],"control":{"rehearsal":true}})");
  CHECK(Has(mistake, "control.rehearsal"));
  CHECK(Has(mistake, "a_rehearsal"));
  CHECK(ParseOptions(R"({"inverters":[{"name":"A"},{"name":"A rehearsal"}]})").findings.mistakes.empty());
}

TEST_CASE("a battery without a name is every inverter's that has none of its own") {
  const Options options = Good(R"({"inverters":[{"name":"A","rated_power":600},{"name":"B c"},{"name":"D"}],
      "batteries":[{"type":"agm","nominal_voltage":"12","capacity":100},
                   {"inverter":"b C","type":"lifepo4","nominal_voltage":24,"capacity":200,"capacity_1h":180,
                    "charge_current":25,"cutoff_voltage":21,"power_factor":0.8,"efficiency":0.85,"idle_power":9}]})");
  CHECK(options.inverters[0].battery.type == BatteryType::kAgm);
  CHECK(options.inverters[0].battery.rated_power == 600);
  CHECK(options.inverters[0].device.described == Described{true, true});
  CHECK(options.inverters[2].battery.capacity == 100);
  CHECK(options.inverters[2].device.described == Described{});
  const BatteryOptions& lithium = options.inverters[1].battery;
  CHECK(lithium.type == BatteryType::kLifepo4);
  CHECK(lithium.nominal_voltage == 24);
  CHECK(lithium.capacity_1h == 180);
  CHECK(lithium.charge_current == 25);
  CHECK(lithium.cutoff_voltage == 21);
  CHECK(lithium.power_factor == 0.8);
  CHECK(lithium.efficiency == 0.85);
  CHECK(lithium.idle_power == 9);
}

TEST_CASE("what is wrong with the batteries") {
  const auto with = [](const std::string& list) {
    return Mistake(R"({"inverters":[{"name":"A"},{"name":"B"}],"batteries":)" + list + "}");
  };
  CHECK(Has(with("{}"), "batteries: a group of options is not accepted"));
  CHECK(Has(with("[7]"), "batteries[0]"));
  CHECK(Has(with(R"([{"type":"nickel"}])"), "batteries[0].type: \"nickel\" is not accepted"));
  CHECK(Has(with(R"([{"capacity":0}])"), "batteries[0].capacity"));
  CHECK(Has(with(R"([{"capacity":10,"capacity_1h":11}])"), "batteries[0].capacity_1h"));
  CHECK(with(R"([{"inverter":"C"}])") == "batteries[0].inverter: \"C\" is not accepted; it takes \"A\" or \"B\"");
  CHECK(Has(with(R"([{"inverter":"A"},{"inverter":"a"}])"), "batteries[1].inverter"));
  // Found by fuzzing: a line of 1000 characters and more, with the names of all inverters in it.
  const std::string battery = R"("}],"batteries":[{"inverter":"C"}]})";
  CHECK_FALSE(Has(Mistake(R"({"inverters":[{"name":")" + std::string(900, 'x') + battery), "batteries[0].inverter"));
  const std::string four = R"({"inverters":[{"name":")" + std::string(62, 'x') + R"("},{"name":")" +
                           std::string(63, 'x') + R"("},{"name":")" + std::string(64, 'x') + R"("},{"name":"A)";
  CHECK(Mistake(four + battery) ==
        "batteries[0].inverter: \"C\" is not accepted; it takes the name of an inverter, such as \"" +
            std::string(62, 'x') + "\"");
  CHECK(Has(with("[{},{}]"), "batteries[1].inverter"));
  CHECK(Has(with(R"([{"inverter":["A"]},{"inverter":"A"}])"), "batteries[0].inverter"));
  CHECK(Has(with(R"([{"inverter":"A"},{"inverter":"B"},{"capacity":2}])"), "batteries: the entry without an inverter"));
  CHECK(Has(Mistake(R"({"inverters":[{"name":"A"},7],"batteries":[{"inverter":"B"}]})"), "inverters[1]"));
  // The name itself is the mistake then.
  CHECK(Has(Mistake(R"({"inverters":[{"name":"逆变器"}],"batteries":[{"inverter":"逆变器"}]})"), "inverters[0].name"));
  CHECK(Has(Mistake(R"({"inverters":[],"batteries":[{"inverter":"A"}]})"), "inverters"));
}

TEST_CASE("shutdown conditions are for every inverter") {
  const Options options = Good(R"({"inverters":[{"name":"A"},{"name":"B"}],
      "shutdown":{"charge":40,"runtime":600,"voltage":11.5,"after":900,"delay":5,"restore_delay":30,"restart_charge":70}})");
  for (const InverterOptions& inverter : options.inverters) {
    CHECK(inverter.shutdown.charge == 40);
    CHECK(inverter.shutdown.runtime == 600s);
    CHECK(inverter.shutdown.voltage == 11.5);
    CHECK(inverter.shutdown.after == 900s);
    CHECK(inverter.shutdown.delay == 5s);
    CHECK(inverter.shutdown.restore_delay == 30s);
    CHECK(inverter.shutdown.restart_charge == 70);
  }
  CHECK(Has(GroupMistake("shutdown", R"("charge":101)"), "shutdown.charge: \"101\""));
}

TEST_CASE("one shutdown voltage does not fit batteries of 12 and 24 V") {
  const auto with = [](const std::string& shutdown) {
    return R"({"inverters":[{"name":"A"},{"name":"B"}],"batteries":[{"inverter":"A","nominal_voltage":12},)"
           R"({"inverter":"B","nominal_voltage":24}],"shutdown":{)" +
           shutdown + "}}";
  };
  CHECK(Has(Mistake(with(R"("voltage":11)")), "shutdown.voltage: one voltage does not fit"));
  CHECK(Has(Mistake(with(R"("voltage":99)")), "shutdown.voltage: \"99\" is not accepted"));
  CHECK(ParseOptions(with("")).findings.mistakes.empty());
}

TEST_CASE("not set is not given, in every list of choices") {
  const Options options = Good(R"({"inverters":[{"name":"A","baud_rate":"not set"}],
      "batteries":[{"type":"not set","nominal_voltage":"not set"}],"log_level":"not set"})");
  CHECK(options.inverters[0].baud_rate == 2400);
  CHECK_FALSE(options.inverters[0].battery.type);
  CHECK_FALSE(options.inverters[0].battery.nominal_voltage);
  CHECK(options.log_level == LogLevel::kInfo);
}

TEST_CASE("empty groups are as good as none, and what is no group is a mistake") {
  Good(R"({"inverters":[{"name":"A"}],"batteries":[],"shutdown":{},"control":{},"mqtt":{}})");
  for (const std::string group : {"shutdown", "control", "mqtt"}) {
    CHECK(Has(Mistake("{" + std::string(kInverter) + ",\"" + group + "\":[]}"), group + ": a list is not accepted"));
  }
}

TEST_CASE("each key that stood in the inverter's entry before is a mistake that names its new place") {
  const std::map<std::string, std::string> moved{
      {"report_interval", "mqtt.report_interval"},
      {"battery_type", "batteries[].type"},
      {"nominal_voltage", "batteries[].nominal_voltage"},
      {"battery_capacity", "batteries[].capacity"},
      {"capacity_1h", "batteries[].capacity_1h"},
      {"power_factor", "batteries[].power_factor"},
      {"efficiency", "batteries[].efficiency"},
      {"idle_power", "batteries[].idle_power"},
      {"charge_current", "batteries[].charge_current"},
      {"cutoff_voltage", "batteries[].cutoff_voltage"},
      {"shutdown_charge", "shutdown.charge"},
      {"shutdown_runtime", "shutdown.runtime"},
      {"shutdown_voltage", "shutdown.voltage"},
      {"shutdown_after", "shutdown.after"},
      {"shutdown_delay", "shutdown.delay"},
      {"restore_delay", "shutdown.restore_delay"},
      {"restart_charge", "shutdown.restart_charge"},
      {"rehearsal", "control.rehearsal"},
      {"control", "control.beeper"},
      {"megatec_control", "control.megatec"},
      {"off_delay", "control.off_delay"},
      {"return_delay", "control.return_delay"},
  };
  for (const auto& [before, now] : moved) {
    CHECK(InverterMistake("\"" + before + "\":1") ==
          "inverters[0]." + before + ": this option has moved; it is " + now + " now");
    CHECK(GoodInverter("\"" + before + "\":\"\"").baud_rate == 2400);  // not given
  }
}

TEST_CASE("an address wins over a device, with one warning") {
  const CheckedOptions checked =
      ParseOptions(R"({"inverters":[{"name":"A","device":"/dev/a","address":"simulator://"}]})");
  CHECK(checked.findings.mistakes.empty());
  CHECK(checked.findings.warnings ==
        std::vector<std::string>{"inverters[0].device: it is ignored, because address is set"});
  CHECK(std::holds_alternative<SimulatedInverter>(checked.options.inverters[0].address));
  const auto wrong = ParseOptions(R"({"inverters":[{"name":"A","device":"ttyUSB0","address":"simulator://"}]})");
  CHECK(wrong.findings.mistakes.empty());  // what is ignored is not looked at
}

TEST_CASE("a hundred inverters are accepted, and one more is one mistake") {
  const auto mistakes = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i)
      list += (i ? "," : "") + std::string(R"({"name":"Inverter )") + std::to_string(i) + "\"}";
    return ParseOptions("{\"inverters\":[" + list + "]}").findings.mistakes;
  };
  CHECK(mistakes(100).empty());
  REQUIRE(mistakes(101).size() == 1);
  CHECK(mistakes(101)[0].find("101 entries") != std::string::npos);
}

namespace {

constexpr const char* kPve = R"({"name":"pve","password":"geheim1"})";

NutOptions GoodNut(const std::string& members) {
  return Good("{" + std::string(kInverter) + ",\"nut\":{" + members + "}}").nut;
}
std::string NutMistake(const std::string& members) { return GroupMistake("nut", members); }

}  // namespace

TEST_CASE("there is no NUT server unless it is turned on, and a user is a secondary unless it is said") {
  const NutOptions none = GoodNut("\"users\":[]");
  CHECK_FALSE(none.enabled);
  CHECK(none.port == 3493);
  CHECK_FALSE(none.nas);
  CHECK_FALSE(none.tls);
  CHECK(none.users.empty());
  const NutOptions nut = GoodNut(
      std::string(
          R"("enabled":true,"port":3494,"tls":true,"cert_file":"/ssl/a.pem","key_file":"/ssl/b.pem","users":[)") +
      kPve +
      R"(,{"name":"nas","password":123456,"role":"primary","commands":true},{"name":"ha","password":"~!","role":"read"}])");
  CHECK(nut.enabled);
  CHECK(nut.port == 3494);
  CHECK(nut.cert_file == "/ssl/a.pem");
  CHECK(nut.key_file == "/ssl/b.pem");
  CHECK(nut.users == std::vector<NutUser>{{"pve", "geheim1", NutRole::kSecondary},
                                          {"nas", "123456", NutRole::kPrimary, /*commands=*/true},
                                          {"ha", "~!", NutRole::kRead}});
}

TEST_CASE("only the inverters of a program with a NUT server count its clients") {
  CHECK_FALSE(Good("{" + std::string(kInverter) + "}").inverters[0].device.has_nut);
  CHECK(GoodGroup("nut", "\"enabled\":true").device.has_nut);
}

TEST_CASE("a name or a password that NUT's clients cannot send is a mistake, and no password is shown") {
  for (const std::string text : {"", "a b", "a#b", "a\\\"b", "a\\\\b", "\\u00fc", "a\\tb", "\\u0007"}) {
    CAPTURE(text);
    const std::string name = NutMistake(R"("users":[{"name":")" + text + R"(","password":"geheim1"}])");
    CHECK(name.starts_with("nut.users[0].name: "));
    CHECK_FALSE(Has(name, "geheim1"));
    const std::string password = NutMistake(R"("users":[{"name":"pve","password":")" + text + R"("}])");
    CHECK(password.starts_with("nut.users[0].password: "));
    if (!text.empty())
      CHECK(password.starts_with("nut.users[0].password: what it holds is not accepted; it takes letters"));
  }
  CHECK(NutMistake(R"("users":[{"password":"geheim1"}])").starts_with("nut.users[0].name: it is missing"));
  CHECK(NutMistake(R"("users":[{"name":"pve"}])").starts_with("nut.users[0].password: it is missing"));
  CHECK(NutMistake(R"("users":[{"name":"pve","password":["geheim1"]}])").starts_with("nut.users[0].password: what it"));
}

TEST_CASE("what else is wrong with the NUT server's options") {
  CHECK(NutMistake(std::string("\"users\":[") + kPve + "," + kPve + "]") ==
        "nut.users[1].name: \"pve\" is another user's name, too; it takes one that no other user has");
  CHECK(GoodNut(std::string("\"users\":[") + kPve + R"(,{"name":"PVE","password":"x"}])").users.size() == 2);
  CHECK(NutMistake(R"("users":[{"name":"pve","password":"x","role":"master"}])") ==
        "nut.users[0].role: \"master\" is not accepted; it takes read, secondary or primary");
  CHECK(NutMistake(R"("users":["pve"])") == "nut.users[0]: what it holds is not accepted; it takes a group of options");
  CHECK(NutMistake("\"users\":\"pve\"") ==
        "nut.users: what it holds is not accepted; it takes a list with an entry for each user");
  for (const std::string name : {"monuser", "admin"}) {
    const std::string user = R"("users":[{"name":")" + name + R"(","password":"geheim1"}])";
    CHECK(GoodNut(user).users.size() == 1);
    CHECK(NutMistake("\"nas\":true," + user) ==
          "nut.users[0].name: \"" + name + "\" is one of the logins that nut.nas adds; it takes another name");
  }
  CHECK(NutMistake("\"cert_file\":\"/ssl/a.pem\"").starts_with("nut.key_file: it is missing"));
  CHECK(NutMistake("\"key_file\":\"/ssl/a.pem\"").starts_with("nut.cert_file: it is missing"));
  CHECK(NutMistake("\"cert_file\":\"a.pem\",\"key_file\":\"/b.pem\"")
            .starts_with("nut.cert_file: \"a.pem\" is not accepted"));
  CHECK(NutMistake("\"port\":0").starts_with("nut.port: "));
}

TEST_CASE("the page is on, on this machine alone, unless the owner says otherwise") {
  const WebOptions standard = Good("{" + std::string(kInverter) + "}").web;
  CHECK(standard.enabled);
  CHECK(standard.address == "127.0.0.1");
  CHECK(standard.port == 8099);
  const std::string group = R"("web":{"enabled":"false","address":"::","port":"8100"})";
  const WebOptions web = Good("{" + std::string(kInverter) + "," + group + "}").web;
  CHECK_FALSE(web.enabled);
  CHECK(web.address == "::");
  CHECK(web.port == 8100);
}

TEST_CASE("where the page listens is an IP address") {
  for (const std::string address :
       {"localhost", "1.2.3", "127.0.0.1:8099", "[::1]", "http://127.0.0.1", "fe80::1%eth0"}) {
    CHECK(GroupMistake("web", "\"address\":\"" + address + "\"") ==
          "web.address: \"" + address +
              "\" is not accepted; it takes an IP address of this machine, such as 0.0.0.0 for all of them");
  }
  CHECK(GroupMistake("web", "\"port\":0").starts_with("web.port: "));
  CHECK(GroupMistake("web", "\"enabled\":\"perhaps\"").starts_with("web.enabled: "));
}
