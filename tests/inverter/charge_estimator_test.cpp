#include "inverter/charge_estimator.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace aims;

namespace {

constexpr Belief kJustFull{1, 0.01};
constexpr Belief kAsPrinted{1, 0.3};

// A discharge in a hundred steps, in which the voltage says what `says` makes of the share that was taken.
template <typename Says>
ChargeEstimator After(double taken, Belief start, Belief drain, Says says, double sigma = 0.04) {
  ChargeEstimator estimator(start, drain);
  for (int i = 1; i <= 100; ++i) {
    const double now = taken * i / 100;
    estimator.Count(now, 0, 0);
    estimator.Hear({says(now), sigma});
  }
  return estimator;
}

}  // namespace

TEST_CASE("without a voltage the charge is the count, and the less sure the more was counted") {
  ChargeEstimator estimator(kJustFull, kAsPrinted);
  CHECK(estimator.charge().mean == 1);
  estimator.Count(0.4, 0, 0);
  CHECK(estimator.charge().mean == doctest::Approx(0.6));
  CHECK(estimator.charge().sigma == doctest::Approx(std::hypot(0.01, 0.4 * 0.3)));
  CHECK(estimator.drain().mean == 1);
}

TEST_CASE("a voltage that agrees with the count makes both surer") {
  const auto estimator = After(0.6, kJustFull, kAsPrinted, [](double taken) { return 1 - taken; });
  CHECK(estimator.charge().mean == doctest::Approx(0.4).epsilon(0.01));
  CHECK(estimator.charge().sigma < 0.06);
  CHECK(estimator.drain().mean == doctest::Approx(1).epsilon(0.01));
  CHECK(estimator.drain().sigma < 0.1);
}

TEST_CASE("of a worn battery the charge and the drain are found together") {
  const auto estimator = After(0.4, kJustFull, kAsPrinted, [](double taken) { return 1 - taken / 0.7; });
  CHECK(estimator.charge().mean == doctest::Approx(1 - 0.4 / 0.7).epsilon(0.05));
  CHECK(estimator.drain().mean == doctest::Approx(1 / 0.7).epsilon(0.05));
  CHECK(estimator.Left(0).mean == doctest::Approx((1 - 0.4 / 0.7) * 0.7).epsilon(0.1));
}

TEST_CASE("where the start is unknown the voltage alone tells the charge, and nothing of the drain") {
  const auto estimator = After(0.1, {0.65, 0.4}, kAsPrinted, [](double taken) { return 0.4 - taken; });
  CHECK(estimator.charge().mean == doctest::Approx(0.3).epsilon(0.1));
  CHECK(estimator.drain().sigma > 0.29);
}

TEST_CASE("a thousand readings of a wrong curve are no surer than one") {
  const auto too_low = [](double taken) { return 1 - taken - 0.2; };
  const auto estimator = After(0.5, kJustFull, {1, 0.03}, too_low, 0.1);
  CHECK(estimator.charge().mean == doctest::Approx(0.5).epsilon(0.06));
}

TEST_CASE("near the end the voltage that collapses is believed within a few percent of what is taken") {
  ChargeEstimator estimator(kJustFull, kAsPrinted);
  for (int i = 1; i <= 1000; ++i) {
    const double taken = 0.8 * i / 1000;
    estimator.Count(taken, 0, 0);
    estimator.Hear(taken < 0.76 ? Belief{0.4, 0.1} : Belief{0.02, 0.02});
  }
  CHECK(estimator.charge().mean < 0.08);
}

TEST_CASE("how far the voltage was off is found in hindsight, and the next discharge knows it") {
  const auto too_high = [](double taken) { return std::min(1.0, 1.15 - taken); };
  auto estimator = After(0.95, kJustFull, kAsPrinted, too_high, 0.1);
  CHECK_FALSE(ChargeEstimator(kJustFull, kAsPrinted).bias());
  estimator.Forget();
  for (int i = 1; i <= 50; ++i) {
    estimator.Count(0.95 + 0.03 * i / 50, 0, 0);
    estimator.Hear({0.02, 0.02});
  }
  REQUIRE(estimator.bias());
  CHECK(estimator.bias()->mean == doctest::Approx(0.13).epsilon(0.25));
  ChargeEstimator next(kJustFull, estimator.drain(), *estimator.bias());
  for (int i = 1; i <= 50; ++i) {
    next.Count(0.5 * i / 50, 0, 0);
    next.Hear({1.15 - 0.5 * i / 50, 0.05});
  }
  CHECK(next.charge().mean == doctest::Approx(0.5).epsilon(0.05));
}

TEST_CASE("what was guessed and what a rate makes doubtful widen the range") {
  ChargeEstimator sure(kJustFull, {1, 0.05}), guessed = sure, doubtful = sure;
  sure.Count(0.5, 0, 0);
  guessed.Count(0.5, 0, 0.3);
  doubtful.Count(0.5, 0.2, 0);
  CHECK(guessed.charge().sigma > sure.charge().sigma * 2);
  CHECK(doubtful.charge().sigma > sure.charge().sigma * 2);
}

TEST_CASE("whatever is said, nothing is negative, above full, or not a number") {
  for (const double said : {-5.0, 0.0, 0.5, 1.0, 7.0}) {
    for (const double taken : {0.0, 1e-9, 0.5, 3.0}) {
      for (const double sigma : {1e-3, 0.1, 5.0}) {
        ChargeEstimator estimator({0.5, 0.0}, {1, 0.5});
        estimator.Count(taken, 0.1, 0.1);
        estimator.Hear({said, sigma});
        estimator.Count(taken * 1.1, 0.1, 0.1);
        estimator.Hear({said, sigma});
        const Belief charge = estimator.charge(), left = estimator.Left(0.1), drain = estimator.drain();
        CHECK((charge.mean >= 0 && charge.mean <= 1 && charge.sigma >= 0));
        CHECK((left.mean >= 0 && left.mean <= 2 && left.sigma >= 0));
        CHECK((drain.mean >= 0.5 && drain.mean <= 4 && drain.sigma >= 0));
      }
    }
  }
}
