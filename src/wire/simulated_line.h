// Puts a simulated inverter on a descriptor, at the pace of the real line: 10 bits a byte. Behind `simulator://` it is
// one end of a socket pair, in aims-inverter-sim the master of a pseudo-terminal.

#pragma once

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <memory>

#include "megatec/simulator.h"

namespace aims {

class SimulatedLine {
 public:
  // `simulator` is asked from the line's executor alone.
  SimulatedLine(asio::posix::stream_descriptor stream, std::shared_ptr<Simulator> simulator, int baud_rate);

  // Answers requests until the other end, or Close(), ends it.
  static asio::awaitable<void> Serve(std::shared_ptr<SimulatedLine> line);

  void Close();

 private:
  asio::awaitable<void> Answer(std::string request);
  asio::awaitable<void> Pass(std::chrono::nanoseconds time);

  asio::posix::stream_descriptor stream_;
  asio::steady_timer timer_;
  std::shared_ptr<Simulator> simulator_;
  std::chrono::nanoseconds byte_time_;
};

}  // namespace aims
