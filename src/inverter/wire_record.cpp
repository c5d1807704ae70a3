#include "inverter/wire_record.h"

#include "inverter/sentences.h"

namespace aims {

void WireRecord::OnReply(std::string_view bytes, std::string_view fault, WallTime now) {
  ++polls_;
  Reply& reply = replies_.Next();
  reply.time = now;
  reply.bytes = Printable(bytes);
  reply.fault = fault;
  if (fault.empty()) return;
  ++misses_[static_cast<size_t>(Miss::kBadReply)];
  bad_replies_.Next() = reply;
}

void WireRecord::OnMiss(Miss miss) {
  ++polls_;
  ++misses_[static_cast<size_t>(miss)];
}

}  // namespace aims
