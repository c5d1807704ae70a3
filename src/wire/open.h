// Opens the way to one inverter: a tty, a TCP bridge or the simulator, each as a descriptor for a Link. It remembers
// what it learned about an adapter that it chose by itself.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "inverter/address.h"
#include "inverter/battery.h"
#include "io/descriptor.h"
#include "io/resolver.h"
#include "megatec/simulator.h"
#include "wire/serial.h"

namespace aims {

// What a Link takes over.
struct OpenLine {
  Descriptor descriptor;
  std::chrono::milliseconds silence;  // a pause of this length ends a reply
  bool is_network = false;            // a connection, whose end only a read tells
};

class Opener {
 public:
  // `simulated`: the battery of a simulated inverter.
  Opener(asio::any_io_executor executor, Resolver& resolver, Address address, int baud_rate,
         const BatteryOptions& simulated = {})
      : executor_(executor),
        resolver_(resolver),
        address_(std::move(address)),
        baud_rate_(baud_rate),
        simulated_(simulated) {}

  // Takes up to kConnectLimit for each of a host's addresses, and for its name as long as the resolver says.
  asio::awaitable<Result<OpenLine>> Open();

  // What is, or was last, open, as a person would name it: "/dev/ttyUSB0 at 2400 baud".
  const std::string& name() const { return name_; }

  const Address& address() const { return address_; }
  // A connection may be dead without a word: after silence it is better opened again.
  bool IsNetwork() const { return std::holds_alternative<TcpBridge>(address_); }
  // An adapter that we chose ourselves, and that has not answered yet, may belong to another program: it is not
  // kept long.
  bool IsBorrowed() const { return std::holds_alternative<AnyAdapter>(address_) && !has_answered_; }
  // It has answered: it is ours for this run, by its lasting name where it has one.
  void Keep();
  // How long to leave alone what was closed or not there.
  std::chrono::seconds PauseBeforeOpen() const { return pause_; }

  static constexpr std::chrono::milliseconds kConnectLimit{3000};
  static constexpr std::chrono::milliseconds kLineSilence{50};
  // A network's pauses are not the line's: bridges send what they have when they have it, and Wi-Fi and Nagle hold
  // pieces back for longer than 50 ms; half a frame would be read as a bad one.
  static constexpr std::chrono::milliseconds kNetworkSilence{250};

 private:
  asio::awaitable<Result<OpenLine>> Connect(TcpBridge bridge);
  Result<OpenLine> Take(Result<OpenPort> port);
  Result<OpenLine> StartSimulator();

  asio::any_io_executor executor_;
  Resolver& resolver_;
  Address address_;
  int baud_rate_;
  BatteryOptions simulated_;
  std::string name_;
  std::string path_;  // of the tty that is or was open
  bool has_answered_ = false;
  std::chrono::seconds pause_{1};
  std::shared_ptr<Simulator> simulator_;  // lives on while its line is closed and opened
};

}  // namespace aims
