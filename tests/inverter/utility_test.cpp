#include "inverter/utility.h"

#include <doctest/doctest.h>

#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  Utility utility;
  Utility::Time now{1000s};
  Reading mains = *megatec::ParseStatus(frames::kMains);

  // True where something was learned meanwhile.
  bool Holds(double volts, std::chrono::seconds time) {
    mains.utility_voltage = volts;
    bool has_learned = false;
    for (auto i = 0s; i < time; i += 1s) has_learned = utility.Read(mains, now += 1s) || has_learned;
    return has_learned;
  }
  Input InputAt(double volts) const {
    Reading reading = mains;
    reading.utility_voltage = volts;
    reading.on_battery = true;
    return utility.InputOf(reading);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "before the utility was ever seen, what is there counts as out of range") {
  CHECK_FALSE(utility.nominal());
  CHECK(InputAt(118) == Input::kOutOfRange);
  CHECK(InputAt(12) == Input::kNone);
}

TEST_CASE_FIXTURE(Fixture, "the choice nearest to the first reading stands until something is learned") {
  for (const auto& [first, nominal] : {std::pair(120.0, 120), {111.0, 110}, {225.4, 230}, {99.0, 100}, {246.0, 240}}) {
    Fixture each;
    CHECK_FALSE(each.Holds(first, 1s));
    CHECK(each.utility.nominal() == nominal);
    CHECK_FALSE(each.utility.learned());
  }
}

TEST_CASE_FIXTURE(Fixture, "ten minutes without an interruption teach it, by their median") {
  Holds(104, 120s);
  CHECK_FALSE(Holds(119, 400s));
  CHECK(Holds(121, 120s));
  CHECK(utility.learned() == 120);
  Reading outage = *megatec::ParseStatus(frames::kOutage);
  Fixture interrupted;
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(interrupted.Holds(120, 300s));
    interrupted.utility.Read(outage, interrupted.now += 1s);
  }
  CHECK_FALSE(interrupted.utility.learned());
  CHECK(Utility({}, 240).nominal() == 240);  // an earlier run did
}

// W2 of published cases: nominal was learned anew from each reading, so at 98 V it was 100 and "utility present".
TEST_CASE_FIXTURE(Fixture, "a line that sags is out of range, and does not change what is nominal") {
  Holds(120, 700s);
  for (const double volts : {112.0, 108.0, 103.0}) Holds(volts, 600s);
  CHECK(utility.nominal() == 120);
  CHECK(InputAt(98) == Input::kOutOfRange);
  Fixture fresh;
  for (const double volts : {120.0, 112.0, 108.0, 103.0}) fresh.Holds(volts, 1s);
  CHECK(fresh.utility.nominal() == 120);
  CHECK(fresh.InputAt(98) == Input::kOutOfRange);
}

TEST_CASE_FIXTURE(Fixture, "a utility that stays elsewhere for an hour is another one, unless the owner has chosen") {
  Holds(120, 700s);
  CHECK_FALSE(Holds(230, 3600s));
  CHECK(utility.nominal() == 120);
  CHECK(Holds(230, 700s));
  CHECK(utility.nominal() == 230);
  CHECK_FALSE(Holds(237, 7200s));  // as it does in a night
  CHECK(utility.nominal() == 230);

  Fixture chosen{Utility(120)};
  chosen.Holds(230, 7200s);
  CHECK(chosen.utility.nominal() == 120);
}

TEST_CASE_FIXTURE(Fixture, "an input within 15 % is in range, and one below half, or 50 V, is none") {
  struct Case {
    double nominal;
    double volts;
    Input input;
  };
  for (const Case c :
       {Case{120, 0, Input::kNone}, Case{120, 49, Input::kNone}, Case{120, 59, Input::kNone},
        Case{120, 101.9, Input::kOutOfRange}, Case{120, 102, Input::kInRange}, Case{120, 138, Input::kInRange},
        Case{120, 138.1, Input::kOutOfRange}, Case{230, 110, Input::kNone}, Case{230, 180, Input::kOutOfRange},
        Case{230, 240, Input::kInRange}, Case{100, 99, Input::kInRange}, Case{100, 80, Input::kOutOfRange}}) {
    CAPTURE(c.nominal);
    CAPTURE(c.volts);
    Fixture each{Utility(c.nominal)};
    CHECK(each.InputAt(c.volts) == c.input);
  }
  Reading untold = mains;
  untold.utility_voltage.reset();
  CHECK(utility.InputOf(untold) == Input::kUnknown);
}
