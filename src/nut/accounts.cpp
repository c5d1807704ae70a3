#include "nut/accounts.h"

#include <algorithm>

namespace aims::nut {
namespace {

bool Has(const NutUser& user, Right right) {
  switch (right) {
    case Right::kLogin:
      return user.role != NutRole::kRead;
    case Right::kPrimary:
      return user.role == NutRole::kPrimary;
    case Right::kCommands:
      return user.commands;
  }
  return false;
}

}  // namespace

Accounts::Accounts(const NutOptions& options) : users_(options.users) {
  if (!options.nas) return;
  for (const auto& [name, password] : kNasLogins) {
    users_.push_back({std::string(name), std::string(password), NutRole::kSecondary});
  }
}

Accounts::Verdict Accounts::Check(const Login& login, Right right, const std::string& address, Time now) {
  const auto record = records_.find(address);
  if (record != records_.end() && record->second.blocked_until) {
    if (now < *record->second.blocked_until) return Verdict::kBlocked;
    records_.erase(record);
  }
  const auto user = std::find_if(users_.begin(), users_.end(), [&](const NutUser& one) {
    return one.name == login.name && one.password == login.password;
  });
  if (user == users_.end()) return CountWrong(address, now);
  return Has(*user, right) ? Verdict::kAllowed : Verdict::kNotAllowed;
}

Accounts::Verdict Accounts::CountWrong(const std::string& address, Time now) {
  if (!records_.contains(address) && records_.size() >= kMostAddresses) {
    records_.erase(std::min_element(records_.begin(), records_.end(), [](const auto& a, const auto& b) {
      return a.second.heard_at < b.second.heard_at;
    }));
  }
  Record& record = records_[address];
  record.heard_at = now;
  record.wrong.push_back(now);
  while (now - record.wrong.front() >= kWithin) record.wrong.pop_front();
  if (record.wrong.size() < kMostWrong) return Verdict::kWrong;
  record.blocked_until = now + kBlocked;
  return Verdict::kWrongTooOften;
}

}  // namespace aims::nut
