// The NUT server: takes connections, and gives each its conversation (session.h). It hears what is known of the
// inverters as a listener does. No client can hold up another, or anything else: each waits for its own network, gets
// one answer at a time, and has its bounds.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/log_once.h"
#include "inverter/listener.h"
#include "io/alarm.h"
#include "io/data_file.h"
#include "io/tcp_server.h"
#include "nut/certificate.h"
#include "nut/options.h"
#include "nut/service.h"

namespace aims::nut {

class Connection;

class Server final : public Listener {
 public:
  static constexpr size_t kMostConnections = 32;
  static constexpr std::chrono::seconds kIdle{300};   // without a word from the client
  static constexpr std::chrono::seconds kUnread{20};  // a client that does not read its answers for so long is lost

  // The inverters and their options outlive it. Of `actions` TLS, ids and the log are its own.
  Server(const DataFolder& folder, const NutOptions& options, const std::vector<Served>& inverters, Actions actions);
  ~Server();

  asio::awaitable<void> Run();

  void OnUpdate(const Inverter& inverter, const Update& update) override;

  // The program ends: in an outage the clients shut down if it is away for long.
  void OnStop();

 private:
  using Context = std::shared_ptr<asio::ssl::context>;

  Actions WithOwn(Actions actions);
  void Take(asio::ip::tcp::socket socket);
  asio::awaitable<void> Serve(std::shared_ptr<Connection> connection);
  bool MakeRoom();
  void CloseIdle();
  bool LoadTls();
  void TellClients(const std::string& inverter);
  void TellUntold();

  asio::any_io_executor executor_;
  NutOptions options_;
  DataFile certificate_file_;
  Certificate own_;
  Context context_;  // null: no TLS
  std::chrono::steady_clock::time_point load_again_{};
  LogOncePerLine troubles_;
  std::chrono::steady_clock::time_point next_handshake_{};
  Actions actions_;  // as they were given
  Service service_;
  std::map<std::string, std::chrono::steady_clock::time_point> told_at_;  // who is logged in to that inverter
  std::set<std::string> untold_;
  LogThrottle refusals_;
  std::list<std::shared_ptr<Connection>> connections_;  // the oldest first
  Alarm sweep_;
  Alarm tell_;
  TcpServer tcp_;
};

}  // namespace aims::nut
