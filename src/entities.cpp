#include "entities.h"

namespace aims {
namespace {

struct Look {
  const Snapshot& snapshot;

  Value operator()(OwnFlag flag) const { return snapshot.*flag; }
  Value operator()(MaybeNumber number) const {
    if (!snapshot.reading || !((*snapshot.reading).*number)) return {};
    return *((*snapshot.reading).*number);
  }
  Value operator()(Happenings) const { return Value(); }
  template <typename OfReading>  // a Number or a Flag
  Value operator()(OfReading source) const {
    if (!snapshot.reading) return {};
    return (*snapshot.reading).*source;
  }
};

}  // namespace

Value ValueOf(const Entity& entity, const Snapshot& snapshot) { return std::visit(Look{snapshot}, entity.source); }

}  // namespace aims
