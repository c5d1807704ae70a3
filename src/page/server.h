// Serves the page (site.h) over HTTP, with RESTinio on our own thread. In Home Assistant the Supervisor alone may ask,
// and asks for the owner (ingress); elsewhere it listens where the options say. It hears what is known of the inverters
// as a listener does, and answers who waits for it.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inverter/listener.h"
#include "io/data_file.h"
#include "page/history_file.h"
#include "page/options.h"
#include "page/save_times.h"
#include "page/site.h"

namespace aims::page {

class Server final : public Listener {
 public:
  static constexpr size_t kMostConnections = 64;      // one more is told so, and closed
  static constexpr std::chrono::seconds kPoll{25};    // so long a request for what is newer waits
  static constexpr std::chrono::seconds kHead{10};    // in which a request must have come
  static constexpr std::chrono::seconds kUnread{20};  // a client that does not read its answer for so long is lost
  static constexpr size_t kLargestHead = 8 << 10;     // bytes

  // With `ingress` the options say nothing. Of `inverters` the histories are its own.
  Server(const DataFolder& folder, const WebOptions& options, const std::optional<Ingress>& ingress,
         std::vector<Shown> inverters, World world);
  ~Server();

  asio::awaitable<void> Run();

  void OnUpdate(const Inverter& inverter, const Update& update) override;

  // The program ends: what is not kept yet is asked of the disk.
  void SaveAtStop();

 private:
  class Http;

  void SaveInTime(const Inverter& inverter, const Update& update);

  asio::any_io_executor executor_;
  WebOptions options_;
  std::map<std::string, HistoryFile> files_;  // by the inverter's id
  std::map<std::string, SaveTimes> save_times_;
  Site site_;
  std::unique_ptr<Http> http_;
};

// Where a browser finds the page of a program outside Home Assistant; empty: only on its own machine.
std::string PageUrl(const WebOptions& options, const std::string& machine);

}  // namespace aims::page
