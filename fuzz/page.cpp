// Whatever a browser asks for is answered, with text that its type promises; and whatever a file of history holds is
// read.

#include <rapidjson/document.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "options/redacted.h"
#include "page/row.h"
#include "page/site.h"

namespace {

using namespace aims;
using namespace aims::page;
using namespace std::chrono_literals;

bool IsJson(const std::string& text) {
  rapidjson::Document document;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  document.Parse<kFlags>(text.data(), text.size());
  return !document.HasParseError();
}

void Demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// The first line: the Host. The second: the target. The rest: a reply on the wire, rows, and options.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view host = input.substr(0, input.find('\n'));
  const std::string_view behind = input.substr(std::min(host.size() + 1, input.size()));
  const std::string_view target = behind.substr(0, behind.find('\n'));
  const std::string_view rest = behind.substr(std::min(target.size() + 1, behind.size()));

  const Moment now{Inverter::Time(5000s), WallTime(1'700'000'000s)};
  InverterOptions options;
  options.device = {.id = "aims_inverter", .name = "K\xc3\xbc\"che"};
  Inverter inverter(options);
  WireRecord wire;
  wire.OnReply(rest, "it is no Q1 reply", now.wall);
  const std::string shown = WithoutSecrets(rest);
  Demand(IsJson(shown));

  const KeptRows kept = FromBytes(rest);
  Demand(kept.rows.size() + kept.damaged == rest.size() / kRowBytes);
  Shown one{&options, &inverter, &wire, History(kept.rows)};
  for (const bool is_ingress : {true, false}) {
    const Site site({one}, {"1.0.0", shown, [] { return BrokerState{}; }, [] { return std::vector<std::string>{}; }},
                    {}, is_ingress ? Site::Hosts::kAny : Site::Hosts::kThisMachine, "pi");
    const auto answer = site.Handle({Request::Method::kGet, target, host}, now);
    if (!answer) continue;
    if (answer->type == "application/json") Demand(IsJson(answer->body));
    const int status = answer->status;
    Demand(status == 200 || status == 400 || status == 403 || status == 404);
  }
  return 0;
}
