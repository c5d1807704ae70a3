#include "page/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/host_name.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/query.hpp>
#include <list>
#include <memory>
#include <optional>
#include <restinio/http_server.hpp>
#include <restinio/message_builders.hpp>
#include <restinio/request_handler.hpp>
#include <restinio/traits.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "io/alarm.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/pause.h"
#include "page/assets.h"

namespace aims::page {
namespace {

using namespace std::chrono_literals;
using std::string_view;
using Clock = std::chrono::steady_clock;

constexpr auto kTryAgain = 10s;
constexpr auto kTellPause = 250ms;  // many inverters say much: who waits is told no more often
// Connections beyond kMostConnections are taken as well, to be told so; further ones are closed at once.
constexpr size_t kMostTaken = 2 * Server::kMostConnections;
constexpr size_t kMostRefused = 16;    // of those who are told that they may not ask
constexpr int kMostUnread = 32 << 10;  // bytes, in the kernel
constexpr size_t kMostFields = 64;
constexpr size_t kLargestBody = 1024;  // bytes, of a request: nothing here reads one

string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    default:
      return "Service Unavailable";
  }
}

Request::Method MethodOf(const restinio::http_request_header_t& header) {
  if (header.method() == restinio::http_method_get()) return Request::Method::kGet;
  if (header.method() == restinio::http_method_head()) return Request::Method::kHead;
  return Request::Method::kOther;
}

WebOptions WhereOf(const WebOptions& options, const std::optional<Ingress>& ingress) {
  return ingress ? WebOptions{.address = "0.0.0.0", .port = ingress->port} : options;
}

}  // namespace

// The sockets, and the requests that wait for news.
class Server::Http {
  // The connections that there are, and whether one more is taken. RESTinio tells the end of one twice where its read
  // and its write fail together; and its own limit counts for ever what left before it was accepted.
  class Connections {
   public:
    // `only_peer`: who is answered; empty: everyone.
    explicit Connections(std::string only_peer) : only_peer_(std::move(only_peer)) {}

    void state_changed(const restinio::connection_state::notice_t& notice) noexcept {
      auto& those = IsAnswered(notice.remote_endpoint()) ? answered_ : refused_;
      const auto id = notice.connection_id();
      if (restinio::holds_alternative<restinio::connection_state::accepted_t>(notice.cause())) those.insert(id);
      if (restinio::holds_alternative<restinio::connection_state::closed_t>(notice.cause())) those.erase(id);
    }
    restinio::ip_blocker::inspection_result_t inspect(const restinio::ip_blocker::incoming_info_t& info) noexcept {
      const bool has_room =
          IsAnswered(info.remote_endpoint()) ? answered_.size() < kMostTaken : refused_.size() < kMostRefused;
      return has_room ? restinio::ip_blocker::allow() : restinio::ip_blocker::deny();
    }
    bool IsAnswered(const asio::ip::tcp::endpoint& peer) const {
      return only_peer_.empty() || peer.address().to_string() == only_peer_;
    }
    size_t count() const { return answered_.size(); }

   private:
    using Ids = std::set<restinio::connection_id_t>;

    std::string only_peer_;
    Ids answered_;
    Ids refused_;  // of others, who hear that they are, and take no room
  };

  struct Traits : restinio::default_single_thread_traits_t {
    using connection_state_listener_t = Connections;
    using ip_blocker_t = Connections;
  };

 public:
  Http(const asio::any_io_executor& executor, const WebOptions& options, std::string only_peer, const Site& site)
      : context_(static_cast<asio::io_context&>(asio::query(executor, asio::execution::context))),
        options_(options),
        connections_(std::make_shared<Connections>(std::move(only_peer))),
        site_(site),
        turn_(executor, [this] { AnswerNext(); }),
        alarm_(executor, [this] { AnswerWaiting(); }) {
    http_parser_set_max_header_size(kLargestHead);
  }

  Result<void> Open() {
    try {
      server_.emplace(restinio::external_io_context(context_), Settings());
      server_->open_sync();
      return {};
    } catch (const std::exception& failure) {
      server_.reset();
      return Failure(ErrorCode::kBusy, failure.what());
    }
  }

