#include "nut/server.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <asio/redirect_error.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include "io/clock.h"
#include "io/deadline.h"
#include "io/log.h"
#include "io/pause.h"
#include "io/spawn.h"
#include "nut/request.h"
#include "nut/session.h"

namespace aims::nut {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr size_t kEnoughAtOnce = 16 << 10;  // bytes of answers: then others have their turn,
constexpr auto kOthersTurn = 20ms;          // for so long: who asks without a pause does not slow others down
constexpr int kMostUnread = 64 << 10;       // bytes, in the kernel
constexpr auto kSweep = 5s;                 // between two looks for connections to end
constexpr auto kHandshake = 10s;
constexpr auto kLongestQueue = 32 * kOthersTurn;                           // of handshakes, one after the other
constexpr std::chrono::seconds kCertificateHolds = std::chrono::hours(1);  // then the owner's files are read again,
constexpr std::chrono::seconds kTryAgain = 10s;                            // and so, where they could not be
constexpr auto kTellPause = 1s;

// A UUID of version 4 (RFC 9562, section 5.4), as upsd's are.
std::string MakeId() {
  std::random_device random;
  const auto a = random(), b = random(), c = random(), d = random();
  return fmt::format("{:08X}-{:04X}-4{:03X}-{:04X}-{:04X}{:08X}", a, b >> 16, b & 0xfff, (c >> 16 & 0x3fff) | 0x8000,
                     c & 0xffff, d);
}

}  // namespace

// One client: its socket, bare or with TLS, and what was read from it.
class Connection {
 public:
  Connection(tcp::socket socket, Service& service) : socket_(std::move(socket)), session_(service, AddressOf(socket_)) {
    std::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::send_buffer_size(kMostUnread), ignored);
  }

  Session& session() { return session_; }

  // More bytes of the client's; false: it is gone.
  asio::awaitable<bool> Read() {
    std::error_code failure;
    size_t size = 0;
    const auto buffer = asio::buffer(bytes_);
    if (tls_) {
      size = co_await tls_->async_read_some(buffer, asio::redirect_error(asio::use_awaitable, failure));
    } else {
      size = co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, failure));
    }
    rest_ = std::string_view(bytes_.data(), size);
    co_return !failure;
  }

  // Handles what was read: the answers to some requests, and what to do then. Nothing is left to handle when
  // is_handled().
  Answer Handle(Moment now) {
    heard_at_ = now.steady;
    Answer answers;
    while (!rest_.empty() && answers.text.size() < kEnoughAtOnce) {
      const char byte = rest_.front();
      rest_.remove_prefix(1);
      const auto found = reader_.Add(byte);
      if (found == RequestReader::Found::kGarbled) rest_ = {};
      if (found == RequestReader::Found::kTooLong) {
        why_ = "a request was too long";
        answers.then = Answer::Then::kClose;
      }
      if (found == RequestReader::Found::kRequest) {
        Answer answer = session_.Handle(reader_.words(), now);
        answers.text += answer.text;
        answers.then = answer.then;
      }
      // What came in the clear before TLS stands may be another's word.
      if (answers.then != Answer::Then::kGoOn) rest_ = {};
    }
    return answers;
  }
  bool is_handled() const { return rest_.empty(); }
  // As much was read as can be at once: there is more.
  bool IsFull() const { return rest_.size() == bytes_.size(); }

  asio::awaitable<bool> Write(const std::string& text) {
    std::error_code failure;
    const auto buffer = asio::buffer(text);
    writing_since_ = Clock::now();
    if (tls_) {
      co_await asio::async_write(*tls_, buffer, asio::redirect_error(asio::use_awaitable, failure));
    } else {
      co_await asio::async_write(socket_, buffer, asio::redirect_error(asio::use_awaitable, failure));
    }
    writing_since_.reset();
    co_return !failure;
  }

  asio::awaitable<bool> StartTls(asio::ssl::context& context) {
    tls_.emplace(std::move(socket_), context);
    std::error_code failure;
    const Deadline deadline(tls_->get_executor(), kHandshake, [this] { Close("no TLS came about"); });
    co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, failure));
    session_.OnTls();
    co_return !failure;
  }

  bool IsIdle(Clock::time_point now) const { return now - heard_at_ >= Server::kIdle; }
  bool IsDeaf(Clock::time_point now) const { return writing_since_ && now - *writing_since_ >= Server::kUnread; }

  // What is under way ends soon after. The first reason counts.
  void Close(std::string_view why) {
    if (why_.empty()) why_ = why;
    std::error_code ignored;
    (tls_ ? tls_->next_layer() : socket_).close(ignored);
  }
  bool is_closed() const { return !why_.empty(); }
  const std::string& why() const { return why_; }

 private:
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket>> tls_;
  Session session_;
  RequestReader reader_;
  std::array<char, 4096> bytes_;
  std::string_view rest_;  // of them, not handled yet
  Clock::time_point heard_at_ = Clock::now();
  std::optional<Clock::time_point> writing_since_;
  std::string why_;  // it was closed
};

Server::Server(const DataFolder& folder, const NutOptions& options, const std::vector<Served>& inverters,
               Actions actions)
    : executor_(folder.executor),
      options_(options),
      certificate_file_(folder, "nut.pem"),
      actions_(std::move(actions)),
      service_(options, inverters, WithOwn(actions_)),
      sweep_(folder.executor, [this] { CloseIdle(); }),
      tell_(folder.executor, [this] { TellUntold(); }),
      tcp_(folder.executor, "NUT server", options.port, [this](tcp::socket socket) { Take(std::move(socket)); }) {
  if (options_.nas) {
    log::Warning(
        "NUT server: nut.nas is on, so everyone in your network can use the logins that NAS makers have built in. With "
        "them a computer can read and log in. It cannot send commands or shut others down");
  }
  if (!options_.tls) return;
  if (options_.cert_file.empty()) {
    own_ = certificate_file_.Load(ParseCertificate);
    if (own_.pem.empty()) own_ = MakeCertificate();
    certificate_file_.Save(own_.pem);
  }
  LoadTls();
}

