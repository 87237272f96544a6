// proxy/dns/cache.cc — see cache.h.
#include "proxy/dns/cache.h"

#include <algorithm>

namespace nodal::proxy::dns {
namespace {

constexpr std::chrono::seconds kLongest{3600};
constexpr std::chrono::seconds kLongestDenial{30};
constexpr std::chrono::hours kStale{24};
constexpr std::uint32_t kStaleTtl = 30;

template <class Change>
void for_each_record(Message& message, Change change) {
  for (auto* section : {&message.answers, &message.authorities, &message.additionals})
    for (auto& record : *section) change(record);
}

std::chrono::seconds time_to_live(const Message& message) {
  std::chrono::seconds ttl = message.answers.empty() ? std::chrono::seconds(0) : kLongest;
  for (const auto& record : message.answers) ttl = std::min(ttl, std::chrono::seconds(record.ttl));
  if (message.answers.empty() || message.rcode == Rcode::name_error)
    for (const auto& record : message.authorities)
      if (const auto* soa = std::get_if<Soa>(&record.data))
        ttl = std::min(std::chrono::seconds(std::min(record.ttl, soa->minimum)), kLongestDenial);
  return ttl;
}

}  // namespace

std::optional<Cache::Found> Cache::find(const Question& question, Time now) {
  const auto it = by_id_.find({question.name, question.type, question.klass});
  if (it == by_id_.end()) return std::nullopt;
  const auto entry = it->second;
  if (now >= entry->expires + kStale) {
    entries_.erase(entry);
    by_id_.erase(it);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  Found found{entry->message, now < entry->expires};
  const auto age = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now - entry->stored).count());
  for_each_record(found.message, [&](Record& record) {
    record.ttl = found.fresh ? record.ttl - std::min(record.ttl, age) : kStaleTtl;
  });
  return found;
}

void Cache::put(const Question& question, const Message& message, Time now) {
  if (limit_ == 0 || message.truncated) return;
  if (message.rcode != Rcode::no_error && message.rcode != Rcode::name_error) return;
  const auto ttl = time_to_live(message);
  if (ttl.count() == 0) return;
  Id id{question.name, question.type, question.klass};
  if (const auto it = by_id_.find(id); it != by_id_.end()) {
    entries_.erase(it->second);
    by_id_.erase(it);
  }
  entries_.push_front({id, message, now, now + ttl});
  by_id_.emplace(std::move(id), entries_.begin());
  if (entries_.size() > limit_) {
    by_id_.erase(entries_.back().id);
    entries_.pop_back();
  }
}

}  // namespace nodal::proxy::dns
