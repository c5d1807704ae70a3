// Plays a rehearsal (rehearsal.h) on the second device of an inverter, when asked, and clears the stage after it. The
// real device is looked at, and never touched.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>

#include "base/log_once.h"
#include "inverter/inverter.h"
#include "inverter/options.h"

namespace aims {

class Rehearser {
 public:
  using OnUpdate = std::function<void(const Update&)>;

  // `real` and `stage` outlive it; `options` are those of `real`.
  Rehearser(asio::any_io_executor executor, InverterOptions options, const Inverter& real, Inverter& stage,
            OnUpdate on_update);

  // Begins, unless one is being played.
  void Play();

  // The inverter on which it is played: as the options have it, with a battery that is all but full.
  static Inverter Stage(InverterOptions options, const Inverter& real);

 private:
  asio::awaitable<void> Run();
  void Deliver(Update update);

  asio::any_io_executor executor_;
  InverterOptions options_;
  const Inverter& real_;
  Inverter& stage_;
  OnUpdate on_update_;
  bool is_playing_ = false;
  LogThrottle refusals_;
};

}  // namespace aims
