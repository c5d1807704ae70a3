// What all sessions of the NUT server share: the UPSes, their names, and who is logged in.
// Pure. What clients ask for goes out by functions, and so does what the log says of them.

#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_budget.h"
#include "base/log_level.h"
#include "base/log_once.h"
#include "base/time.h"
#include "inverter/command.h"
#include "inverter/nut_client.h"
#include "nut/accounts.h"
#include "nut/options.h"
#include "nut/ups.h"

namespace aims::nut {

// What the server has others do.
struct Actions {
  // Passes a command on to an inverter; false: another one waits.
  std::function<bool(const std::string& inverter, Command command)> command;
  // A primary wants everything shut down that this inverter, which is on battery, keeps running.
  std::function<void(const std::string& inverter)> shut_down;
  // Who is logged in to it has changed.
  std::function<void(const std::string& inverter, std::vector<NutClient> clients)> tell_clients;
  std::function<bool()> can_start_tls = [] { return false; };
  std::function<std::string()> new_id;  // a UUID, for an outcome that is asked for later
  std::function<void(const LogLine& line)> log;
};

// An inverter that is served. Both outlive the service.
struct Served {
  const InverterOptions* options;
  const Inverter* inverter;
};

class Service {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Service(const NutOptions& options, const std::vector<Served>& inverters, Actions actions);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  bool CanStartTls() { return actions_.can_start_tls(); }

  void OnUpdate(const Inverter& inverter, Time now);

  // By its id, or one of the first one's aliases, in upper or lower case; null: there is none.
  const Ups* Find(std::string_view name) const;
  const std::vector<Ups>& upses() const { return upses_; }

  bool IsAllowed(const Login& login, Right right, const std::string& address, Time now);

  // Who is logged in to `ups`, in the order they came.
  std::vector<NutClient> Clients(const Ups& ups) const;
  size_t CountClients(const Ups& ups) const;

  // For sessions. `session` tells one login from another.
  void LogIn(const void* session, const Ups& ups, const std::string& name, const std::string& address, Moment now);
  // `why` the connection was lost; empty: the client said LOGOUT.
  void LogOut(const void* session, std::string_view why, Time now);
  void ShutDown(const Ups& ups, const std::string& who, Time now);
  // Passes `command`, which `who` asked for as `word`, on; the id by which the outcome can be asked for.
  std::string PassOn(const Ups& ups, Command command, std::string_view word, const std::string& who, Time now);
  // "SUCCESS", "ERR FAILED", or "ERR UNKNOWN": no such id.
  std::string_view Outcome(std::string_view id) const;

 private:
  struct LoggedIn {
    const void* session;
    const Ups* ups;
    NutClient client;
  };
  struct Done {
    std::string id;
    bool is_taken;
  };

  void Say(LogBudget& budget, LogLevel level, std::string text, Time now);
  void TellClients(const Ups& ups);

  std::vector<Ups> upses_;
  Accounts accounts_;
  Actions actions_;
  std::vector<LoggedIn> logged_in_;
  std::deque<Done> done_;  // the newest last
  LogThrottle refusals_;
  LogBudget comings_and_goings_{30, 10};
  LogBudget orders_{30, 10};  // shutdowns and commands
};

}  // namespace aims::nut
