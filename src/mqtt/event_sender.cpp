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
// A Home Assistant that ends is back by then, or its birth message is off, or it was another one on the same broker.
constexpr auto kOverdueAfter = 3min;
constexpr auto kAfterDenial = 60s;
constexpr auto kRetry = 1s;  // where too many messages wait for the broker's word

}  // namespace

EventSender::EventSender(const Channel& channel, Topics topics, EventQueue queue,
                         const std::function<bool(const std::string&)>& is_ours, std::function<void()> on_changed)
    : channel_(channel), topics_(std::move(topics)), queue_(std::move(queue)), on_changed_(std::move(on_changed)) {
  const size_t forgotten = queue_.KeepOnly([&](const PowerEvent& event) { return is_ours(event.inverter); });
  if (forgotten > 0)
    log::Info("{} events were dropped, because their inverters are no longer in the options", forgotten);
}

void EventSender::Enqueue(PowerEvent event, Moment now) {
  const bool has_room = queue_.Add(std::move(event));
  if (!has_room && !std::exchange(is_full_, true)) {
    log::Warning("more than {} events wait for the broker; the oldest are dropped", EventQueue::kMost);
  }
  Tick(now);
  on_changed_();
}

void EventSender::OnClockSet(const std::string& inverter, std::chrono::milliseconds jump) {
  queue_.OnClockSet(inverter, jump);
  on_changed_();
}

void EventSender::OnConnected(Moment now) {
  connected_at_ = now.steady;
  audience_ = Audience::kUnknown;
}

void EventSender::OnDisconnected() {
  connected_at_.reset();
  announced_at_.reset();
  away_since_.reset();
  audience_ = Audience::kUnknown;
  sent_.reset();
  denied_.clear();
  maybe_missed_.clear();
}

void EventSender::OnBirth(Moment now) {
  audience_ = Audience::kReturning;
  announced_at_.reset();
  away_since_.reset();
  sent_.reset();  // its acknowledgement would not say that Home Assistant heard it: it is sent again
  if (connected_at_ && now.steady - *connected_at_ < kEverybodyIsBackAfter) {
    queue_.PutBack(std::exchange(maybe_missed_, {}));
  }
  queue_.TellAgain();
  on_changed_();
}

void EventSender::OnAway(Moment now) {
  if (audience_ == Audience::kAway || audience_ == Audience::kOverdue) return;
  audience_ = Audience::kAway;
  away_since_ = now.steady;
  announced_at_.reset();
}

void EventSender::OnAnnounced(Moment now) {
  if (audience_ == Audience::kReturning) announced_at_ = now.steady;
}

void EventSender::OnAcknowledged(int token, Moment now) {
  if (!sent_ || sent_->token != token) return;
  if (audience_ == Audience::kOverdue) {
    queue_.ToldPerhaps(sent_->event.id);
  } else {
    if (MayBeMissed(now.steady)) maybe_missed_.push_back(sent_->event);
    queue_.Told(sent_->event.id);
  }
  sent_.reset();
  if (queue_.size() < EventQueue::kMost / 2) is_full_ = false;
  not_before_ = now.steady + kBetweenEvents;
  on_changed_();
}

void EventSender::OnDenied(int token, Moment now) {
  if (!sent_ || sent_->token != token) return;
  denied_[sent_->event.inverter] = now.steady + kAfterDenial;
  sent_.reset();
  Tick(now);
}

// One at a time, so that they arrive in order, and so that a sudden end of this program repeats the last one at most.
void EventSender::Tick(Moment now) {
  if (!connected_at_) return;
  if (audience_ == Audience::kUnknown && now.steady >= *connected_at_ + kAssumedAfter) audience_ = Audience::kAssumed;
  if (away_since_ && now.steady >= *away_since_ + kOverdueAfter) {
    away_since_.reset();
    audience_ = Audience::kOverdue;
    log::Info("Home Assistant stopped three minutes ago; events are sent now, and again when it is back");
  }
  if (announced_at_ && now.steady >= *announced_at_ + kTimeToSubscribe) {
    announced_at_.reset();
    if (audience_ == Audience::kReturning) audience_ = Audience::kPresent;
  }
  if (!IsHeard() || sent_ || now.steady < not_before_) return;
  const PowerEvent* event = Waiting(now.steady);
  if (!event) return;
  const std::string document = EventDocument(*event, IsLate(*event, now.wall, now.steady));
  const auto token = channel_.publish(topics_.Event({event->inverter, "", ""}), document, Retain::kNo);
  if (token) sent_ = Sent{*token, *event};
  if (!token) not_before_ = now.steady + kRetry;
}

std::optional<EventSender::Time> EventSender::next() const {
  if (!connected_at_) return {};
  if (audience_ == Audience::kUnknown) return *connected_at_ + kAssumedAfter;
  if (announced_at_) return *announced_at_ + kTimeToSubscribe;
  if (away_since_) return *away_since_ + kOverdueAfter;
  if (!IsHeard() || sent_ || queue_.empty()) return {};
  if (Waiting(not_before_)) return not_before_;
  std::optional<Time> first;
  for (const auto& [inverter, until] : denied_) first = std::min(first.value_or(until), until);
  return first;
}

// The oldest event that the broker may take.
const PowerEvent* EventSender::Waiting(Time now) const {
  return queue_.Oldest([&](const PowerEvent& event) {
    const auto denied = denied_.find(event.inverter);
    return denied == denied_.end() || now >= denied->second;
  });
}

bool EventSender::IsHeard() const {
  return audience_ == Audience::kAssumed || audience_ == Audience::kPresent || audience_ == Audience::kOverdue;
}

bool EventSender::MayBeMissed(Time now) const {
  return audience_ != Audience::kPresent && connected_at_ && now - *connected_at_ < kEverybodyIsBackAfter;
}

}  // namespace aims
