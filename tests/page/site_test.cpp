#include "page/site.h"

#include <doctest/doctest.h>

#include "tests/page/cellar.h"

using namespace aims;
using namespace aims::page;

TEST_CASE_FIXTURE(Cellar, "what is known now is told with its number and its time") {
  mains.load = 23;
  Read(mains);
  const auto live = Json("/api/live");
  CHECK(live["seq"].GetInt() == 2);
  CHECK(live["version"] == "1.2.3");
  CHECK(live["time"] == "2023-11-14T22:13:21.000+00:00");
  CHECK(live["broker"]["where"] == "127.0.0.1:1883");
  CHECK(live["broker"]["home_assistant"] == "online");
  REQUIRE(live["inverters"].Size() == 1);
  const auto& one = live["inverters"][0];
  CHECK(one["id"] == "aims_inverter");
  CHECK(one["name"] == "AIMS inverter");
  CHECK(one["state"]["battery_voltage"].GetDouble() == 13.5);
  CHECK(one["state"]["utility_power"] == "ON");
  CHECK(one["next"]["runtime"].GetDouble() > 3600);
  CHECK(one["next"]["missing"].Empty());
}

TEST_CASE_FIXTURE(Cellar, "who has the newest waits; who has none, an older or a later one gets it at once") {
  Read(mains, 3s);  // 4
  CHECK_FALSE(Handle("/api/live?after=4"));
  for (const char* after : {"", "?after=0", "?after=3", "?after=5", "?after=99999999999999999999999"}) {
    CAPTURE(after);
    CHECK(Json(std::string("/api/live") + after)["seq"].GetInt() == 4);
  }
  Read(mains);
  CHECK(Json("/api/live?after=4")["seq"].GetInt() == 5);
}