  // There is something newer than what those who wait have.
  void OnNews() {
    if (waiting_.empty()) return;
    is_news_ = true;
    SetAlarm();
  }

 private:
  using Handle = restinio::request_handle_t;
  struct Waiting {
    Handle request;
    Clock::time_point end;
  };

  restinio::server_settings_t<Traits> Settings() {
    restinio::server_settings_t<Traits> settings;
    settings.address(asio::ip::make_address(options_.address))
        .port(options_.port)
        .connection_state_listener(connections_)
        .ip_blocker(connections_)
        .socket_options_setter([](auto& options) {
          options.set_option(asio::ip::tcp::no_delay(true));
          options.set_option(asio::socket_base::send_buffer_size(kMostUnread));
        })
        .read_next_http_message_timelimit(kHead)
        .handle_request_timeout(kPoll + kUnread)
        .write_http_response_timelimit(kUnread)
        .incoming_http_msg_limits(
            restinio::incoming_http_msg_limits_t{}.max_field_count(kMostFields).max_body_size(kLargestBody))
        .request_handler([this](const Handle& request) { return Take(request); });
    return settings;
  }

  // At once, or in its turn: answers take half of the time at most, so that readings are told while many ask.
  restinio::request_handling_status_t Take(const Handle& request) {
    if (queue_.empty() && Clock::now() >= turn_at_) return Answer(request);
    queue_.push_back(request);
    turn_.Set(turn_at_);
    return restinio::request_accepted();
  }

  void AnswerNext() {
    const Handle request = std::move(queue_.front());
    queue_.pop_front();
    Answer(request);
    if (!queue_.empty()) turn_.Set(turn_at_);
  }

  restinio::request_handling_status_t Answer(const Handle& request) {
    const auto start = Clock::now();
    auto answer = AnswerTo(request);
    if (answer) {
      Send(request, *std::move(answer));
    } else {
      waiting_.push_back({request, start + kPoll});
      SetAlarm();
    }
    const auto end = Clock::now();
    turn_at_ = end + (end - start);
    return restinio::request_accepted();
  }

  // Nothing: it waits for news.
  std::optional<page::Answer> AnswerTo(const Handle& request) const {
    const auto& header = request->header();
    const string_view target(header.request_target().data(), header.request_target().size());
    std::optional<std::string> host;
    if (header.has_field(restinio::http_field::host)) host = header.get_field(restinio::http_field::host);
    if (!connections_->IsAnswered(request->remote_endpoint())) {
      return Refusal(403, "Home Assistant shows this page, and it alone may ask for it");
    }
    if (connections_->count() > kMostConnections) return Refusal(503, "too many connections");
    return site_.Handle({MethodOf(header), target, host ? std::optional<string_view>(*host) : std::nullopt}, Now());
  }

  static void Send(const Handle& request, page::Answer answer) {
    const auto status = restinio::http_status_line_t(
        restinio::http_status_code_t(static_cast<std::uint16_t>(answer.status)), std::string(ReasonOf(answer.status)));
    auto response = request->create_response<restinio::user_controlled_output_t>(status);
    response.append_header("Content-Type", std::string(answer.type));
    response.append_header("Cache-Control", answer.is_cached ? "no-cache" : "no-store");
    response.append_header("Content-Security-Policy", "default-src 'self'");
    response.append_header("X-Content-Type-Options", "nosniff");
    response.append_header("Referrer-Policy", "no-referrer");
    if (!answer.file.empty()) {
      response.append_header("Content-Disposition", fmt::format("attachment; filename=\"{}\"", answer.file));
    }
    if (answer.status == 405) response.append_header("Allow", "GET, HEAD");
    if (answer.status != 200) response.connection_close();
    response.set_content_length(answer.text().size());
    if (request->header().method() != restinio::http_method_head()) {
      if (answer.fixed.data()) {
        response.set_body(restinio::const_buffer(answer.fixed.data(), answer.fixed.size()));
      } else {
        response.set_body(std::move(answer.body));
      }
    }
    response.done();
  }

