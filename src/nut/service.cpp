#include "nut/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "nut/variables.h"

namespace aims::nut {
namespace {

// What Synology's, QNAP's and Asustor's clients ask for, and cannot be told otherwise.
constexpr std::array<std::string_view, 3> kAliases{"ups", "qnapups", "asustor"};
constexpr size_t kMostDone = 32;
constexpr size_t kLongestName = 40;  // of a user that does not exist, in the log

}  // namespace

Service::Service(const NutOptions& options, const std::vector<Served>& inverters, Actions actions)
    : accounts_(options), actions_(std::move(actions)) {
  for (const Served& served : inverters) upses_.emplace_back(*served.options, *served.inverter);
}

void Service::OnUpdate(const Inverter& inverter, Time now) {
  for (Ups& ups : upses_) {
    if (&ups.inverter() == &inverter) ups.OnUpdate(now);
  }
}

const Ups* Service::Find(std::string_view name) const {
  const auto found =
      std::find_if(upses_.begin(), upses_.end(), [&](const Ups& ups) { return IsSame(ups.name(), name); });
  if (found != upses_.end()) return &*found;
  const bool is_alias =
      std::any_of(kAliases.begin(), kAliases.end(), [&](std::string_view alias) { return IsSame(alias, name); });
  return is_alias && !upses_.empty() ? &upses_.front() : nullptr;
}

bool Service::IsAllowed(const Login& login, Right right, const std::string& address, Time now) {
  using enum Accounts::Verdict;
  const auto verdict = accounts_.Check(login, right, address, now);
  if (verdict == kAllowed) return true;
  const std::string who = fmt::format("{} at {}", login.name.substr(0, kLongestName), address);
  std::string line;
  if (verdict == kNotAllowed) {
    line = fmt::format("refused {}: the user's role or commands option does not allow it", who);
  }
  if (verdict == kWrong || verdict == kWrongTooOften) {
    line = fmt::format("refused {}: no user has this name and password", who);
  }
  if (verdict == kWrongTooOften) {
    line += fmt::format(". That was the {}th time within {} min. No login from there counts for {} min",
                        Accounts::kMostWrong, Accounts::kWithin.count(), Accounts::kBlocked.count());
  }
  if (!line.empty() && refusals_.IsNew(line, now)) actions_.log({LogLevel::kWarning, "NUT server: " + line});
  return false;
}

std::vector<NutClient> Service::Clients(const Ups& ups) const {
  std::vector<NutClient> clients;
  for (const LoggedIn& one : logged_in_) {
    if (one.ups == &ups) clients.push_back(one.client);
  }
  return clients;
}

size_t Service::CountClients(const Ups& ups) const {
  return std::count_if(logged_in_.begin(), logged_in_.end(), [&](const LoggedIn& one) { return one.ups == &ups; });
}

void Service::LogIn(const void* session, const Ups& ups, const std::string& name, const std::string& address,
                    Moment now) {
  logged_in_.push_back({session, &ups, {name, address, now.wall}});
  Say(comings_and_goings_, LogLevel::kInfo, fmt::format("{} at {} logged in to {}", name, address, ups.name()),
      now.steady);
  TellClients(ups);
}

void Service::LogOut(const void* session, std::string_view why, Time now) {
  const auto found =
      std::find_if(logged_in_.begin(), logged_in_.end(), [&](const LoggedIn& one) { return one.session == session; });
  if (found == logged_in_.end()) return;
  const LoggedIn left = std::move(*found);
  logged_in_.erase(found);
  const std::string who = fmt::format("{} at {}", left.client.name, left.client.address);
  const std::string line = why.empty() ? who + " logged out" : fmt::format("lost {}: {}", who, why);
  Say(comings_and_goings_, LogLevel::kInfo, line, now);
  TellClients(*left.ups);
}

void Service::ShutDown(const Ups& ups, const std::string& who, Time now) {
  const Snapshot& snapshot = ups.inverter().snapshot();
  std::string line = fmt::format("{} asked for a shutdown of all computers at {} (FSD)", who, ups.name());
  if (!snapshot.in_outage) {
    line += snapshot.reading ? ". Ignored: utility power is present"
                             : ". Ignored: the inverter is not known to be on battery";
  }
  Say(orders_, LogLevel::kWarning, line, now);
  if (!snapshot.in_outage) return;
  actions_.shut_down(ups.name());
}

std::string Service::PassOn(const Ups& ups, Command command, std::string_view word, const std::string& who, Time now) {
  Say(orders_, LogLevel::kInfo, fmt::format("{} asked for {} at {}", who, word, ups.name()), now);
  const bool is_taken = actions_.command(ups.name(), command);
  done_.push_back({actions_.new_id(), is_taken});
  if (done_.size() > kMostDone) done_.pop_front();
  return done_.back().id;
}

std::string_view Service::Outcome(std::string_view id) const {
  const auto found = std::find_if(done_.begin(), done_.end(), [&](const Done& one) { return one.id == id; });
  if (found == done_.end()) return "ERR UNKNOWN";
  return found->is_taken ? "SUCCESS" : "ERR FAILED";
}

// Clients come and go as often as they like: what is too much is counted.
void Service::Say(LogBudget& budget, LogLevel level, std::string text, Time now) {
  if (const auto count = budget.LeftOut(now)) {
    actions_.log({LogLevel::kWarning, fmt::format("NUT server: {} lines were left out in the last minute", *count)});
  }
  if (budget.Take(now)) actions_.log({level, "NUT server: " + std::move(text)});
}

void Service::TellClients(const Ups& ups) { actions_.tell_clients(ups.name(), Clients(ups)); }

}  // namespace aims::nut
