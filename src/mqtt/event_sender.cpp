#include "mqtt/event_sender.h"

#include <algorithm>
#include <utility>

#include "homeassistant/documents.h"
#include "io/log.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

// By then most who listen have found the broker: Home Assistant tries every 10 s.
constexpr auto kAssumedAfter = 10s;
// What was told in so long after a connect, before Home Assistant announced itself, it may have missed.
constexpr auto kEverybodyIsBackAfter = 60s;
constexpr auto kTimeToSubscribe = 1s;  // for entities that were just made
// The state of an event entity is the time of arrival in milliseconds; automations miss one of two in the same.
constexpr auto kBetweenEvents = 100ms;
constexpr auto kRetry = 1s;  // where too many messages wait for the broker's word

}  // namespace

EventSender::EventSender(const Channel& channel, Topics topics, const std::string& data_directory,
                         const std::function<bool(const std::string&)>& is_ours, std::function<void()> on_changed)
    : channel_(channel),
      topics_(std::move(topics)),
      file_(data_directory, "events.json"),
      queue_(file_.Load<EventQueue>()),
      on_changed_(std::move(on_changed)) {
  const size_t forgotten = queue_.KeepOnly([&](const PowerEvent& event) { return is_ours(event.inverter); });
  if (forgotten > 0) log::Info("{} events are of inverters that the options no longer hold: forgotten", forgotten);
}

void EventSender::Enqueue(PowerEvent event, Moment now) {
  const bool has_room = queue_.Add(std::move(event));
  if (!has_room && !std::exchange(is_full_, true)) {
    log::Warning("more than {} events wait for the broker; the oldest are forgotten", EventQueue::kMost);
  }
  Tick(now);
  on_changed_();
}

void EventSender::OnConnected(Moment now) {
  connected_at_ = now.steady;
  audience_ = Audience::kUnknown;
}

void EventSender::OnDisconnected() {
  connected_at_.reset();
  announced_at_.reset();
  audience_ = Audience::kUnknown;
  sent_.reset();
  maybe_missed_.clear();
}

void EventSender::OnBirth(Moment now) {
  audience_ = Audience::kReturning;
  announced_at_.reset();
  sent_.reset();  // its acknowledgement would not say that Home Assistant heard it: it is sent again
  if (connected_at_ && now.steady - *connected_at_ < kEverybodyIsBackAfter) {
    queue_.PutBack(std::exchange(maybe_missed_, {}));
    on_changed_();
  }
}

void EventSender::OnAway() {
  audience_ = Audience::kAway;
  announced_at_.reset();
}

void EventSender::OnAnnounced(Moment now) {
  if (audience_ == Audience::kReturning) announced_at_ = now.steady;
}

void EventSender::OnAcknowledged(int token, Moment now) {
  if (!sent_ || sent_->token != token) return;
  if (MayBeMissed(now.steady)) maybe_missed_.push_back(queue_.oldest());
  queue_.Told(sent_->id);
  sent_.reset();
  is_full_ = false;
  not_before_ = now.steady + kBetweenEvents;
  on_changed_();
}

// One at a time, so that they arrive in order, and so that a sudden end of this program repeats the last one at most.
void EventSender::Tick(Moment now) {
  if (!connected_at_) return;
  if (audience_ == Audience::kUnknown && now.steady >= *connected_at_ + kAssumedAfter) audience_ = Audience::kAssumed;
  if (announced_at_ && now.steady >= *announced_at_ + kTimeToSubscribe) {
    announced_at_.reset();
    if (audience_ == Audience::kReturning) audience_ = Audience::kPresent;
  }
  if (!IsHeard() || sent_ || queue_.empty() || now.steady < not_before_) return;
  const PowerEvent& event = queue_.oldest();
  const std::string document = EventDocument(event, IsLate(event, now.wall, now.steady));
  const auto token = channel_.publish(topics_.Event({event.inverter, "", ""}), document, Retain::kNo);
  if (token) sent_ = Sent{*token, event.id};
  if (!token) not_before_ = now.steady + kRetry;
}

std::optional<EventSender::Time> EventSender::next() const {
  if (!connected_at_) return {};
  if (audience_ == Audience::kUnknown) return *connected_at_ + kAssumedAfter;
  if (announced_at_) return *announced_at_ + kTimeToSubscribe;
  const bool is_waiting = IsHeard() && !sent_ && !queue_.empty();
  return is_waiting ? std::optional(not_before_) : std::nullopt;
}

bool EventSender::IsHeard() const { return audience_ == Audience::kAssumed || audience_ == Audience::kPresent; }

bool EventSender::MayBeMissed(Time now) const {
  return audience_ != Audience::kPresent && connected_at_ && now - *connected_at_ < kEverybodyIsBackAfter;
}

}  // namespace aims
