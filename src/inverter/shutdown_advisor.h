// Whether to shut equipment down, by what the owner has chosen and never by b1, which every AIMS outage sets. Pure. The
// advice is latched: a load that was shed makes the runtime longer, and flapping mains come back for a moment; neither
// withdraws it.

#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace aims {

// Each holds on its own; empty: off.
struct ShutdownOptions {
  double charge = 30;                                // %: at or below
  std::chrono::milliseconds runtime{300'000};        // at or below
  std::optional<double> voltage{};                   // V: at or below; by default 12.0 V per 12 V for LiFePO4
  std::optional<std::chrono::milliseconds> after{};  // on battery
  std::chrono::milliseconds delay{10'000};           // so long a condition holds before it counts
  std::chrono::milliseconds restore_delay{60'000};   // so long the mains hold before the advice is withdrawn
  double restart_charge = 30;                        // %: from here on it is safe to start again
};

class ShutdownAdvisor {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  enum class Why { kCharge, kRuntime, kVoltage, kAfter, kBatteryLow, kRequested };
  static constexpr std::array<std::string_view, 6> kWhys{
      "charge", "runtime", "voltage", "time on battery", "battery low", "requested by a NUT primary"};
  struct Reason {
    Why why;
    double value;      // %, s, V, s; of the last two 1
    double limit = 0;  // the same; 0: there is none

    bool operator==(const Reason&) const = default;
  };

  // Which conditions count. A test is no outage; in battery-priority mode the utility is there, and only the inverter
  // itself can say that the battery is about to end.
  enum class Counts { kAll, kBatteryLow, kNothing };

  // What is known. Of a silent inverter that was on battery, charge and runtime are carried on.
  struct Input {
    bool on_battery = false;               // or was, when it fell silent
    std::optional<Duration> silent_for{};  // nothing: it answers
    Duration on_battery_for{0};
    std::optional<double> charge{};          // %
    std::optional<double> runtime{};         // s, the least that it may be
    std::optional<double> voltage{};         // V
    std::optional<double> safety_voltage{};  // V: at or below; where the owner chose none and no charge is known
    bool battery_low = false;
    Counts counts = Counts::kAll;
  };

  explicit ShutdownAdvisor(const ShutdownOptions& options, bool is_advised = false)
      : options_(options), is_advised_(is_advised) {}

  void Follow(const Input& input, Time now);
  // Advised at once, because a NUT client asked for it, until the mains have held for the restore delay.
  void Request();

  bool is_advised() const { return is_advised_; }
  // Why it is advised: what holds now, or did last.
  const std::vector<Reason>& reasons() const { return reasons_; }
  // The mains have held for 5 min, but for failures of seconds, and the charge is enough, or unknown.
  bool is_safe_to_start() const { return is_safe_to_start_; }

 private:
  static constexpr std::chrono::minutes kMainsHeld{5};
  static constexpr std::chrono::seconds kShortFailure{30};
  // So long what may be the dip of a motor's start is not believed, whatever the delay is; apcupsd waits as long.
  static constexpr std::chrono::seconds kInrush{6};
  static constexpr std::chrono::seconds kSilenceCounts{60};

  void FollowConditions(const Input& input, Time now);
  void FollowStart(const Input& input, Time now);
  std::vector<Reason> Met(const Input& input) const;

  ShutdownOptions options_;
  bool is_advised_;
  bool is_requested_ = false;
  bool is_safe_to_start_ = false;
  std::vector<Reason> reasons_;
  std::array<std::optional<Time>, kWhys.size()> met_since_{};
  std::optional<Time> mains_since_;
  std::optional<Time> failing_since_;  // until the mains have held for kShortFailure
};

}  // namespace aims
