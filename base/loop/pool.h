// base/loop/pool.h — threads for work that may block: they come when needed and go when idle.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace nodal {

/// Runs jobs on up to `limit` threads with small stacks. Thread-safe.
class Pool {
 public:
  /// @param name  of its threads, as `ps -L` shows it
  /// @param queue  jobs that may wait for a thread; 0: a job starts at once or is refused
  Pool(std::string name, int limit, std::size_t queue = 4096);
  /// Runs what is queued, then joins.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// False: no thread is free and the queue is full; the job was not taken.
  bool run(std::move_only_function<void()> job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nodal