TEST_CASE_FIXTURE(Cellar, "a number that is none, an unknown path, inverter or range is refused with a JSON text") {
  const std::pair<const char*, int> kWrong[] = {{"/api/live?after=", 400},
                                                {"/api/live?after=x", 400},
                                                {"/api/live?after=-1", 400},
                                                {"/api/live?after=1x", 400},
                                                {"/api/history", 400},
                                                {"/api/history?inverter=aims_inverter", 400},
                                                {"/api/history?inverter=aims_inverter&range=1h", 400},
                                                {"/api/history?inverter=other&range=24h", 404},
                                                {"/api", 404},
                                                {"/api/live/", 404},
                                                {"/../etc/passwd", 404},
                                                {"/%2e%2e/options.json", 404},
                                                {"/page.js%00", 404},
                                                {"/%zz", 400},
                                                {"*", 400}};
  for (const auto& [target, status] : kWrong) {
    CAPTURE(target);
    const Answer answer = Ask(target);
    CHECK(answer.status == status);
    CHECK(answer.type == "application/json");
    CHECK(Has(answer.body, R"({"error":")"));
  }
}

TEST_CASE_FIXTURE(Cellar, "the page is read-only") {
  CHECK(Handle("/", Request::Method::kHead)->status == 200);
  CHECK(Handle("/", Request::Method::kOther)->status == 405);
  CHECK(Handle("/api/live", Request::Method::kOther)->status == 405);
}

TEST_CASE("outside Home Assistant no other site's name leads here") {
  Cellar cellar(DescribedInverter(), Site::Hosts::kThisMachine);
  CHECK(cellar.Handle("/", Request::Method::kGet, "pi.local:8099")->status == 200);
  CHECK(cellar.Handle("/", Request::Method::kGet, "evil.example")->status == 403);
  CHECK(cellar.Handle("/", Request::Method::kGet, std::nullopt)->status == 403);
  CHECK(Cellar().Handle("/", Request::Method::kGet, "evil.example")->status == 200);  // behind ingress
}

TEST_CASE_FIXTURE(Cellar, "history has a column for each value, and null where it is not known") {
  mains.load.reset();
  Read(mains, 3s);
  const auto history = Json("/api/history?inverter=aims_inverter&range=15m");
  CHECK(history["step"].GetInt() == 1);
  CHECK(history["interval"].GetDouble() == 1);
  CHECK(history["time"].Size() == 3);
  CHECK(history["time"][0].GetInt() == 1'700'000'001);
  CHECK(history["battery_voltage"]["mean"][2].GetDouble() == 13.5);
  CHECK(history["load"]["max"].Size() == 3);
  CHECK(history["load"]["max"][0].IsNull());
  CHECK(history["battery_charge"]["min"][0].GetInt() <= history["battery_charge"]["mean"][0].GetInt());
  CHECK(Json("/api/history?inverter=aims_inverter&range=90d")["time"].Size() == 1);
}

TEST_CASE_FIXTURE(Cellar, "what is no reading is told at once, and is none in the history") {
  Read(mains);
  Pass(1s);
  site.OnUpdate(inverter, inverter.Missed(now));
  Pass(1s);
  site.OnUpdate(inverter, inverter.SetNutClients({}, now));
  CHECK(Json("/api/live")["seq"].GetInt() == 4);
  CHECK(Json("/api/history?inverter=aims_inverter&range=15m")["time"].Size() == 1);
}

TEST_CASE_FIXTURE(Cellar, "an inverter that was never read has an empty history") {
  CHECK(Json("/api/history?inverter=aims_inverter&range=24h")["time"].Empty());
}

TEST_CASE_FIXTURE(Cellar, "outages are told the newest first, that which goes on at the top") {
  Read(mains);
  Read(outage, 10s);
  Read(mains, 5s);
  Read(outage, 3s);
  const auto outages = Json("/api/outages");
  const auto& list = outages["inverters"][0]["outages"];
  REQUIRE(list.Size() == 2);
  CHECK(list[0]["end"].IsNull());
  CHECK(list[1]["cause"] == "no mains");
  CHECK(list[1]["lowest_battery_voltage"].GetDouble() == 12.1);
}

TEST_CASE("the table of outages has a line of headings, and no name can be a formula or a column") {
  InverterOptions options = DescribedInverter();
  options.device.name = "=cmd,\"x\"";
  Cellar cellar(options);
  cellar.Read(cellar.mains);
  cellar.Read(cellar.outage, 10s);
  cellar.Read(cellar.mains);
  const Answer csv = cellar.Ask("/outages.csv");
  CHECK(csv.type == "text/csv; charset=utf-8");
  CHECK(csv.body.starts_with("inverter,begin,end,duration_s,cause,"));
  CHECK(Has(
      csv.body,
      "\r\n\"'=cmd,\"\"x\"\"\",2023-11-14T22:13:22.000+00:00,2023-11-14T22:13:32.000+00:00,10,no mains,12.1,23.0,"));
}

TEST_CASE("a name that begins with a tab, which a spreadsheet skips before a formula, is text as well") {
  InverterOptions options = DescribedInverter();
  options.device.name = "\t=cmd";
  Cellar cellar(options);
  cellar.Read(cellar.outage);
  CHECK(Has(cellar.Ask("/outages.csv").body, "\r\n'\t=cmd,"));
}

TEST_CASE_FIXTURE(Cellar, "diagnostics have what a report of a fault needs") {
  Read(mains);
  for (int i = 0; i < 60; ++i) wire.OnReply(frames::kMains, "", now.wall);
  wire.OnReply("rubbish\xff\r", "it is no Q1 reply", now.wall);
  wire.OnMiss(Miss::kNoAnswer);
  const auto report = Json("/api/diagnostics");
  CHECK(report["options"]["log_level"] == "info");
  CHECK(report["log"][0] == "a line");
  const auto& found = report["inverters"][0]["wire"];
  CHECK(found["polls"].GetInt() == 62);
  CHECK(found["misses"]["no answer"].GetInt() == 1);
  CHECK(found["misses"]["bad reply"].GetInt() == 1);
  REQUIRE(found["replies"].Size() == 50);
  CHECK(found["replies"][49]["bytes"] == "rubbish\\xff\\r");
  CHECK(found["replies"][49]["fault"] == "it is no Q1 reply");
  CHECK(found["bad_replies"].Size() == 1);
  CHECK(Json("/api/live")["inverters"][0]["wire"]["replies"].Size() == 1);
}
