// An inverter that is served to NUT's clients, in virtual time: the test reads it, misses it, and speaks as a client.

#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inverter/inverter.h"
#include "megatec/q1.h"
#include "nut/session.h"
#include "tests/megatec/frames.h"

namespace aims::nut {

using namespace std::chrono_literals;

inline InverterOptions DescribedInverter() {
  InverterOptions options;
  options.device = {.id = "aims_inverter", .name = "AIMS inverter", .model = "PICOGLF12W12V120AL"};
  options.battery = {.type = BatteryType::kAgm, .nominal_voltage = 12, .capacity = 200, .rated_power = 1200};
  return options;
}

// An earlier run left a battery of that charge.
inline SavedInverter Charged(double charge = 0.99) {
  SavedInverter saved;
  saved.battery.battery.charge = Belief{charge, 0.01};
  return saved;
}

inline NutOptions WithUsers() {
  NutOptions options;
  options.enabled = true;
  options.users = {{"reader", "r", NutRole::kRead},
                   {"pve", "p", NutRole::kSecondary},
                   {"nas", "n", NutRole::kPrimary},
                   {"boss", "b", NutRole::kPrimary, /*commands=*/true}};
  return options;
}

struct House {
  static constexpr char kBoot[] = "11223344";

  InverterOptions options;
  Inverter inverter;
  Moment now{Inverter::Time(1000s), WallTime(1'700'000'000s)};
  Reading mains = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);
  std::vector<std::pair<std::string, aims::Command>> commands;
  bool is_command_taken = true;
  std::vector<std::string> log;
  bool has_tls = false;
  Service service;
  std::vector<std::unique_ptr<Session>> sessions;

  using Seconds = std::chrono::seconds;

  explicit House(InverterOptions described = DescribedInverter(), const SavedInverter& saved = Charged(),
                 const NutOptions& nut = WithUsers())
      : options(std::move(described)),
        inverter(options, saved, "run", kBoot),
        service(nut, {{&options, &inverter}},
                {.command =
                     [this](const std::string& id, aims::Command command) {
                       commands.emplace_back(id, command);
                       return is_command_taken;
                     },
                 .shut_down = [this](const std::string&) { Hear(inverter.RequestShutdown(now)); },
                 .tell_clients =
                     [this](const std::string&, std::vector<NutClient> clients) {
                       Hear(inverter.SetNutClients(std::move(clients), now));
                     },
                 .can_start_tls = [this] { return has_tls; },
                 .new_id = [n = 0]() mutable { return "id-" + std::to_string(++n); },
                 .log = [this](const LogLine& line) { log.push_back(line.text); }}) {
    sessions.push_back(std::make_unique<Session>(service, "192.168.1.20"));
  }

  void Hear(const Update&) { service.OnUpdate(inverter, now.steady); }
  void Pass(Seconds time) {
    now.steady += time;
    now.wall += time;
  }
  // For `time`, a reading each second.
  void Read(const Reading& reading, Seconds time = Seconds(1)) {
    for (Seconds s{0}; s < time; ++s) {
      Pass(Seconds(1));
      Hear(inverter.Apply(reading, now));
    }
  }
  void Miss(Seconds time = Seconds(1)) {
    for (Seconds s{0}; s < time; ++s) {
      Pass(Seconds(1));
      Hear(inverter.Missed(now));
    }
  }

  Session& Another(const std::string& address = "192.168.1.21") {
    sessions.push_back(std::make_unique<Session>(service, address));
    return *sessions.back();
  }
  Answer Handle(Session& session, std::string_view line) {
    RequestReader reader;
    for (const char byte : line) REQUIRE(reader.Add(byte) == RequestReader::Found::kNothing);
    REQUIRE(reader.Add('\n') == RequestReader::Found::kRequest);
    return session.Handle(reader.words(), now);
  }
  std::string Ask(Session& session, std::string_view line) { return Handle(session, line).text; }
  std::string Ask(std::string_view line) { return Ask(*sessions.front(), line); }
  void LogInAs(Session& session, const std::string& name, const std::string& password) {
    CHECK(Ask(session, "USERNAME " + name) == "OK\n");
    CHECK(Ask(session, "PASSWORD " + password) == "OK\n");
  }

  std::string Status() {
    const std::string answer = Ask("GET VAR aims_inverter ups.status");
    constexpr std::string_view kBefore = "VAR aims_inverter ups.status \"";
    if (!answer.starts_with(kBefore)) return answer;
    return answer.substr(kBefore.size(), answer.size() - kBefore.size() - 2);
  }
  std::string Value(const std::string& variable) {
    const std::string answer = Ask("GET VAR aims_inverter " + variable);
    const auto quote = answer.find('"');
    return quote == std::string::npos ? answer : answer.substr(quote + 1, answer.size() - quote - 3);
  }
};

}  // namespace aims::nut
