// The page's addresses: what is asked for there, and what the answer is.
// Pure. It knows no socket and no clock; the server (server.h) does.
//
//   ./                      the page, with its page.js, page.css, icon.svg, dygraph.js and synchronizer.js
//   ./api/live?after=SEQ    what is known now (documents.h); with SEQ the newest, only when there is more
//   ./api/history?inverter=ID&range=15m|24h|90d
//   ./api/outages   ./outages.csv   ./api/diagnostics   ./health   ./metrics

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "page/http.h"
#include "page/shown.h"

namespace aims::page {

struct Answer {
  int status = 200;
  std::string_view type = "application/json";
  std::string body{};
  std::string_view fixed{};  // instead of `body`: what never changes
  bool is_cached = false;    // a browser may keep it, if it asks whether it is still the same
  std::string_view file{};   // the name under which a browser saves it; empty: it shows it

  std::string_view text() const { return fixed.data() ? fixed : std::string_view(body); }
};

// {"error": why}
Answer Refusal(int status, std::string_view why);

class Site {
 public:
  // Who may ask, and under which name.
  enum class Hosts { kAny, kThisMachine };

  // `assets` outlive it. `machine`: this host's name.
  struct Asset {
    std::string_view path;
    std::string_view type;
    std::string_view content;
  };
  Site(std::vector<Shown> inverters, World world, std::vector<Asset> assets, Hosts hosts, std::string machine);

  // What is known of one of the inverters has changed.
  void OnUpdate(const Inverter& inverter, const Update& update);

  // Nothing: the answer is Live() when there is something newer, or after a while.
  std::optional<Answer> Handle(const Request& request, Moment now) const;
  Answer Live(Moment now) const;

  std::vector<Shown>& inverters() { return inverters_; }

 private:
  std::optional<Answer> LiveAfter(const Target& target, Moment now) const;
  Answer HistoryOf(const Target& target, Moment now) const;

  std::vector<Shown> inverters_;
  World world_;
  std::vector<Asset> assets_;
  Hosts hosts_;
  std::string machine_;
  uint64_t seq_ = 1;
};

}  // namespace aims::page
