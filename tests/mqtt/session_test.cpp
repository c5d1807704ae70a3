#include "mqtt/session.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <deque>
#include <vector>

using namespace aims;
using namespace std::chrono_literals;

namespace {

struct TheEnd {};  // of the play

// A world in which each attempt goes as the play says, and waiting takes no time. The play's end ends the session.
struct Fixture {
  struct Attempt {
    std::optional<Error> failure;                    // nothing: it connects
    std::chrono::milliseconds takes{0};              // the attempt
    std::optional<std::chrono::milliseconds> holds;  // the connection
  };

  Session::Time now{1000s};
  std::deque<Attempt> play;
  std::deque<Result<Broker>> brokers;
  std::vector<std::chrono::milliseconds> starts;  // of attempts, since the beginning
  std::vector<std::string> hosts;
  std::vector<std::string> told;
  int diagnoses = 0;
  Session::Time breaks_at{};

  asio::awaitable<Result<void>> Connect(Broker broker) {
    if (play.empty()) throw TheEnd();
    starts.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now - Session::Time(1000s)));
    hosts.push_back(broker.host);
    const Attempt attempt = play.front();
    play.pop_front();
    now += attempt.takes;
    if (attempt.failure) co_return tl::unexpected<Error>(*attempt.failure);
    breaks_at = now + attempt.holds.value_or(1h);
    co_return Result<void>();
  }
  asio::awaitable<std::optional<std::string>> Lost(Session::Time limit) {
    const bool is_lost = breaks_at <= limit;
    now = std::min(breaks_at, limit);
    if (!is_lost) co_return std::nullopt;
    co_return "cut";
  }
  asio::awaitable<Result<Broker>> FindBroker() {
    if (brokers.empty()) throw TheEnd();
    const Result<Broker> broker = brokers.front();
    brokers.pop_front();
    co_return broker;
  }
  asio::awaitable<std::string> Diagnose() {
    ++diagnoses;
    co_return "why";
  }
  asio::awaitable<void> WaitUntil(Session::Time time) {
    now = std::max(now, time);
    co_return;
  }

  void Run(Broker broker = {"host", 1883}) {
    Session session({[this] { return FindBroker(); }, [this](const Broker& b) { return Connect(b); },
                     [this](Session::Time limit) { return Lost(limit); },
                     [this](const Broker&, const std::string&) { return Diagnose(); },
                     [this](Session::Time time) { return WaitUntil(time); }, [this] { return now; }},
                    std::move(broker),
                    {[this] { told.push_back("connected"); }, [this] { told.push_back("disconnected"); }});
    asio::io_context context;
    bool is_over = false;
    asio::co_spawn(context, session.Run(), [&](std::exception_ptr failure) {
      try {
        std::rethrow_exception(failure);
      } catch (const TheEnd&) {
        is_over = true;
      }
    });
    context.run();
    CHECK(is_over);
  }
};

const Error kRefusal{ErrorCode::kRefused, "refused"};
const Error kDenial{ErrorCode::kDenied, "it refused the login"};

using Times = std::vector<std::chrono::milliseconds>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "it tries again after 1 s, 2 s, and then every 3 s, for ever") {
  for (int i = 0; i < 6; ++i) play.push_back({kRefusal});
  Run();
  CHECK(starts == Times{0s, 1s, 3s, 6s, 9s, 12s});
}

TEST_CASE_FIXTURE(Fixture, "attempts that take three seconds begin four apart, not six") {
  for (int i = 0; i < 5; ++i) play.push_back({kRefusal, 3s});
  Run();
  CHECK(starts == Times{0s, 4s, 8s, 12s, 16s});
}

TEST_CASE_FIXTURE(Fixture,
                  "after a connection that held it begins anew with 1 s; after one that broke at once it goes on") {
  play = {{kRefusal}, {kRefusal}, {{}, 0s, 20s}, {kRefusal}, {{}, 0s, 1s}, {{}, 0s, 1s}};
  Run();
  CHECK(starts == Times{0s, 1s, 3s, 24s, 26s, 29s});
  CHECK(told == std::vector<std::string>{"connected", "disconnected", "connected", "disconnected", "connected",
                                         "disconnected"});
}

TEST_CASE_FIXTURE(Fixture, "the reason of a failure is looked for once while it lasts, and not where it is known") {
  for (int i = 0; i < 5; ++i) play.push_back({kRefusal});
  Run();
  CHECK(diagnoses == 1);
  play = {{kDenial}, {kDenial}};
  Run();
  CHECK(diagnoses == 1);
}

TEST_CASE_FIXTURE(Fixture, "a steady connection makes the next failure news again") {
  play = {{kRefusal}, {{}, 0s, 20s}, {kRefusal}};
  Run();
  CHECK(diagnoses == 2);
}

TEST_CASE_FIXTURE(Fixture, "without a host it asks for a broker before each attempt, until there is one") {
  const auto none = Failure(ErrorCode::kAbsent, "none");
  brokers = {none, none, Broker{"first", 1883}, Broker{"second", 1883}};
  play = {{kRefusal}, {kRefusal}};
  Run({});
  CHECK(hosts == std::vector<std::string>{"first", "second"});
  CHECK(starts[0] == 3s);
}
