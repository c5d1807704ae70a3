// Who may do what, and who has tried too many passwords.
// Pure. Wrong passwords are counted for each address; after ten of them nothing that needs a password is allowed from
// there for a while, with the right one neither.

#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nut/options.h"

namespace aims::nut {

// As upsd.users(5) has them: LOGIN; PRIMARY, MASTER and FSD; SET and INSTCMD.
enum class Right { kLogin, kPrimary, kCommands };

struct Login {
  std::string name;
  std::string password;
};

class Accounts {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr size_t kMostWrong = 10;
  static constexpr std::chrono::minutes kWithin{5};
  static constexpr std::chrono::minutes kBlocked{5};
  static constexpr size_t kMostAddresses = 256;  // more are forgotten, those unheard longest first

  enum class Verdict {
    kAllowed,
    kNotAllowed,     // the login is right, and lacks this right
    kWrong,          // there is no such name with that password
    kWrongTooOften,  // the same, and from now on the address is blocked
    kBlocked,
  };

  explicit Accounts(const NutOptions& options);

  Verdict Check(const Login& login, Right right, const std::string& address, Time now);

 private:
  struct Record {
    std::deque<Time> wrong;  // the newest last
    std::optional<Time> blocked_until;
    Time heard_at;
  };

  Verdict CountWrong(const std::string& address, Time now);

  std::vector<NutUser> users_;
  std::map<std::string, Record> records_;  // by address
};

}  // namespace aims::nut
