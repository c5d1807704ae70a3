#include "io/resolver.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace aims {
namespace {

asio::ip::address ToAddress(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return asio::ip::address_v4(ntohl(v4->sin_addr.s_addr));
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes, v6->sin6_scope_id);
}

}  // namespace

Resolver::Resolver(asio::any_io_executor executor, Ask ask, std::chrono::milliseconds limit)
    : executor_(std::move(executor)), ask_(std::move(ask)), limit_(limit), owner_(std::make_shared<Owner>()) {
  owner_->resolver = this;
}

Resolver::~Resolver() {
  const std::lock_guard lock(owner_->mutex);
  owner_->resolver = nullptr;
}

asio::awaitable<Result<Resolver::Addresses>> Resolver::Find(std::string host, Old old) {
  std::error_code no_address;
  const auto address = asio::ip::make_address(host, no_address);
  if (!no_address) co_return Addresses{address};

  Name& name = names_[host];
  if (!name.lookup) Begin(host, name);
  const std::shared_ptr<Lookup> lookup = name.lookup;
  if (lookup && !lookup->is_over) {
    std::error_code ignored;
    co_await lookup->over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    lookup->is_over = true;
  }
  const bool is_answered = name.is_known && !name.lookup;
  if (is_answered || (old == Old::kGood && !name.last.empty())) co_return name.last;
  const char* why = name.why.empty() ? "no answer from the name server" : name.why.c_str();
  co_return Failure(ErrorCode::kAbsent, fmt::format("the name {} is not known ({})", host, why));
}

void Resolver::Begin(const std::string& host, Name& name) {
  if (lookups_ >= kMostLookups) return;
  name.lookup = std::make_shared<Lookup>(executor_);
  name.lookup->over.expires_after(limit_);
  try {
    std::thread([owner = owner_, ask = ask_, host] {
      const Result<Addresses> answer = ask(host);
      const std::lock_guard lock(owner->mutex);
      if (!owner->resolver) return;
      asio::post(owner->resolver->executor_, [owner, host, answer] {
        if (owner->resolver) owner->resolver->Answered(host, answer);
      });
    }).detach();
    ++lookups_;
  } catch (const std::system_error& failure) {  // no thread is to be had now
    name.lookup.reset();
    name.why = failure.what();
  }
}

void Resolver::Answered(const std::string& host, const Result<Addresses>& answer) {
  --lookups_;
  Name& name = names_[host];
  if (answer) name.last = *answer;
  name.is_known = answer.has_value();
  name.why = answer ? "" : answer.error().message;
  const auto lookup = std::exchange(name.lookup, nullptr);
  lookup->is_over = true;
  lookup->over.cancel();
}

Result<Resolver::Addresses> Resolver::AskSystem(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failure != 0) return Failure(ErrorCode::kAbsent, ::gai_strerror(failure));
  Addresses addresses;
  for (const addrinfo* one = found; one; one = one->ai_next) addresses.push_back(ToAddress(one->ai_addr));
  ::freeaddrinfo(found);
  std::stable_partition(addresses.begin(), addresses.end(), [](const auto& address) { return address.is_v4(); });
  if (addresses.empty()) return Failure(ErrorCode::kAbsent, "it has no address");
  return addresses;
}

}  // namespace aims
