#include "page/metrics.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>
#include <variant>

#include "homeassistant/entities.h"

namespace aims::page {
namespace {

using std::string_view;

// How a unit of the table is told: its name, and how many base units it is.
struct Unit {
  string_view unit;
  string_view name;
  double factor;
};
constexpr std::array kUnits{Unit{"V", "volts", 1},   Unit{"W", "watts", 1},    Unit{"%", "ratio", 0.01},
                            Unit{"Hz", "hertz", 1},  Unit{"°C", "celsius", 1}, Unit{"kWh", "joules", 3.6e6},
                            Unit{"h", "seconds", 1}, Unit{"min", "seconds", 1}};  // a duration's value is in s

Unit UnitOf(const Entity& entity) {
  for (const Unit& unit : kUnits) {
    if (unit.unit == entity.unit) return unit;
  }
  return {"", "", 1};
}

class Text {
 public:
  void Family(string_view name, string_view help, string_view type) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  // `labels`: "" or `{inverter="aims_inverter"}`, of letters, digits, '_' and ' '.
  void Sample(string_view labels, double value) {
    fmt::format_to(std::back_inserter(text_), "{}{} {:.10g}\n", name_, labels, value);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
  string_view name_;
};

std::string Label(const Shown& shown) { return fmt::format("{{inverter=\"{}\"}}", shown.device().id); }

void WriteEntity(Text& text, const Entity& entity, const std::vector<Shown>& inverters) {
  const Unit unit = UnitOf(entity);
  const std::string name = fmt::format("aims_{}{}{}", entity.key, unit.name.empty() ? "" : "_", unit.name);
  bool is_begun = false;
  for (const Shown& shown : inverters) {
    const Value value = ValueOf(entity, shown.inverter->snapshot());
    const bool* flag = std::get_if<bool>(&value);
    const double* number = std::get_if<double>(&value);
    if (!flag && !number) continue;
    if (!std::exchange(is_begun, true)) text.Family(name, entity.name, "gauge");
    text.Sample(Label(shown), flag ? (*flag ? 1 : 0) : *number * unit.factor);
  }
}

}  // namespace

std::string Metrics(const std::vector<Shown>& inverters, const World& world) {
  Text text;
  for (const Entity& entity : kEntities) WriteEntity(text, entity, inverters);
  text.Family("aims_polls_total", "Requests to the inverter since the program started", "counter");
  for (const Shown& shown : inverters) text.Sample(Label(shown), static_cast<double>(shown.wire->polls()));
  text.Family("aims_misses_total", "Requests that brought no reading", "counter");
  for (const Shown& shown : inverters) {
    for (size_t i = 0; i < kMisses.size(); ++i) {
      text.Sample(fmt::format("{{inverter=\"{}\",kind=\"{}\"}}", shown.device().id, kMisses[i]),
                  static_cast<double>(shown.wire->misses(static_cast<Miss>(i))));
    }
  }
  const BrokerState broker = world.broker();
  text.Family("aims_mqtt_connected", "The MQTT broker is connected", "gauge");
  text.Sample("", broker.connected ? 1 : 0);
  text.Family("aims_mqtt_publishes_total", "Messages given to the MQTT broker since the program started", "counter");
  text.Sample("", static_cast<double>(broker.publishes));
  return text.Take();
}

}  // namespace aims::page
