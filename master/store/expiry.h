// master/store/expiry.h — keys that go by themselves when nobody has written them for some time.
#pragma once

#include <chrono>
#include <deque>
#include <string>

#include "base/clock.h"
#include "master/store/kv.h"

namespace nodal::master {

/// A lease on every key below a prefix, renewed by each write. The store knows revisions and
/// no times, so this remembers which revision was the newest when: what was written before a start
/// counts as written at the start. Thread: one at a time.
class Expiry {
 public:
  Expiry(KvStore& kv, std::string prefix, std::chrono::nanoseconds life)
      : kv_(kv), prefix_(std::move(prefix)), life_(life) {}

  /// Erases what was last written `life` or longer before `now`; watchers see the removals.
  /// @returns how many went
  Result<std::size_t> run(TimePoint now);

 private:
  struct Mark {
    TimePoint at;
    Revision newest = 0;
  };
  KvStore& kv_;
  const std::string prefix_;
  const std::chrono::nanoseconds life_;
  std::deque<Mark> marks_;  // oldest first, the first one old enough kept
};

}  // namespace nodal::master
