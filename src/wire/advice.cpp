#include "wire/advice.h"

namespace aims {

namespace {

constexpr std::string_view kSilent =
    "Nothing answers. Is the inverter switched on? Are TX and RX swapped? "
    "Is it the socket LCD Remote Only? Is the baud rate right?";

std::string_view AdviceIfAbsent(const Address& address) {
  if (std::holds_alternative<TcpBridge>(address)) {
    return "Is the network adapter switched on? Are its address and port right?";
  }
  if (std::holds_alternative<AnyAdapter>(address)) return "Plug in the inverter's adapter";
  return "There is no such device. Is the adapter plugged in? Is the path right?";
}

}  // namespace

std::string_view Advice(ErrorCode code, const Address& address) {
  switch (code) {
    case ErrorCode::kTimeout:
      return kSilent;
    case ErrorCode::kAbsent:
      return AdviceIfAbsent(address);
    case ErrorCode::kBusy:
      return "Stop the other program, or choose another adapter";
    case ErrorCode::kDenied:
      return "Run this program as a user in the group that owns the device (dialout)";
    case ErrorCode::kLinkDown:
      return std::holds_alternative<TcpBridge>(address)
                 ? "The other side closed the connection. Is another program connected to the network adapter?"
                 : "Is the adapter plugged in firmly?";
    case ErrorCode::kRefused:
    case ErrorCode::kBadReply:
    case ErrorCode::kBadOption:
      return "";
  }
  return "";
}

std::string_view Advice(megatec::Refusal refusal) {
  using megatec::Refusal;
  switch (refusal) {
    case Refusal::kEmpty:
      return kSilent;
    case Refusal::kEcho:
      return "Our own bytes come back. TX and RX touch each other, or the adapter echoes";
    case Refusal::kNotText:
      return "The baud rate is wrong, or this is not an inverter";
    case Refusal::kNak:
      return "This device does not know Q1. Is this the inverter's adapter?";
    case Refusal::kVoltronic:
      return "This is the Voltronic protocol (QPIGS), which Axpert and PIP inverters speak. It is not supported";
    case Refusal::kOtherProtocol:
      return "This device speaks another protocol. Is this the inverter's adapter?";
    case Refusal::kNotInitialised:
      return "The inverter has not started yet. Switch it on";
    case Refusal::kTruncated:
    case Refusal::kBadNumber:
    case Refusal::kBadFlags:
      return "The reply is damaged. Check the ground wire and the plug, and keep the cable short";
  }
  return "";
}

}  // namespace aims
