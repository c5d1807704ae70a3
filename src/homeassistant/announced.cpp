#include "homeassistant/announced.h"

#include <algorithm>
#include <iterator>

#include "base/json.h"

namespace aims {
namespace {

constexpr int kLedgerVersion = 1;

auto Find(auto& list, const Announced& one) {
  return std::find_if(list.begin(), list.end(),
                      [&](const Announced& other) { return other.topics == one.topics && other.id == one.id; });
}

bool Holds(const std::vector<Announced>& list, const Announced& one) { return Find(list, one) != list.end(); }

// What is not there is not allowed: the first ledgers knew nothing of it.
std::optional<Allowed> AllowedIn(const rapidjson::Value& value) {
  Allowed allowed;
  const auto read = [&](const char* key, bool& into) {
    const auto flag = BoolMember(value, key);
    into = flag.value_or(false);
    return flag || !Member(value, key);
  };
  const bool is_good = read("control", allowed.control) && read("megatec_control", allowed.megatec_control) &&
                       read("rehearsal", allowed.rehearsal);
  if (!is_good) return {};
  return allowed;
}

}  // namespace

std::vector<Announced> Ledger::Without(const std::vector<Announced>& now) const {
  std::vector<Announced> gone;
  std::copy_if(all_.begin(), all_.end(), std::back_inserter(gone), [&](const auto& one) { return !Holds(now, one); });
  return gone;
}

Allowed Ledger::AllowedBefore(const Announced& one) const {
  const auto found = Find(all_, one);
  return found == all_.end() ? one.allowed : found->allowed;
}

void Ledger::Replace(const std::vector<Announced>& changed) {
  for (const Announced& one : changed) {
    const auto found = Find(all_, one);
    if (found != all_.end()) *found = one;
  }
}

void Ledger::Add(const std::vector<Announced>& more) {
  for (const Announced& one : more) {
    if (!Holds(all_, one) && all_.size() < kMost) all_.push_back(one);
  }
}

void Ledger::Remove(const std::vector<Announced>& gone) {
  std::erase_if(all_, [&](const Announced& one) { return Holds(gone, one); });
}

std::string Ledger::ToJson() const {
  JsonWriter json;
  json.Object([&] {
    json.Key("version").Number(kLedgerVersion, 0);
    json.Key("announced").Array([&] {
      for (const Announced& one : all_) {
        json.Object([&] {
          json.Key("base_topic").Text(one.topics.base);
          json.Key("discovery_prefix").Text(one.topics.discovery_prefix);
          json.Key("id").Text(one.id);
          json.Key("control").Bool(one.allowed.control);
          json.Key("megatec_control").Bool(one.allowed.megatec_control);
          json.Key("rehearsal").Bool(one.allowed.rehearsal);
        });
      }
    });
  });
  return json.TakeText();
}

Result<Ledger> Ledger::FromJson(std::string_view json) {
  const auto bad = [] { return Failure(ErrorCode::kBadReply, "it is not a list of what was announced"); };
  const auto document = ParseVersioned(json, kLedgerVersion);
  const auto* list = document ? ArrayMember(*document, "announced") : nullptr;
  if (!list || list->Size() > kMost) return bad();
  Ledger ledger;
  for (const auto& value : list->GetArray()) {
    const auto base = TextMember(value, "base_topic");
    const auto prefix = TextMember(value, "discovery_prefix");
    const auto id = TextMember(value, "id");
    if (!base || !prefix || !id || !IsTopicLevel(*base) || !IsTopicLevel(*prefix) || !IsTopicLevel(*id)) return bad();
    const auto allowed = AllowedIn(value);
    if (!allowed) return bad();
    ledger.all_.push_back({{*base, *prefix}, *id, *allowed});
  }
  return ledger;
}

}  // namespace aims
