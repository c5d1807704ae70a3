#include "nut/accounts.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace aims::nut;
using namespace std::chrono_literals;
using enum Accounts::Verdict;

namespace {

NutOptions Options() {
  NutOptions options;
  options.users = {{"reader", "r", NutRole::kRead},
                   {"pve", "p", NutRole::kSecondary},
                   {"nas", "n", NutRole::kPrimary},
                   {"ha", "h", NutRole::kRead, /*commands=*/true}};
  return options;
}

const Login kRight{"pve", "p"};
const Login kWrongOne{"pve", "x"};

struct Fixture {
  Accounts accounts{Options()};
  Accounts::Time now{1000s};

  Accounts::Verdict Try(const Login& login, const std::string& address = "10.0.0.1") {
    return accounts.Check(login, Right::kLogin, address, now += 1s);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a role has its rights, and commands are a right of their own") {
  const auto check = [&](const Login& login, Right right) { return accounts.Check(login, right, "a", now); };
  CHECK(check({"reader", "r"}, Right::kLogin) == kNotAllowed);
  CHECK(check({"pve", "p"}, Right::kLogin) == kAllowed);
  CHECK(check({"pve", "p"}, Right::kPrimary) == kNotAllowed);
  CHECK(check({"pve", "p"}, Right::kCommands) == kNotAllowed);
  CHECK(check({"nas", "n"}, Right::kLogin) == kAllowed);
  CHECK(check({"nas", "n"}, Right::kPrimary) == kAllowed);
  CHECK(check({"ha", "h"}, Right::kCommands) == kAllowed);
  CHECK(check({"ha", "h"}, Right::kLogin) == kNotAllowed);
}

TEST_CASE_FIXTURE(Fixture, "names and passwords count to the letter") {
  CHECK(Try({"pve", "P"}) == kWrong);
  CHECK(Try({"PVE", "p"}) == kWrong);
  CHECK(Try({"pve", ""}) == kWrong);
  CHECK(Try({"", ""}) == kWrong);
}

TEST_CASE_FIXTURE(Fixture, "after ten wrong passwords the right one is refused, too, for five minutes") {
  for (int i = 0; i < 9; ++i) CHECK(Try(kWrongOne) == kWrong);
  CHECK(Try(kRight) == kAllowed);
  CHECK(Try(kWrongOne) == kWrongTooOften);
  CHECK(Try(kRight) == kBlocked);
  CHECK(Try(kRight, "10.0.0.2") == kAllowed);
  now += 5min - 4s;
  CHECK(Try(kRight) == kBlocked);
  now += 2s;
  CHECK(Try(kWrongOne) == kWrong);  // counted anew
  CHECK(Try(kRight) == kAllowed);
}

TEST_CASE_FIXTURE(Fixture, "ten wrong passwords in more than five minutes block no address") {
  for (int i = 0; i < 40; ++i) {
    CHECK(Try(kWrongOne) == kWrong);
    now += 40s;
  }
}

TEST_CASE_FIXTURE(Fixture, "a right that is lacking is no wrong password") {
  for (int i = 0; i < 20; ++i) CHECK(accounts.Check(kRight, Right::kPrimary, "a", now) == kNotAllowed);
}

TEST_CASE_FIXTURE(Fixture, "addresses that try are remembered, up to a bound") {
  for (int i = 0; i < 9; ++i) Try(kWrongOne, "first");
  for (size_t i = 0; i < Accounts::kMostAddresses; ++i) Try(kWrongOne, "other " + std::to_string(i));
  CHECK(Try(kWrongOne, "first") == kWrong);  // forgotten, and counted anew
}

TEST_CASE("the logins of NAS makers are there only where the owner wants them, and are secondaries") {
  Accounts::Time now{1000s};
  NutOptions options;
  CHECK(Accounts(options).Check({"monuser", "secret"}, Right::kLogin, "a", now) == kWrong);
  options.nas = true;
  Accounts accounts(options);
  for (const auto& login : {Login{"monuser", "secret"}, Login{"admin", "123456"}, Login{"admin", "1111"}}) {
    CHECK(accounts.Check(login, Right::kLogin, "a", now) == kAllowed);
    CHECK(accounts.Check(login, Right::kPrimary, "a", now) == kNotAllowed);
    CHECK(accounts.Check(login, Right::kCommands, "a", now) == kNotAllowed);
  }
  CHECK(accounts.Check({"admin", "secret"}, Right::kLogin, "a", now) == kWrong);
}
