// master/store/memory_kv.h — a KvStore that forgets everything when it ends: for tests and trials.
#pragma once

#include <mutex>

#include "master/store/present.h"

namespace nodal::master {

class MemoryKv final : public KvStore {
 public:
  explicit MemoryKv(Present::Limits limits = {}) : present_(limits) {}

  Result<Entry> get(std::string_view key) override { return present_.get(key); }
  Result<Page> list(std::string_view prefix, Revision at, std::string_view after,
                    int limit) override {
    return present_.list(prefix, at, after, limit);
  }
  Result<Entry> put(std::string_view key, const Encoder& encode, Expect expect) override;
  Result<Revision> erase(std::string_view key, Expect expect) override;
  Result<WatchHandle> watch(std::string_view prefix, Revision after, Sink sink) override {
    return present_.watch(prefix, after, std::move(sink));
  }
  Result<> compact(Revision through) override { return present_.compact(through); }
  Revision revision() override { return present_.revision(); }

 private:
  std::mutex write_mutex_;  // one writer at a time
  Present present_;
};

}  // namespace nodal::master
