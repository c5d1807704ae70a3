#include "page/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/json.h"
#include "homeassistant/documents.h"
#include "inverter/saved_state.h"
#include "page/forecast.h"

namespace aims::page {
namespace {

void WriteMaybe(JsonWriter& json, const std::optional<double>& number) {
  if (!number) return json.Null();
  json.Number(*number, 0);
}

void WriteBroker(JsonWriter& json, const BrokerState& broker) {
  json.Object([&] {
    json.Key("connected").Bool(broker.connected);
    json.Key("where").Text(broker.where);
    json.Key("home_assistant").Text(broker.home_assistant);
    json.Key("publishes").Number(static_cast<double>(broker.publishes), 0);
  });
}

void WriteNext(JsonWriter& json, const Forecast& next) {
  json.Object([&] {
    WriteMaybe(json.Key("runtime"), next.runtime);
    WriteMaybe(json.Key("least"), next.runtime_range ? std::optional(next.runtime_range->least) : std::nullopt);
    WriteMaybe(json.Key("most"), next.runtime_range ? std::optional(next.runtime_range->most) : std::nullopt);
    WriteMaybe(json.Key("advised_in"), next.advised_in);
    json.Key("missing").Array([&] {
      for (const std::string_view option : next.missing) json.Text(option);
    });
  });
}

void WriteReply(JsonWriter& json, const WireRecord::Reply& reply) {
  json.Object([&] {
    json.Key("time").Text(FormatTime(reply.time));
    json.Key("bytes").Text(reply.bytes);
    json.TextMember("fault", reply.fault);
  });
}

void WriteReplies(JsonWriter& json, const std::vector<const WireRecord::Reply*>& replies) {
  json.Array([&] {
    for (const WireRecord::Reply* reply : replies) WriteReply(json, *reply);
  });
}

// `most` of the newest replies, and those that were bad.
void WriteWire(JsonWriter& json, const WireRecord& wire, size_t most) {
  json.Object([&] {
    json.Key("polls").Number(static_cast<double>(wire.polls()), 0);
    json.Key("misses").Object([&] {
      for (size_t i = 0; i < kMisses.size(); ++i) {
        json.Key(kMisses[i]).Number(static_cast<double>(wire.misses(static_cast<Miss>(i))), 0);
      }
    });
    auto replies = wire.replies();
    if (replies.size() > most) replies.erase(replies.begin(), replies.end() - static_cast<std::ptrdiff_t>(most));
    WriteReplies(json.Key("replies"), replies);
    WriteReplies(json.Key("bad_replies"), wire.bad_replies());
  });
}

void WriteInverter(JsonWriter& json, const Shown& shown, size_t most_replies, Moment now) {
  const Snapshot& snapshot = shown.inverter->snapshot();
  json.Object([&] {
    json.Key("id").Text(shown.device().id);
    json.Key("name").Text(shown.device().name);
    json.Key("model").Text(shown.device().model);
    json.Key("state").Raw(StateDocument(snapshot));
    WriteNext(json.Key("next"), ForecastOf(snapshot, *shown.options, now.wall));
    WriteWire(json.Key("wire"), *shown.wire, most_replies);
  });
}

// Numbers of rows are many: they are written without a detour.
template <typename Get>
void AddColumn(std::string& json, std::string_view name, const std::vector<Row>& rows, Get get) {
  fmt::format_to(std::back_inserter(json), "\"{}\":[", name);
  for (const Row& row : rows) {
    get(json, row);
    json += ',';
  }
  if (json.back() == ',') json.pop_back();
  json += ']';
}

void AddNumber(std::string& json, int64_t number) {
  const fmt::format_int text(number);
  json.append(text.data(), text.size());
}

void AddTenths(std::string& json, int tenths) {
  if (tenths < 0) json += '-';
  AddNumber(json, std::abs(tenths) / 10);
  json += '.';
  json += static_cast<char>('0' + std::abs(tenths) % 10);
}

template <typename Values>
using Series = Values Row::*;

template <typename Values>
void AddSeries(std::string& json, std::string_view name, const std::vector<Row>& rows, Series<Values> series) {
  fmt::format_to(std::back_inserter(json), ",\"{}\":{{", name);
  const auto column = [&](std::string_view which, auto value) {
    AddColumn(json, which, rows, [&](std::string& to, const Row& row) {
      const Values& values = row.*series;
      if (!values.is_known()) {
        to += "null";
      } else if constexpr (Values::kSteps == 10) {
        AddTenths(to, values.*value);
      } else {
        AddNumber(to, values.*value);
      }
    });
  };
  column("min", &Values::least);
  json += ',';
  column("mean", &Values::mean);
  json += ',';
  column("max", &Values::most);
  json += '}';
}

// The newest first, that which goes on at the top.
std::vector<const Outage*> NewestFirst(const Outages::SavedState& state) {
  std::vector<const Outage*> outages;
  if (state.running && state.is_counted) outages.push_back(&*state.running);
  std::for_each(state.records.rbegin(), state.records.rend(), [&](const Outage& one) { outages.push_back(&one); });
  return outages;
}

// RFC 4180: what holds a comma, a quote or a line's end is quoted. A name that a spreadsheet would take for a formula
// gets a quote of its own in front.
std::string Field(std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) field = "'";
  field += text;
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string Cell(const std::optional<double>& number) { return number ? fmt::format("{:.1f}", *number) : ""; }
std::string Cell(const std::optional<WallTime>& time) { return time ? FormatTime(*time) : ""; }

}  // namespace

std::string LiveDocument(uint64_t seq, const std::vector<Shown>& inverters, const World& world, Moment now) {
  JsonWriter json;
  json.Object([&] {
    json.Key("seq").Number(static_cast<double>(seq), 0);
    json.Key("time").Text(FormatTime(now.wall));
    json.Key("version").Text(world.version);
    WriteBroker(json.Key("broker"), world.broker());
    json.Key("inverters").Array([&] {
      for (const Shown& shown : inverters) WriteInverter(json, shown, /*most_replies=*/1, now);
    });
  });
  return json.TakeText();
}

std::string HistoryDocument(const Shown& inverter, Period period, Moment now) {
  const std::vector<Row> rows = inverter.history.Rows(period, now);
  const Scale& scale = ScaleOf(period);
  std::string json;
  json.reserve(400 + rows.size() * 120);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.wall).time_since_epoch().count();
  fmt::format_to(std::back_inserter(json),
                 "{{\"inverter\":\"{}\",\"range\":\"{}\",\"step\":{},\"span\":{},\"interval\":{},\"now\":{},",
                 inverter.device().id, kPeriods[static_cast<size_t>(period)], scale.step.count(), scale.span.count(),
                 InSeconds(inverter.options->poll_interval), seconds);
  const auto add = [](auto member) {
    return [member](std::string& to, const Row& row) { AddNumber(to, row.*member); };
  };
  AddColumn(json, "time", rows, add(&Row::begin));
  json += ',';
  AddColumn(json, "on_battery", rows, add(&Row::on_battery));
  AddSeries(json, "battery_voltage", rows, &Row::battery_voltage);
  AddSeries(json, "battery_charge", rows, &Row::battery_charge);
  AddSeries(json, "utility_voltage", rows, &Row::utility_voltage);
  AddSeries(json, "output_voltage", rows, &Row::output_voltage);
  AddSeries(json, "load", rows, &Row::load);
  json += '}';
  return json;
}

