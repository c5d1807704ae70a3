#include "bridge.h"

#include <asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace aims {
namespace {

std::deque<Inverter> InvertersOf(const Options& options) {
  return {options.inverters.begin(), options.inverters.end()};
}

void PassOn(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Bridge::Bridge(asio::any_io_executor executor, const Options& options, Supervisor supervisor,
               const std::string& data_directory)
    : executor_(executor),
      inverters_(InvertersOf(options)),
      publisher_(executor, options, std::move(supervisor), data_directory, inverters_) {
  for (size_t i = 0; i < inverters_.size(); ++i) {
    Inverter& inverter = inverters_[i];
    pollers_.emplace_back(executor, options.inverters[i], inverter,
                          [this, &inverter](const Due& due) { publisher_.Publish(inverter, due); });
  }
}

void Bridge::Start() {
  for (Poller& poller : pollers_) asio::co_spawn(executor_, poller.Run(), PassOn);
  asio::co_spawn(executor_, publisher_.Run(), PassOn);
}

}  // namespace aims
