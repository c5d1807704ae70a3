// Whether to shut equipment down, by what the owner has chosen, and by a battery that is plainly at its end; never by
// b1, which every AIMS outage sets. Pure. The advice is latched: a load that was shed makes the runtime longer, and
// flapping mains come back for a moment; neither withdraws it.

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

  enum class Why { kCharge, kRuntime, kVoltage, kAfter, kBatteryLow, kRequested, kCutoff };
  static constexpr std::array<std::string_view, 7> kWhys{"charge",          "runtime",     "voltage",
                                                         "time on battery", "battery low", "requested by a NUT primary",
                                                         "cut-off voltage"};
  struct Reason {
    Why why;
    double value;      // %, s, V, s, 1, 1, V
    double limit = 0;  // the same; 0: there is none

    bool operator==(const Reason&) const = default;
  };

  // What is known. Of a silent inverter that was in an outage, charge and runtime are carried on, and the last voltage
  // and low bit stand: what a battery has lost does not come back.
  struct Input {
    bool in_outage = false;                  // or was, when it fell silent
    bool is_interrupted = false;             // the utility was taken, but not for long enough to end the outage
    bool is_utility_there = false;           // the utility could carry the load
    bool may_be_test = false;                // in_outage, and as a unit's own short test would look
    std::optional<Duration> silent_for{};    // nothing: it answers
    Duration on_battery_for{0};              // in this outage
    std::optional<double> charge{};          // %
    std::optional<double> runtime{};         // s, the least that it may be
    std::optional<double> voltage{};         // V
    std::optional<double> safety_voltage{};  // V: at or below; where the owner chose none and no charge is known
    std::optional<double> cutoff_voltage{};  // V: at or below, the inverter switches off
    bool battery_low = false;
  };

  explicit ShutdownAdvisor(const ShutdownOptions& options, bool is_advised = false)
      : options_(options), is_advised_(is_advised) {}

  void Follow(const Input& input, Time now);
  // Advised at once, because a NUT client asked for it, until the mains have held for the restore delay.
  void Request();

  bool is_advised() const { return is_advised_; }
  // Why it is advised: what holds now, or did last.
  const std::vector<Reason>& reasons() const { return reasons_; }
  // The inverter's low bit, or a voltage at its cut-off, advises: whatever was counted, it may switch off at any
  // moment. Until both have been gone for a minute.
  bool is_battery_ending() const { return is_battery_ending_; }
  // The mains have held for 5 min, but for failures of seconds, and the charge is enough, or unknown.
  bool is_safe_to_start() const { return is_safe_to_start_; }

 private:
  static constexpr std::chrono::minutes kMainsHeld{5};
  static constexpr std::chrono::seconds kShortFailure{30};
  // So long what may be the dip of a motor's start is not believed, whatever the delay is; apcupsd waits as long.
  static constexpr std::chrono::seconds kInrush{6};
  static constexpr std::chrono::seconds kSilenceCounts{60};
  // In an outage that may be a short test nothing counts before these times on battery.
  static constexpr std::chrono::seconds kIsNoTest{20};
  static constexpr std::chrono::seconds kLowIsNoTest{12};
  static constexpr std::chrono::minutes kEndingHolds{1};

  void FollowUtility(const Input& input, Time now);
  void FollowConditions(const Input& input, Time now);
  void FollowEnd(const Input& input, Time now);
  void FollowStart(const Input& input, Time now);
  std::vector<Reason> Met(const Input& input) const;
  bool Counts(const Reason& reason, const Input& input, Time now) const;

  ShutdownOptions options_;
  bool is_advised_;
  bool is_requested_ = false;
  bool is_battery_ending_ = false;
  bool is_safe_to_start_ = false;
  std::vector<Reason> reasons_;
  std::array<std::optional<Time>, kWhys.size()> met_since_{};
  std::optional<Time> not_ending_since_;  // neither low nor at the cut-off
  std::optional<Time> mains_since_;
  std::optional<Time> failing_since_;  // until the mains have held for kShortFailure
};

}  // namespace aims
