// An inverter whose page is looked at, in virtual time: the test reads it, and asks as a browser does.

#pragma once

#include <doctest/doctest.h>
#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inverter/inverter.h"
#include "megatec/q1.h"
#include "page/site.h"
#include "tests/megatec/frames.h"

namespace aims::page {

using namespace std::chrono_literals;

inline InverterOptions DescribedInverter() {
  InverterOptions options;
  options.device = {.id = "aims_inverter", .name = "AIMS inverter", .model = "PICOGLF12W12V120AL"};
  options.battery = {.type = BatteryType::kAgm, .nominal_voltage = 12, .capacity = 200, .rated_power = 1200};
  return options;
}

inline SavedInverter Charged() {
  SavedInverter saved;
  saved.battery.battery.charge = Belief{0.99, 0.01};
  return saved;
}

struct Cellar {
  InverterOptions options;
  Inverter inverter;
  WireRecord wire;
  BrokerState broker{true, "127.0.0.1:1883", "online", 7};
  Moment now{Inverter::Time(5000s), WallTime(1'700'000'000s)};
  Reading mains = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);
  Site site;

  explicit Cellar(InverterOptions described = DescribedInverter(), Site::Hosts hosts = Site::Hosts::kAny)
      : options(std::move(described)),
        inverter(options, Charged(), "run", "boot"),
        site({{&options, &inverter, &wire}},
             {"1.2.3", R"({"log_level":"info"})", [this] { return broker; },
              [] { return std::vector<std::string>{"a line"}; }},
             {{"/", "text/html; charset=utf-8", "<!doctype html>"}}, hosts, "pi.example.com") {}

  void Pass(std::chrono::milliseconds time) {
    now.steady += time;
    now.wall += time;
  }
  // For `time`, a reading each second.
  void Read(const Reading& reading, std::chrono::seconds time = 1s) {
    for (auto s = 0s; s < time; ++s) {
      Pass(1s);
      site.OnUpdate(inverter, inverter.Apply(reading, now));
    }
  }

  std::optional<Answer> Handle(std::string_view target, Request::Method method = Request::Method::kGet,
                               std::optional<std::string_view> host = "127.0.0.1:8099") {
    return site.Handle({method, target, host}, now);
  }
  Answer Ask(std::string_view target) {
    auto answer = Handle(target);
    REQUIRE(answer);
    return *std::move(answer);
  }
  int Status(std::string_view target) { return Ask(target).status; }
  rapidjson::Document Json(std::string_view target) {
    const Answer answer = Ask(target);
    CHECK(answer.status == 200);
    CHECK(answer.type == "application/json");
    rapidjson::Document document;
    document.Parse(answer.body.c_str(), answer.body.size());
    REQUIRE_FALSE(document.HasParseError());
    return document;
  }
};

inline bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace aims::page
