#include "supervisor/reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace aims {
namespace {

using std::string_view;
using Json = rapidjson::Value;

constexpr string_view kHeaderEnd = "\r\n\r\n";

struct Answer {
  int status = 0;
  string_view body;
  std::optional<size_t> length;  // of the body, where the header says it
};

bool EqualsIgnoringCase(string_view a, string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// Empty: this is no (complete) header of an HTTP answer.
std::optional<Answer> ParseHttp(string_view text) {
  const size_t header_end = text.find(kHeaderEnd);
  if (header_end == string_view::npos || !text.starts_with("HTTP/1.") || header_end < 12) return {};
  const auto status = ToNumber<int>(text.substr(9, 3));
  if (!status) return {};
  Answer answer{*status, text.substr(header_end + kHeaderEnd.size()), {}};

  string_view header = text.substr(0, header_end);
  while (true) {
    const size_t end = header.find("\r\n");
    const string_view line = header.substr(0, end);
    const size_t colon = line.find(':');
    if (colon != string_view::npos && EqualsIgnoringCase(line.substr(0, colon), "Content-Length")) {
      const size_t value = line.find_first_not_of(' ', colon + 1);
      if (value != string_view::npos) answer.length = ToNumber<size_t>(line.substr(value));
    }
    if (end == string_view::npos) return answer;
    header.remove_prefix(end + 2);
  }
}

// A number, or its text; 0: neither.
uint16_t PortOf(const Json* value) {
  if (!value) return 0;
  if (value->IsString()) return ToNumber<uint16_t>({value->GetString(), value->GetStringLength()}).value_or(0);
  const bool fits = value->IsUint() && value->GetUint() <= 65535;
  return fits ? static_cast<uint16_t>(value->GetUint()) : uint16_t{0};
}

bool HasNul(string_view text) { return text.find('\0') != string_view::npos; }

Result<FoundBroker> ParseService(string_view body) {
  const auto unusable = [](string_view why) {
    return Failure(ErrorCode::kBadReply, fmt::format("the Supervisor's answer cannot be used: {}", why));
  };
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(body.data(), body.size());
  if (document.HasParseError() || !document.IsObject()) return unusable("it is not JSON");
  const Json* data = Members(document).Find("data");
  if (!data || !data->IsObject()) return unusable("it has no data");

  FoundBroker broker;
  const Members members(*data);
  const auto text = [&](const char* key, std::string& into) {
    const Json* value = members.Find(key);
    if (value && value->IsString()) into.assign(value->GetString(), value->GetStringLength());
  };
  text("host", broker.host);
  text("username", broker.username);
  text("password", broker.password);
  broker.port = PortOf(members.Find("port"));
  const Json* ssl = members.Find("ssl");
  broker.tls = ssl && ssl->IsBool() && ssl->GetBool();
  if (broker.host.empty() || HasNul(broker.host)) return unusable("it names no host");
  if (broker.port == 0) return unusable("it names no port");
  if (HasNul(broker.username) || HasNul(broker.password)) return unusable("its login is not text");
  return broker;
}

}  // namespace

std::string ServiceRequest(string_view host, string_view path, string_view token) {
  return fmt::format("GET {}/services/mqtt HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n", path, host,
                     token);
}

bool IsWholeAnswer(string_view text) {
  const auto answer = ParseHttp(text);
  return answer && answer->length && answer->body.size() >= *answer->length;
}

Result<FoundBroker> ParseServiceAnswer(string_view text) {
  const auto answer = ParseHttp(text);
  if (!answer) return Failure(ErrorCode::kBadReply, "the Supervisor's answer is not HTTP");
  switch (answer->status) {
    case 200:
      break;
    case 400:
      return Failure(ErrorCode::kAbsent,
                     "no MQTT broker is registered with the Supervisor; is the Mosquitto app running?");
    case 401:
      return Failure(ErrorCode::kDenied, "the Supervisor does not know our token (401); restart the app");
    case 403:
      return Failure(ErrorCode::kDenied, "the Supervisor does not let the app use the MQTT service (403)");
    default:
      return Failure(ErrorCode::kRefused, fmt::format("the Supervisor answered with status {}", answer->status));
  }
  if (answer->length && answer->body.size() < *answer->length) {
    return Failure(ErrorCode::kBadReply, "the Supervisor's answer was cut short");
  }
  return ParseService(answer->length ? answer->body.substr(0, *answer->length) : answer->body);
}

std::string AppPage(std::string_view host_name) {
  if (!host_name.ends_with("-aims-power-inverter-mqtt")) return "";
  std::string slug(host_name);
  std::replace(slug.begin(), slug.end(), '-', '_');
  return "homeassistant://config/app/" + slug + "/info";
}

}  // namespace aims