std::string OutagesDocument(const std::vector<Shown>& inverters) {
  JsonWriter json;
  json.Object([&] {
    json.Key("inverters").Array([&] {
      for (const Shown& shown : inverters) {
        json.Object([&] {
          json.Key("id").Text(shown.device().id);
          json.Key("name").Text(shown.device().name);
          json.Key("outages").Array([&] {
            for (const Outage* outage : NewestFirst(shown.inverter->outages())) WriteOutage(json, *outage);
          });
        });
      }
    });
  });
  return json.TakeText();
}

std::string OutagesCsv(const std::vector<Shown>& inverters) {
  std::string csv =
      "inverter,begin,end,duration_s,cause,lowest_battery_voltage_v,highest_load_percent,energy_wh,battery_low,gaps,"
      "uncertain,interruptions\r\n";
  for (const Shown& shown : inverters) {
    for (const Outage* outage : NewestFirst(shown.inverter->outages())) {
      fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{},{:.1f},{},{},{},{}\r\n", Field(shown.device().name),
                     FormatTime(outage->begin), Cell(outage->end),
                     std::chrono::round<std::chrono::seconds>(outage->duration).count(), Name(outage->cause),
                     Cell(outage->lowest_battery_voltage), Cell(outage->highest_load), outage->energy,
                     outage->battery_low ? "yes" : "no", outage->gaps, outage->is_uncertain ? "yes" : "no",
                     outage->interruptions);
    }
  }
  return csv;
}

std::string DiagnosticsDocument(const std::vector<Shown>& inverters, const World& world, Moment now) {
  JsonWriter json;
  json.Object([&] {
    json.Key("program").Text("AIMS Power Inverter MQTT");
    json.Key("version").Text(world.version);
    json.Key("time").Text(FormatTime(now.wall));
    json.Key("options").Raw(world.options);
    WriteBroker(json.Key("broker"), world.broker());
    json.Key("inverters").Array([&] {
      for (const Shown& shown : inverters) WriteInverter(json, shown, WireRecord::kReplies, now);
    });
    json.Key("log").Array([&] {
      for (const std::string& line : world.log()) json.Text(line);
    });
  });
  return json.TakeText();
}

}  // namespace aims::page
