// A result is a value or the reason why there is none. Reasons are values too: they are returned once, to the caller
// that decides, and the decider logs them. The code says how to react; the message names the thing and is for the log.

#pragma once

#include <string>
#include <tl/expected.hpp>

namespace aims {

enum class ErrorCode {
  kTimeout,    // nothing (complete) came in time: try again
  kLinkDown,   // the device or the connection is gone: open it again
  kAbsent,     // no such device or host: look again later
  kBusy,       // another program holds it: look again later
  kDenied,     // we may not: tell the user, look again later
  kRefused,    // the other side said no: tell the user, ask again later
  kBadReply,   // it answered with something that is not an answer: count, show, try again
  kBadOption,  // the user's to mend
};

struct Error {
  ErrorCode code;
  std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> Failure(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace aims
