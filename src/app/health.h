// "Is the loop alive?", asked by the container's HEALTHCHECK: an abstract Unix socket, named after the data directory,
// on which the running loop answers. No file, because the root is read-only and /data may be full.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <string>

namespace aims {

// Answers each client that connects. Never returns.
asio::awaitable<void> ServeHealth(asio::any_io_executor executor, std::string data_directory);

// True when a loop that runs with that data directory answers within 2 s. Blocks.
bool IsHealthy(const std::string& data_directory);

}  // namespace aims
