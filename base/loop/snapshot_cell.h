// base/loop/snapshot_cell.h — publish an immutable value to other threads.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace nodal {

/// The only way state crosses threads by reference: one writer publishes, any reader keeps what it
/// read. A mutex around a pointer copy: enough, and clean under TSan. Thread-safe.
template <class T>
class SnapshotCell {
 public:
  using Ptr = std::shared_ptr<const T>;

  explicit SnapshotCell(Ptr initial = std::make_shared<const T>()) : value_(std::move(initial)) {}

  [[nodiscard]] Ptr read() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  void publish(Ptr value) {
    {
      const std::lock_guard lock(mutex_);
      std::swap(value_, value);
    }
    // The old value dies here, outside the lock.
  }

 private:
  mutable std::mutex mutex_;
  Ptr value_;
};

}  // namespace nodal
