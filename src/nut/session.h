// One client's conversation: a request comes in as words, an answer goes out as text.
// Pure. It answers what upsd does, in upsd's words and with its order of checks (NUT's docs/net-protocol.txt and
// server/net*.c; the end-to-end tests hold it against Debian's upsd 2.8.0). Names come back as the client typed them,
// because clients compare that.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "nut/request.h"
#include "nut/service.h"

namespace aims::nut {

inline constexpr size_t kLongestLine = 500;  // bytes: clients read into 512

struct Answer {
  enum class Then { kGoOn, kClose, kStartTls };

  std::string text;  // whole lines
  Then then = Then::kGoOn;
};

class Session {
 public:
  // `address`: the client's. The service outlives the session.
  Session(Service& service, std::string address) : service_(service), address_(std::move(address)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Answer Handle(const Words& words, Moment now);

  // The connection ended; `why`, for the log.
  void OnLost(std::string_view why, Service::Time now) { service_.LogOut(this, why, now); }
  // The TLS that was asked for stands.
  void OnTls() { is_encrypted_ = true; }

  bool is_logged_in() const { return is_logged_in_; }

 private:
  Answer Version(const Words& words);
  Answer ProtocolVersion(const Words& words);
  Answer Help(const Words& words);
  Answer StartTls(const Words& words);
  Answer Get(const Words& words);
  Answer List(const Words& words);
  Answer TakeName(const Words& words);
  Answer TakePassword(const Words& words);
  Answer LogIn(const Words& words);
  Answer LogOut(const Words& words);
  Answer BePrimary(const Words& words);
  Answer ForceShutdown(const Words& words);
  Answer Set(const Words& words);
  Answer SetTracking(const std::string& value);
  Answer Tracking(const Words& words) const;
  Answer Instruct(const Words& words);
  bool May(Right right);
  std::string Who() const;

  Service& service_;
  std::string address_;
  Moment now_{};  // of the request in hand
  std::optional<std::string> name_;
  std::optional<std::string> password_;
  bool is_logged_in_ = false;
  bool is_encrypted_ = false;
  bool is_tracking_ = false;
};

}  // namespace aims::nut
