// master/store/present.cc — see present.h.
#include "master/store/present.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::master {

Result<> Present::check(std::string_view key, const Entry* present, Expect expect) {
  switch (expect.what) {
    case Expect::What::any:
      return {};
    case Expect::What::absent:
      if (present != nullptr) return fail(Errc::already_exists, text::cat(key, " already exists"));
      return {};
    case Expect::What::modified_at:
      if (present == nullptr) return fail(Errc::not_found, text::cat(key, " not found"));
      if (present->modified != expect.revision)
        return fail(Errc::conflict, text::cat(key, " is at revision ", present->modified, ", not ",
                                              expect.revision));
      return {};
  }
  return {};
}

Result<Entry> Present::get(std::string_view key) const {
  const std::shared_lock lock(mutex_);
  const auto it = entries_.find(key);
  if (it == entries_.end()) return fail(Errc::not_found, text::cat(key, " not found"));
  return it->second;
}

Revision Present::revision() const {
  const std::shared_lock lock(mutex_);
  return revision_;
}

Result<Page> Present::list(std::string_view prefix, Revision at, std::string_view after,
                           int limit) const {
  const std::shared_lock lock(mutex_);
  if (at > revision_)
    return fail(Errc::invalid, text::cat("revision ", at, " is in the future; it is ", revision_));
  if (at != 0 && at < compacted_)
    return fail(Errc::gone, text::cat("revision ", at, " is compacted"));
  // What changed under the prefix since `at`, as it was then.
  std::map<std::string_view, const Past*> since;
  if (at != 0)
    for (auto past = history_.rbegin(); past != history_.rend() && past->event.entry.modified > at;
         ++past)
      if (past->event.entry.key.starts_with(prefix)) since[past->event.entry.key] = &*past;

  Page page;
  page.revision = at == 0 ? revision_ : at;
  const auto wanted = [&](std::string_view key) { return key.starts_with(prefix) && key > after; };
  auto changed = since.begin();
  auto it = after > prefix ? entries_.upper_bound(after) : entries_.lower_bound(prefix);
  // What comes after a full page is only counted.
  const auto is_full = [&] {
    if (limit <= 0 || page.entries.size() < static_cast<std::size_t>(limit)) return false;
    page.more = true;
    ++page.remaining;
    return true;
  };
  const auto add_past = [&](const Past& past) {
    if (past.event.previous && !is_full())
      page.entries.push_back(
          {past.event.entry.key, past.event.previous, past.created, past.modified});
  };
  for (; it != entries_.end() && it->first.starts_with(prefix); ++it) {
    if (!wanted(it->first)) continue;
    while (changed != since.end() && changed->first < it->first) {
      if (wanted(changed->first)) add_past(*changed->second);
      ++changed;
    }
    if (changed != since.end() && changed->first == it->first) {
      add_past(*changed->second);
      ++changed;
    } else if (!is_full()) {
      page.entries.push_back(it->second);
    }
  }
  for (; changed != since.end(); ++changed)
    if (wanted(changed->first)) add_past(*changed->second);
  return page;
}

void Present::remember(Past past) {
  if (past.event.previous) history_bytes_ += past.event.previous->size();
  history_.push_back(std::move(past));
  while (history_.size() > limits_.events ||
         (history_bytes_ > limits_.bytes && history_.size() > limits_.fewest) ||
         (history_bytes_ > limits_.most_bytes && history_.size() > 1)) {
    const auto& oldest = history_.front();
    if (oldest.event.previous) history_bytes_ -= oldest.event.previous->size();
    compacted_ = oldest.event.entry.modified;
    history_.pop_front();
  }
}

void Present::apply(const Event& event) {
  const std::lock_guard watch_lock(watch_mutex_);
  Event told = event;
  {
    const std::unique_lock lock(mutex_);
    Past past{event, 0, 0};
    const auto it = entries_.find(event.entry.key);
    if (it != entries_.end()) {
      past.event.previous = it->second.value;
      past.created = it->second.created;
      past.modified = it->second.modified;
    }
    if (event.type == Event::Type::put) {
      if (it == entries_.end()) {
        entries_.emplace(event.entry.key, event.entry);
      } else {
        it->second = event.entry;
      }
    } else {
      if (it != entries_.end()) entries_.erase(it);
    }
    revision_ = event.entry.modified;
    told = past.event;
    remember(std::move(past));
  }
  const auto watchers = watchers_;  // a sink may end or begin watches
  for (const auto& watcher : watchers)
    if (!watcher->ended && told.entry.modified > watcher->after &&
        told.entry.key.starts_with(watcher->prefix))
      watcher->sink(told);
}

void Present::load(std::vector<Entry> entries, Revision revision) {
  const std::unique_lock lock(mutex_);
  for (auto& entry : entries) {
    auto key = entry.key;
    entries_.emplace(std::move(key), std::move(entry));
  }
  revision_ = revision;
  compacted_ = revision;
}

Result<KvStore::WatchHandle> Present::watch(std::string_view prefix, Revision after,
                                            KvStore::Sink sink) {
  const std::lock_guard watch_lock(watch_mutex_);
  std::vector<Event> missed;
  {
    const std::shared_lock lock(mutex_);
    if (after > revision_)
      return fail(Errc::invalid,
                  text::cat("revision ", after, " is in the future; it is ", revision_));
    if (after < compacted_)
      return fail(Errc::gone,
                  text::cat("too old resource version: ", after, " (", compacted_, ")"));
    const auto first = std::ranges::upper_bound(
        history_, after, {}, [](const Past& past) { return past.event.entry.modified; });
    for (auto past = first; past != history_.end(); ++past)
      if (past->event.entry.key.starts_with(prefix)) missed.push_back(past->event);
  }
  auto watcher =
      std::make_shared<Watcher>(Watcher{std::string(prefix), revision(), std::move(sink), false});
  for (const auto& event : missed) watcher->sink(event);
  watchers_.push_back(watcher);
  return KvStore::WatchHandle(watcher.get(), [this, watcher](void*) {
    const std::lock_guard end_lock(watch_mutex_);
    watcher->ended = true;
    watchers_.remove(watcher);
  });
}

Result<> Present::compact(Revision through) {
  const std::unique_lock lock(mutex_);
  if (through > revision_)
    return fail(Errc::invalid,
                text::cat("revision ", through, " is in the future; it is ", revision_));
  while (!history_.empty() && history_.front().event.entry.modified <= through) {
    if (history_.front().event.previous) history_bytes_ -= history_.front().event.previous->size();
    history_.pop_front();
  }
  compacted_ = std::max(compacted_, through);
  return {};
}

}  // namespace nodal::master
