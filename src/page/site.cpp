#include "page/site.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "base/names.h"
#include "page/documents.h"
#include "page/metrics.h"

namespace aims::page {
namespace {

using std::string_view;

Answer Json(std::string body) { return {.body = std::move(body)}; }

const std::string* Find(const Target& target, const char* key) {
  const auto found = target.query.find(key);
  return found == target.query.end() ? nullptr : &found->second;
}

}  // namespace

Answer Refusal(int status, string_view why) {
  JsonWriter json;
  json.Object([&] { json.Key("error").Text(why); });
  return {.status = status, .body = json.TakeText()};
}

Site::Site(std::vector<Shown> inverters, World world, std::vector<Asset> assets, Hosts hosts, std::string machine)
    : inverters_(std::move(inverters)),
      world_(std::move(world)),
      assets_(std::move(assets)),
      hosts_(hosts),
      machine_(std::move(machine)) {}

void Site::OnUpdate(const Inverter& inverter, const Update& update) {
  const auto shown =
      std::find_if(inverters_.begin(), inverters_.end(), [&](const Shown& one) { return one.inverter == &inverter; });
  if (shown == inverters_.end()) return;
  if (update.is_reading) shown->history.Add(inverter.snapshot(), update.now);
  ++seq_;
}

std::optional<Answer> Site::Handle(const Request& request, Moment now) const {
  if (hosts_ == Hosts::kThisMachine && !(request.host && IsThisMachine(*request.host, machine_))) {
    return Refusal(403, "the page answers to an IP address, localhost and this machine's name alone");
  }
  if (request.method == Request::Method::kOther) return Refusal(405, "the page is read-only: GET and HEAD");
  const auto target = ParseTarget(request.target);
  if (!target) return Refusal(400, "the address cannot be read");
  const std::string& path = target->path;
  if (path == "/api/live") return LiveAfter(*target, now);
  if (path == "/api/history") return HistoryOf(*target, now);
  if (path == "/api/outages") return Json(OutagesDocument(inverters_));
  if (path == "/outages.csv") {
    return Answer{.type = "text/csv; charset=utf-8", .body = OutagesCsv(inverters_), .file = "outages.csv"};
  }
  if (path == "/api/diagnostics") {
    return Answer{.body = DiagnosticsDocument(inverters_, world_, now), .file = "aims-diagnostics.json"};
  }
  if (path == "/metrics") return Answer{.type = kMetricsType, .body = Metrics(inverters_, world_)};
  if (path == "/health") return Json(R"({"status":"ok"})");
  for (const Asset& asset : assets_) {
    if (asset.path == path) return Answer{.type = asset.type, .fixed = asset.content, .is_cached = true};
  }
  return Refusal(404, "there is nothing at this address");
}

Answer Site::Live(Moment now) const { return Json(LiveDocument(seq_, inverters_, world_, now)); }

std::optional<Answer> Site::LiveAfter(const Target& target, Moment now) const {
  const std::string* after = Find(target, "after");
  if (!after) return Live(now);
  uint64_t seq = 0;
  const char* end = after->data() + after->size();
  const auto [last, failure] = std::from_chars(after->data(), end, seq);
  if (failure == std::errc::result_out_of_range && last == end) return Live(now);
  if (failure != std::errc() || last != end) return Refusal(400, "after takes a whole number");
  if (seq != seq_) return Live(now);
  return std::nullopt;
}

Answer Site::HistoryOf(const Target& target, Moment now) const {
  const std::string* id = Find(target, "inverter");
  const std::string* name = Find(target, "range");
  if (!id) return Refusal(400, "inverter is missing; it takes an inverter's id");
  const auto period = name ? FromName<Period>(kPeriods, *name) : std::nullopt;
  if (!period) return Refusal(400, "range takes 15m, 24h or 90d");
  const auto shown =
      std::find_if(inverters_.begin(), inverters_.end(), [&](const Shown& one) { return one.device().id == *id; });
  if (shown == inverters_.end()) return Refusal(404, "there is no such inverter");
  return Json(HistoryDocument(*shown, *period, now));
}

}  // namespace aims::page
