// Sends events, one at a time and in their order, while there are listeners. An event that no listener hears is lost:
// Home Assistant's entities subscribe some time after a broker, or Home Assistant itself, has come back. So an event
// waits (event_queue.h) until the audience is there and the broker has acknowledged it. What Home Assistant may have
// missed all the same is told again, with the same id.
//
// It reads no clock: its owner calls Tick when the time of next() has come.

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "homeassistant/topics.h"
#include "inverter/power_events.h"
#include "mqtt/channel.h"
#include "mqtt/event_queue.h"

namespace aims {

// Who listens, as far as it can be known on this connection.
enum class Audience {
  kUnknown,    // just connected: Home Assistant may not have found the broker yet
  kAssumed,    // 10 s later, without a word from it: those who listen have found the broker
  kAway,       // its own will says that it is gone
  kOverdue,    // and it has not come back for minutes: it was another one's will, or the birth message is off
  kReturning,  // its birth message has come; its entities subscribe when everything was announced again
  kPresent,    // and they have had their second for that
};

class EventSender {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `queue`: what waited when the last run ended. `on_changed` hears that queue() has changed. `is_ours` says which
  // inverters the options still hold: events of others are forgotten.
  EventSender(const Channel& channel, Topics topics, EventQueue queue,
              const std::function<bool(const std::string& inverter)>& is_ours, std::function<void()> on_changed);

  void Enqueue(PowerEvent event, Moment now);

  void OnClockSet(const std::string& inverter, std::chrono::milliseconds jump);
  void OnConnected(Moment now);
  void OnDisconnected();
  void OnBirth(Moment now);      // Home Assistant has started
  void OnAway(Moment now);       // Home Assistant has ended
  void OnAnnounced(Moment now);  // everything was announced, because of a birth
  void OnAcknowledged(int token, Moment now);
  void OnDenied(int token, Moment now);  // it waits on, and does not hold up those of other inverters

  void Tick(Moment now);
  std::optional<Time> next() const;

  const EventQueue& queue() const { return queue_; }
  Audience audience() const { return audience_; }

 private:
  struct Sent {
    int token;
    PowerEvent event;
  };

  bool IsHeard() const;
  const PowerEvent* Waiting(Time now) const;
  bool MayBeMissed(Time now) const;

  const Channel& channel_;
  Topics topics_;
  EventQueue queue_;
  std::function<void()> on_changed_;
  Audience audience_ = Audience::kUnknown;
  std::optional<Time> connected_at_;
  std::optional<Time> announced_at_;      // since the birth message
  std::optional<Time> away_since_;        // while it is away, and not overdue
  Time not_before_{};                     // the next event
  std::optional<Sent> sent_;              // on its way
  std::map<std::string, Time> denied_;    // by inverter: until then the broker takes no events
  std::vector<PowerEvent> maybe_missed_;  // acknowledged before Home Assistant announced itself
  bool is_full_ = false;                  // some had to be forgotten
};

}  // namespace aims
