// Asks Home Assistant's Supervisor for the MQTT broker: one GET, bounded in time and size.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "base/result.h"
#include "io/resolver.h"
#include "supervisor/reply.h"

namespace aims {

struct Supervisor {
  std::string api;         // "http://supervisor"
  std::string token;       // empty: we were not started by it
  std::string app_page{};  // AppPage; empty: unknown
};

// The exchange takes at most kSupervisorLimit, and a name at most as long as the resolver says.
inline constexpr std::chrono::seconds kSupervisorLimit{5};
inline constexpr size_t kLargestAnswer = 65'536;

// The errors of ParseServiceAnswer (service.h), or kAbsent: the Supervisor cannot be reached, kTimeout: it says
// nothing.
asio::awaitable<Result<FoundBroker>> AskForBroker(asio::any_io_executor executor, Resolver& resolver,
                                                  Supervisor supervisor,
                                                  std::chrono::milliseconds limit = kSupervisorLimit);

}  // namespace aims