Server::~Server() = default;

Actions Server::WithOwn(Actions actions) {
  actions.can_start_tls = [this] { return LoadTls(); };
  actions.tell_clients = [this](const std::string& inverter, const auto&) { TellClients(inverter); };
  actions.new_id = MakeId;
  actions.log = [](const LogLine& line) { log::Write(line.level, line.text); };
  return actions;
}

asio::awaitable<void> Server::Run() { return tcp_.Run(); }

void Server::OnUpdate(const Inverter& inverter, const Update& update) {
  service_.OnUpdate(inverter, update.now.steady);
}

void Server::OnStop() {
  for (const Ups& ups : service_.upses()) {
    if (!ups.inverter().snapshot().in_outage) continue;
    log::Warning(
        "NUT server: stopping while {} is on battery. Computers that use it ({} are logged in) shut down unless the "
        "program is back within 15 s",
        ups.name(), service_.CountClients(ups));
  }
}

// The first change at once. A client that logs in and out in a loop has it told once a second.
void Server::TellClients(const std::string& inverter) {
  const auto now = Clock::now();
  const auto told = told_at_.find(inverter);
  if (told != told_at_.end() && now - told->second < kTellPause) {
    untold_.insert(inverter);
    if (!tell_.time()) tell_.Set(now + kTellPause);
    return;
  }
  told_at_[inverter] = now;
  untold_.erase(inverter);
  actions_.tell_clients(inverter, service_.Clients(*service_.Find(inverter)));
}

void Server::TellUntold() {
  const std::set<std::string> untold = std::exchange(untold_, {});
  for (const std::string& inverter : untold) TellClients(inverter);
}

void Server::Take(tcp::socket socket) {
  const std::string address = AddressOf(socket);
  if (address.empty()) return;  // it is gone already
  if (!MakeRoom()) {
    const std::string line =
        fmt::format("refused {}: {} computers are logged in, and there is no room for more", address, kMostConnections);
    if (refusals_.IsNew(line, Clock::now())) log::Warning("NUT server: {}", line);
    return;
  }
  connections_.push_back(std::make_shared<Connection>(std::move(socket), service_));
  if (!sweep_.time()) sweep_.Set(Clock::now() + kSweep);
  Spawn(executor_, Serve(connections_.back()));
}

asio::awaitable<void> Server::Serve(std::shared_ptr<Connection> connection) {
  bool is_open = true;
  while (is_open) {
    is_open = co_await connection->Read();
    const bool is_much = connection->IsFull();
    while (is_open && !connection->is_handled()) {
      const Answer answer = connection->Handle(Now());
      if (!answer.text.empty()) is_open = co_await connection->Write(answer.text);
      if (answer.then == Answer::Then::kClose) is_open = false;
      if (is_open && answer.then == Answer::Then::kStartTls) {
        const auto now = Clock::now();
        const auto turn = std::max(now, next_handshake_);
        next_handshake_ = std::min<Clock::time_point>(turn + kOthersTurn, now + kLongestQueue);
        co_await PauseUntil(executor_, turn);
        const Context context = context_;
        is_open = co_await connection->StartTls(*context);
      }
      const bool has_had_turn = is_much || answer.text.size() >= kEnoughAtOnce;
      if (is_open && has_had_turn) {
        co_await Pause(executor_, kOthersTurn);
      }
      if (connection->is_closed()) is_open = false;
    }
  }
  connection->Close("the connection ended");
  connection->session().OnLost(connection->why(), Clock::now());
  connections_.remove(connection);
}

// Room for one more; false: all clients are logged in.
bool Server::MakeRoom() {
  if (connections_.size() < kMostConnections) return true;
  const auto oldest = std::find_if(connections_.begin(), connections_.end(),
                                   [](const auto& one) { return !one->session().is_logged_in(); });
  if (oldest == connections_.end()) return false;
  (*oldest)->Close("there were too many connections");
  connections_.erase(oldest);
  return true;
}

void Server::CloseIdle() {
  const auto now = Clock::now();
  for (const auto& connection : connections_) {
    if (connection->IsIdle(now)) connection->Close("it said nothing for 5 min");
    if (connection->IsDeaf(now)) connection->Close("it did not read its answers");
  }
  if (!connections_.empty()) sweep_.Set(now + kSweep);
}

// True where TLS can start. The owner's files are read again after a while: they may have been renewed, or are there
// now.
bool Server::LoadTls() {
  if (!options_.tls) return false;
  const auto now = Clock::now();
  const bool is_own = options_.cert_file.empty();
  if (now < load_again_ || (is_own && context_)) return context_ != nullptr;
  const auto context = MakeContext(options_, own_);
  load_again_ = now + (context ? kCertificateHolds : kTryAgain);
  if (context) {
    troubles_.Clear();
    context_ = *context;
  } else if (troubles_.IsNew(context.error().message)) {
    log::Warning("NUT server: {}. {}", context.error().message,
                 context_ ? "The previous certificate stays in use" : "Clients cannot encrypt until this is fixed");
  }
  return context_ != nullptr;
}

}  // namespace aims::nut
