// tests/unit/master/test_store.h — a KvStore of a few lines for tests of what stands above it; keeps all history.
#pragma once

#include <map>
#include <mutex>

#include "base/text.h"
#include "master/store/kv.h"

namespace nodal::master {

class TestStore final : public KvStore {
 public:
  Result<Entry> get(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const auto it = now_.find(std::string(key));
    if (it == now_.end()) return fail(Errc::not_found, text::cat("no key ", key));
    return it->second;
  }

  Result<Page> list(std::string_view prefix, Revision at, std::string_view after, int limit) override {
    const std::lock_guard lock(mutex_);
    if (at != 0 && at < compacted_) return fail(Errc::gone, "compacted");
    std::map<std::string, Entry> state;
    if (at == 0 || at == revision_) {
      state = now_;
    } else {
      for (const auto& event : events_) {
        if (event.entry.modified > at) break;
        if (event.type == Event::Type::put) state[event.entry.key] = event.entry;
        else state.erase(event.entry.key);
      }
    }
    Page page;
    page.revision = at == 0 ? revision_ : at;
    for (const auto& [key, entry] : state) {
      if (!key.starts_with(prefix) || key <= after) continue;
      if (limit > 0 && static_cast<int>(page.entries.size()) == limit) {
        page.more = true;
        ++page.remaining;
        continue;
      }
      page.entries.push_back(entry);
    }
    return page;
  }

  Result<Entry> put(std::string_view key, const Encoder& encode, Expect expect) override {
    const std::lock_guard lock(mutex_);
    const auto it = now_.find(std::string(key));
    if (expect.what == Expect::What::absent && it != now_.end()) return fail(Errc::already_exists, "exists");
    if (expect.what == Expect::What::modified_at) {
      if (it == now_.end()) return fail(Errc::not_found, "absent");
      if (it->second.modified != expect.revision) return fail(Errc::conflict, "changed");
    }
    Entry entry{std::string(key), nullptr, it == now_.end() ? revision_ + 1 : it->second.created, revision_ + 1};
    entry.value = std::make_shared<const std::string>(encode(++revision_));
    Event event{Event::Type::put, entry, it == now_.end() ? nullptr : it->second.value};
    now_[entry.key] = entry;
    publish(std::move(event));
    return entry;
  }

  Result<Revision> erase(std::string_view key, Expect expect) override {
    const std::lock_guard lock(mutex_);
    const auto it = now_.find(std::string(key));
    if (it == now_.end()) return fail(Errc::not_found, "absent");
    if (expect.what == Expect::What::modified_at && it->second.modified != expect.revision)
      return fail(Errc::conflict, "changed");
    Event event{Event::Type::erase, it->second, it->second.value};
    event.entry.modified = ++revision_;
    now_.erase(it);
    publish(std::move(event));
    return revision_;
  }

  Result<WatchHandle> watch(std::string_view prefix, Revision after, Sink sink) override {
    const std::lock_guard lock(mutex_);
    if (after < compacted_) return fail(Errc::gone, "compacted");
    for (const auto& event : events_)
      if (event.entry.modified > after && event.entry.key.starts_with(prefix)) sink(event);
    const int id = next_++;
    sinks_[id] = {std::string(prefix), std::move(sink)};
    return std::shared_ptr<void>(nullptr, [this, id](void*) {
      const std::lock_guard lock(mutex_);
      sinks_.erase(id);
    });
  }

  Result<> compact(Revision through) override {
    const std::lock_guard lock(mutex_);
    compacted_ = through;
    return {};
  }
  Revision revision() override {
    const std::lock_guard lock(mutex_);
    return revision_;
  }

 private:
  void publish(Event event) {
    events_.push_back(event);
    for (auto& [id, sink] : sinks_)
      if (event.entry.key.starts_with(sink.first)) sink.second(event);
  }

  std::recursive_mutex mutex_;
  std::map<std::string, Entry> now_;
  std::vector<Event> events_;
  std::map<int, std::pair<std::string, Sink>> sinks_;
  Revision revision_ = 0, compacted_ = 0;
  int next_ = 0;
};

}  // namespace nodal::master
