#include "wire/advice.h"

namespace aims {

std::string_view Advice(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTimeout:
      return "Nothing answers: is the inverter on, are TX and RX swapped, is it the socket LCD Remote Only, is the "
             "speed "
             "right?";
    case ErrorCode::kAbsent:
      return "No such device is there: is the adapter plugged in, is the address right?";
    case ErrorCode::kBusy:
      return "Stop the program that uses it, or give it another adapter.";
    case ErrorCode::kDenied:
      return "Run this as a user of the group that owns the device (dialout).";
    case ErrorCode::kLinkDown:
      return "The other side hung up: is the bridge connected to its serial port, does somebody else use it?";
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
      return Advice(ErrorCode::kTimeout);
    case Refusal::kEcho:
      return "Our own bytes come back: TX and RX touch each other, or the adapter echoes.";
    case Refusal::kNotText:
      return "The speed is wrong, or something else than an inverter speaks.";
    case Refusal::kNak:
      return "Something answers that does not know Q1: is this the inverter's adapter?";
    case Refusal::kVoltronic:
      return "This is Voltronic's protocol, as Axpert and PIP inverters speak it (QPIGS), not Megatec's: it is not "
             "supported.";
    case Refusal::kOtherProtocol:
      return "Something answers in another protocol: is this the inverter's adapter?";
    case Refusal::kNotInitialised:
      return "The inverter has not started yet: switch it on.";
    case Refusal::kTruncated:
    case Refusal::kBadNumber:
    case Refusal::kBadFlags:
      return "The reply is damaged: check ground and plug, and keep the cable short.";
  }
  return "";
}

}  // namespace aims
