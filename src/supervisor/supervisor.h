// Asks Home Assistant's Supervisor for the MQTT broker: one GET, bounded in time and size.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "base/result.h"
#include "supervisor/reply.h"

namespace aims {

struct Supervisor {
  std::string api;    // "http://supervisor"
  std::string token;  // empty: we were not started by it
};

// The whole exchange takes at most kSupervisorLimit, but where a name has to be looked up as long as the resolver does.
inline constexpr std::chrono::seconds kSupervisorLimit{5};
inline constexpr size_t kLargestAnswer = 65'536;

// The errors of ParseServiceAnswer (service.h), or kAbsent: the Supervisor cannot be reached, kTimeout: it says
// nothing.
asio::awaitable<Result<FoundBroker>> AskForBroker(asio::any_io_executor executor, Supervisor supervisor,
                                                  std::chrono::milliseconds limit = kSupervisorLimit);

}  // namespace aims