  void SetAlarm() {
    if (waiting_.empty()) return alarm_.Set({});
    alarm_.Set(is_news_ ? std::max(Clock::now(), told_at_ + kTellPause) : waiting_.front().end);
  }

  // All of them where there is news; else those that have waited for long.
  void AnswerWaiting() {
    const auto now = Clock::now();
    const bool is_news = std::exchange(is_news_, false);
    if (is_news) told_at_ = now;
    const page::Answer answer = site_.Live(Now());
    while (!waiting_.empty() && (is_news || waiting_.front().end <= now)) {
      const Handle request = std::move(waiting_.front().request);
      waiting_.pop_front();
      Send(request, answer);
    }
    SetAlarm();
  }

  asio::io_context& context_;
  WebOptions options_;
  std::shared_ptr<Connections> connections_;
  const Site& site_;
  std::list<Handle> queue_;  // requests whose turn will come
  Clock::time_point turn_at_{};
  Alarm turn_;
  std::list<Waiting> waiting_;  // who came first is first
  bool is_news_ = false;
  Clock::time_point told_at_{};
  Alarm alarm_;
  std::optional<restinio::http_server_t<Traits>> server_;
};

Server::Server(const DataFolder& folder, const WebOptions& options, const std::optional<Ingress>& ingress,
               std::vector<Shown> inverters, World world)
    : executor_(folder.executor),
      options_(WhereOf(options, ingress)),
      site_(std::move(inverters), std::move(world), Assets(), ingress ? Site::Hosts::kAny : Site::Hosts::kThisMachine,
            asio::ip::host_name()),
      http_(std::make_unique<Http>(executor_, options_, ingress ? ingress->peer : "", site_)) {
  for (Shown& shown : site_.inverters()) {
    HistoryFile& file = files_.try_emplace(shown.device().id, folder, shown.device().id).first->second;
    shown.history = History(file.Load());
  }
}

Server::~Server() = default;

asio::awaitable<void> Server::Run() {
  bool is_told = false;
  while (true) {
    const auto opened = http_->Open();
    if (opened) {
      log::Info("web page: listening at {}:{}", options_.address, options_.port);
      co_return;
    }
    if (!std::exchange(is_told, true)) {
      log::Warning("web page: cannot listen at {}:{} ({}). Does another program use it? Trying again every {} s",
                   options_.address, options_.port, opened.error().message, kTryAgain / 1s);
    }
    co_await Pause(executor_, kTryAgain);
  }
}

void Server::OnUpdate(const Inverter& inverter, const Update& update) {
  site_.OnUpdate(inverter, update);
  SaveInTime(inverter, update);
  http_->OnNews();
}

void Server::SaveInTime(const Inverter& inverter, const Update& update) {
  const std::string& id = inverter.device().id;
  const auto shown = std::find_if(site_.inverters().begin(), site_.inverters().end(),
                                  [&](const Shown& one) { return one.inverter == &inverter; });
  if (shown == site_.inverters().end()) return;
  const bool is_over = std::any_of(update.events.begin(), update.events.end(),
                                   [](const PowerEvent& event) { return event.type == EventType::kPowerRestored; });
  if (save_times_[id].IsDue(update.now.steady, is_over, shown->history.has_unsaved()))
    files_.at(id).Add(shown->history.TakeUnsaved(update.now, /*all=*/false));
}

void Server::SaveAtStop() {
  for (Shown& shown : site_.inverters()) {
    HistoryFile& file = files_.at(shown.device().id);
    file.Add(shown.history.TakeUnsaved(Now(), /*all=*/true));
    file.SaveAtStop();
  }
}

std::string PageUrl(const WebOptions& options, const std::string& machine) {
  std::error_code failure;
  const auto address = asio::ip::make_address(options.address, failure);
  if (!options.enabled || failure || address.is_loopback()) return "";
  const std::string name = address.is_unspecified()
                               ? machine.substr(0, machine.find('.')) + ".local"
                               : (address.is_v6() ? fmt::format("[{}]", options.address) : options.address);
  return fmt::format("http://{}:{}/", name, options.port);
}

}  // namespace aims::page
