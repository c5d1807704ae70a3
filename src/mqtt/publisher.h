// Tells over MQTT what the inverters say, and hears what is said to us there. After each connect, and when Home
// Assistant starts, everything is told anew: what is old is called so before anything is called online. Where another
// client speaks in our name (own_topics.h), it is told again.
//
// It reads no clock: its owner calls Tick when the time of next() has come.

#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_once.h"
#include "base/time.h"
#include "inverter/command.h"
#include "inverter/inverter.h"
#include "inverter/listener.h"
#include "mqtt/announcer.h"
#include "mqtt/channel.h"
#include "mqtt/event_sender.h"
#include "mqtt/options.h"
#include "mqtt/own_topics.h"
#include "mqtt/report_pace.h"

namespace aims {

class Publisher final : public Listener {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // What was asked for, of what is allowed.
  using OnCommand = std::function<void(const std::string& inverter, Command command)>;

  // An inverter and the pace at which it is told.
  struct Reported {
    const Inverter* inverter;
    ReportPace pace;
    bool is_told_unread = false;  // what is known without a reading was told
  };

  // What it knows from earlier runs, and must know in the next.
  struct Kept {
    AnnouncedDevices announced{};
    EventQueue events{};
  };

  // `on_changed` hears that announced() or events() has changed.
  Publisher(Channel channel, const MqttOptions& options, Origin origin, std::vector<Reported> inverters, Kept kept,
            OnCommand on_command, std::function<void()> on_changed);

  void OnUpdate(const Inverter& inverter, const Update& update) override;

  void OnConnected(MqttVersion version, Moment now);
  void OnDisconnected();
  void OnMessage(const Message& message, Moment now);
  void OnAcknowledged(int token, Moment now);
  void OnDenied(int token, Moment now);
  void OnRoom(Moment now);  // what could not be published for want of room can be now

  void Tick(Moment now);
  std::optional<Time> next() const;

  void SayOffline();  // this program ends

  const AnnouncedDevices& announced() const { return announcer_.announced(); }
  const EventQueue& events() const { return events_.queue(); }
  Audience audience() const { return events_.audience(); }

 private:
  void Announce(Time now);
  void HearBirth(const Message& message, Moment now);
  void HearState(const Inverter& inverter, const Message& message, Time now);
  void HearCommand(const Inverter& inverter, const Message& message, Time now);
  void SayState(Reported& reported, Time now);
  void SayLink(const Inverter& inverter);
  void SayBridge();
  std::optional<int> Say(const std::string& topic, const std::string& payload);
  void Contradict(const OwnTopics::Contradicted& contradicted, Time now);
  Reported* Find(const Inverter& inverter);

  Channel channel_;
  MqttOptions options_;
  std::vector<Reported> inverters_;
  OnCommand on_command_;
  Announcer announcer_;
  EventSender events_;
  OwnTopics own_topics_;
  LogThrottle refusals_;
  MqttVersion version_ = MqttVersion::k5;
  std::optional<Time> announce_at_;  // for Home Assistant has started
  std::string state_;                // the last state document, for its memory
};

}  // namespace aims
