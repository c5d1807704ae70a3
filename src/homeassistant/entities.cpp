#include "homeassistant/entities.h"

namespace aims {
namespace {

struct ValueVisitor {
  const Snapshot& snapshot;

  Value operator()(OwnFlag flag) const { return snapshot.*flag; }
  Value operator()(OwnWireFlag flag) const { return Maybe(snapshot.*flag); }
  Value operator()(OwnTotal total) const { return (snapshot.*total).value; }
  Value operator()(OwnNumber number) const { return Maybe(snapshot.*number); }
  Value operator()(OwnTime time) const { return Maybe(snapshot.*time); }
  Value operator()(OwnStatus status) const { return Maybe(snapshot.*status); }
  Value operator()(MaybeNumber number) const {
    if (!snapshot.reading) return std::monostate();
    return Maybe((*snapshot.reading).*number);
  }
  Value operator()(OwnClients clients) const {
    if (!(snapshot.*clients)) return std::monostate();
    return static_cast<double>((snapshot.*clients)->size());
  }
  Value operator()(EventSource) const { return Value(); }
  Value operator()(Button) const { return Value(); }
  Value operator()(const Switch& source) const { return (*this)(source.flag); }
  template <typename OfReading>  // a Number or a Flag
  Value operator()(OfReading source) const {
    if (!snapshot.reading) return std::monostate();
    return (*snapshot.reading).*source;
  }

  template <typename Kind>
  static Value Maybe(const std::optional<Kind>& value) {
    if (!value) return std::monostate();
    return *value;
  }
};

}  // namespace

Value ValueOf(const Entity& entity, const Snapshot& snapshot) {
  return std::visit(ValueVisitor{snapshot}, entity.source);
}

std::string_view Platform(const Entity& entity, const Device& device) {
  const Source& source = entity.source;
  const Permissions& permissions = device.permissions;
  if (entity.needs == Needs::kPower && !device.described.power) return "";
  if (entity.needs == Needs::kBattery && !device.described.battery) return "";
  if (entity.needs == Needs::kNut && !device.has_nut) return "";
  if (const Button* button = std::get_if<Button>(&source))
    return IsAllowed(button->command, permissions) ? "button" : "";
  const Switch* can_turn = std::get_if<Switch>(&source);
  if (can_turn && IsAllowed(can_turn->on, permissions)) return "switch";
  if (IsOneOf<EventSource>(source)) return "event";
  return IsOneOf<Flag, OwnFlag, OwnWireFlag, Switch>(source) ? "binary_sensor" : "sensor";
}

}  // namespace aims
