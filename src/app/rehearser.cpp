#include "app/rehearser.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "inverter/rehearsal.h"
#include "inverter/sentences.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/pause.h"
#include "io/spawn.h"

namespace aims {
namespace {

constexpr double kAlmostFull = 0.975;

}  // namespace

Rehearser::Rehearser(asio::any_io_executor executor, InverterOptions options, const Inverter& real, Inverter& stage,
                     OnUpdate on_update)
    : executor_(executor), options_(std::move(options)), real_(real), stage_(stage), on_update_(std::move(on_update)) {}

Inverter Rehearser::Stage(InverterOptions options, const Inverter& real) {
  options.device = RehearsalOf(real.device());
  options.poll_interval = Inverter::kLongestStep;  // its steps are no gaps
  SavedInverter saved;
  saved.battery.battery.charge = Belief{kAlmostFull, 0.01};  // of a battery as the options describe it
  return Inverter(options, saved, fmt::format("{:08x}", std::random_device{}()));
}

void Rehearser::Play() {
  const std::string& name = real_.device().name;
  if (std::exchange(is_playing_, true)) {
    const std::string line = fmt::format("{}: a rehearsal is already running", name);
    if (refusals_.IsNew(line, Now().steady)) log::Info("{}", line);
    return;
  }
  log::Info("{}: a rehearsal begins on the device {}; nothing of it is real", name, stage_.device().name);
  Spawn(executor_, Run());
}

// The time of the outage runs ahead of the clock; only the times of day that it names are real.
asio::awaitable<void> Rehearser::Run() {
  stage_ = Stage(options_, real_);
  Rehearsal rehearsal(options_.battery, real_.snapshot().reading);
  auto time = Now().steady;
  auto next = time;
  while (const auto step = rehearsal.Next()) {
    const auto end = time + step->passed;
    while (time < end) {
      time = std::min<Inverter::Time>(end, time + Inverter::kLongestStep);
      Update update = stage_.Apply(step->reading, {time, Now().wall});
      if (update.save_battery) stage_.OnSaved(stage_.saved(), time);
      Deliver(std::move(update));
    }
    next += Rehearsal::kPace;
    co_await PauseUntil(executor_, next);
  }
  stage_ = Stage(options_, real_);
  on_update_({.now = Now(), .connection = Connection::kLost});
  is_playing_ = false;
  log::Info("{}: the rehearsal is over", real_.device().name);
}

// Its events happen now, on the clock by which they are late or not.
void Rehearser::Deliver(Update update) {
  for (PowerEvent& event : update.events) event.moment = Now().steady;
  for (const LogLine& line : update.lines) {
    log::Write(LogLevel::kInfo, fmt::format("{}: {}", stage_.device().name, line.text));
  }
  on_update_(update);
}

}  // namespace aims
