// Looks names up, each on a thread of its own: in an outage the router is often dead, and one name that takes 20 s must
// not hold up the others. A lookup cannot be cancelled, so one that takes too long is left to itself, and until it ends
// no second one for that name is begun. Where a name does not resolve now, its last good addresses stand.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace aims {

class Resolver {
 public:
  using Addresses = std::vector<asio::ip::address>;
  // Asks the system, and waits for it.
  using Ask = std::function<Result<Addresses>(const std::string& host)>;

  static constexpr std::chrono::seconds kLimit{5};
  static constexpr int kMostLookups = 8;  // at once

  explicit Resolver(asio::any_io_executor executor, Ask ask = AskSystem, std::chrono::milliseconds limit = kLimit);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Whether the last good addresses stand where the name does not resolve now.
  enum class Old { kGood, kNotGood };

  // The addresses of `host`, a name or an address; at least one, those of IPv4 first. Takes at most the limit.
  // kAbsent: there are none.
  asio::awaitable<Result<Addresses>> Find(std::string host, Old old = Old::kGood);

  static Result<Addresses> AskSystem(const std::string& host);

 private:
  struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : over(executor) {}

    asio::steady_timer over;  // expires at the limit, and is cancelled by the answer
    bool is_over = false;
  };
  struct Name {
    std::shared_ptr<Lookup> lookup;  // under way
    Addresses last;
    bool is_known = false;  // it resolved the last time
    std::string why;        // else
  };
  // What the threads hold: they may outlive the resolver.
  struct Owner {
    std::mutex mutex;
    Resolver* resolver;
  };

  void Begin(const std::string& host, Name& name);
  void Answered(const std::string& host, const Result<Addresses>& answer);

  asio::any_io_executor executor_;
  Ask ask_;
  std::chrono::milliseconds limit_;
  std::map<std::string, Name> names_;  // those of the options, and no others
  int lookups_ = 0;
  std::shared_ptr<Owner> owner_;
};

inline std::vector<asio::ip::tcp::endpoint> AtPort(const Resolver::Addresses& addresses, uint16_t port) {
  std::vector<asio::ip::tcp::endpoint> endpoints;
  for (const auto& address : addresses) endpoints.emplace_back(address, port);
  return endpoints;
}

}  // namespace aims
