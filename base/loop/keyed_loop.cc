// base/loop/keyed_loop.cc — see keyed_loop.h.
#include "base/loop/keyed_loop.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/loop/stop.h"

namespace nodal {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

// A thread beyond the first that finds nothing to do for so long ends.
constexpr std::chrono::seconds kIdle{10};

}  // namespace

struct KeyedLoop::State {
  struct Key {
    bool running = false;
    bool again = false;         ///< woken while running
    std::optional<Time> due;    ///< in `queue` at this time; nothing: not queued
    std::optional<Time> later;  ///< asked for while running
    int failures = 0;
  };

  Options options;
  Work work;
  mutable std::mutex mutex;
  std::condition_variable changed;  ///< for threads that have nothing to do
  std::condition_variable clock;    ///< for the one that waits until the first key is due
  std::map<std::string, Key, std::less<>> keys;
  std::set<std::pair<Time, std::string>> queue;
  std::vector<std::thread> threads;
  std::vector<std::thread::id> finished;  ///< threads that have ended and want to be joined
  int alive = 0, waiting = 0;
  bool watched = false;  ///< somebody waits on `clock`
  bool stopping = false;
  std::minstd_rand random{std::random_device{}()};

  // All below under the mutex.

  void enqueue(const std::string& name, Key& key, Time due) {
    if (key.due) {
      if (*key.due <= due) return;
      queue.erase({*key.due, name});
    }
    key.due = due;
    queue.emplace(due, name);
    call_somebody();
  }

  // The queue has changed, or who watched it has taken a key.
  void call_somebody() {
    if (watched)
      clock.notify_one();
    else if (waiting > 0)
      changed.notify_one();
    else if (alive < options.threads && !stopping)
      start_thread();
  }

  void dequeue(const std::string& name, Key& key) {
    if (!key.due) return;
    queue.erase({*key.due, name});
    key.due.reset();
  }

  void start_thread() {
    join_finished();
    ++alive;
    threads.emplace_back([this] { run(); });
  }

  void join_finished() {
    std::erase_if(threads, [&](std::thread& thread) {
      const auto it = std::ranges::find(finished, thread.get_id());
      if (it == finished.end()) return false;
      finished.erase(it);
      thread.join();  // it has only to return
      return true;
    });
  }

  std::chrono::milliseconds backoff(int failures) {
    auto wait = options.first_backoff;
    for (int i = 1; i < failures && wait < options.longest_backoff; ++i) wait *= 2;
    wait = std::min(wait, options.longest_backoff);
    // Half to whole: many failing keys do not come back together.
    const auto half = wait.count() / 2;
    return std::chrono::milliseconds(
        half + (half > 0 ? static_cast<long>(random() % static_cast<unsigned long>(half + 1))
                         : wait.count()));
  }

  void run() {
    name_thread(options.name.c_str());
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (queue.empty() || queue.begin()->first > Clock::now()) {
        if (!queue.empty() && !watched) {
          watched = true;
          const Time next = queue.begin()->first;  // the wait keeps a reference; the entry may go
          clock.wait_until(lock, next);
          watched = false;
          continue;
        }
        ++waiting;
        const bool called = changed.wait_for(lock, kIdle) == std::cv_status::no_timeout;
        --waiting;
        if (!called && alive > 1 && (queue.empty() || watched)) break;
        continue;
      }
      const std::string name = queue.begin()->second;
      queue.erase(queue.begin());
      Key& key = keys[name];  // stays: a running key is not erased
      key.due.reset();
      key.running = true;
      // Somebody must watch the clock for what is due next.
      if (!queue.empty() && !watched) call_somebody();
      lock.unlock();
      auto result = work(name);
      lock.lock();
      finish(name, keys[name], std::move(result));
    }
    --alive;
    finished.push_back(std::this_thread::get_id());
  }

  void finish(const std::string& name, Key& key, Result<Again> result) {
    key.running = false;
    const auto later = std::exchange(key.later, std::nullopt);
    if (!result) {
      ++key.failures;
      const auto wait = backoff(key.failures);
      log::warn("work failed; it is tried again", {{"loop", options.name},
                                                   {"key", name},
                                                   {"error", result.error().message},
                                                   {"wait_ms", wait.count()}});
      enqueue(name, key, Clock::now() + wait);
    } else {
      key.failures = 0;
      if (result->after)
        enqueue(name, key,
                Clock::now() + std::chrono::duration_cast<Clock::duration>(*result->after));
    }
    if (later) enqueue(name, key, *later);
    if (std::exchange(key.again, false)) enqueue(name, key, Clock::now());
    if (!key.due) keys.erase(name);
  }
};

KeyedLoop::KeyedLoop(Options options, Work work) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->work = std::move(work);
}

KeyedLoop::~KeyedLoop() { stop(); }

void KeyedLoop::wake(std::string_view key) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) return;
  const auto it = state_->keys.emplace(std::string(key), State::Key{}).first;
  if (it->second.running) {
    it->second.again = true;
    return;
  }
  state_->dequeue(it->first, it->second);
  state_->enqueue(it->first, it->second, Clock::now());
}

void KeyedLoop::wake_after(std::string_view key, std::chrono::nanoseconds delay) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) return;
  const auto due = Clock::now() + std::chrono::duration_cast<Clock::duration>(delay);
  const auto it = state_->keys.emplace(std::string(key), State::Key{}).first;
  if (it->second.running) {
    it->second.later = it->second.later ? std::min(*it->second.later, due) : due;
    return;
  }
  state_->enqueue(it->first, it->second, due);
}

void KeyedLoop::forget(std::string_view key) {
  const std::lock_guard lock(state_->mutex);
  const auto it = state_->keys.find(key);
  if (it == state_->keys.end()) return;
  state_->dequeue(it->first, it->second);
  it->second.again = false;
  it->second.later.reset();
  it->second.failures = 0;
  if (!it->second.running) state_->keys.erase(it);
}

void KeyedLoop::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->queue.clear();
    threads.swap(state_->threads);
    state_->changed.notify_all();
    state_->clock.notify_all();
  }
  for (auto& thread : threads) thread.join();
}

bool KeyedLoop::idle() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->queue.empty() && state_->queue.begin()->first <= Clock::now()) return false;
  return std::ranges::none_of(state_->keys, [](const auto& entry) { return entry.second.running; });
}

}  // namespace nodal
