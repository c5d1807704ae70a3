// One inverter, as NUT's clients know it: which reading stands for it, and its status in NUT's words.
// Pure. The status follows from the outage logic alone. A client takes `OB LB`, or `OB` and then silence, for an order
// to shut down: so while the wire is silent in an outage the last reading stands, until our own advice says otherwise.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inverter/inverter.h"
#include "inverter/listener.h"
#include "inverter/options.h"
#include "inverter/reading.h"

namespace aims::nut {

class Ups {
 public:
  // Both outlive it.
  Ups(const InverterOptions& options, const Inverter& inverter) : options_(options), inverter_(inverter) {}

  // So long an order stands while the wire is silent: then it has been heard, and who starts later must not go down
  // again.
  static constexpr std::chrono::minutes kOrderStands{10};

  // The inverter was read, or was not.
  void OnUpdate(Inverter::Time now);

  // The id, by which clients ask for it.
  const std::string& name() const { return inverter_.device().id; }
  const InverterOptions& options() const { return options_; }
  const Inverter& inverter() const { return inverter_; }

  // True where there is nothing to say: no reading in this run, or too long ago, and no outage; or an order that has
  // stood for long.
  bool is_stale() const;
  // The wire is silent; what is told is what was known last.
  bool is_silent() const { return !inverter_.snapshot().connected; }
  // What stands for the inverter now; null in an outage that an earlier run saw, before the first reading.
  const Reading* reading() const;
  // "OL CHRG", "OB DISCHRG", "FSD OB LB DISCHRG" … (https://networkupstools.org/docs/developer-guide.chunked, "status
  // data"). Never CAL, BYPASS, OFF or ALARM, which a client may take for an order, too.
  std::string status() const;
  // What is wrong, in words; empty: nothing.
  std::string alarm() const;
  // W, of what stands.
  std::optional<double> load_power() const;

 private:
  bool IsOrder() const;

  const InverterOptions& options_;
  const Inverter& inverter_;
  std::optional<Reading> last_;            // of this outage
  std::optional<double> last_load_power_;  // W, with it
  bool was_read_on_battery_ = false;       // in this run
  std::optional<Inverter::Time> ordered_;  // since when an order stands on a silent wire
  bool is_order_old_ = false;
};

}  // namespace aims::nut
