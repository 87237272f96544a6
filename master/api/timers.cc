// master/api/timers.cc — see timers.h.
#include "master/api/timers.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/loop/stop.h"

namespace nodal::master {

struct Timers::State {
  using Time = std::chrono::steady_clock::time_point;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::pair<Time, Id>, std::move_only_function<void()>> calls;
  std::map<Id, Time> times;
  Id next = 1;
  bool stopping = false;
  std::thread thread;  // started with the first timer

  void loop() {
    name_thread("api-timers");
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (calls.empty()) {
        changed.wait(lock);
        continue;
      }
      const auto first = calls.begin();
      if (const Time at = first->first.first; std::chrono::steady_clock::now() < at) {
        changed.wait_until(lock, at);
        continue;
      }
      auto call = std::move(first->second);
      times.erase(first->first.second);
      calls.erase(first);
      lock.unlock();
      call();
      call = nullptr;
      lock.lock();
    }
  }
};

Timers::Timers() : state_(std::make_unique<State>()) {}

Timers::~Timers() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
  }
  if (state_->thread.joinable()) state_->thread.join();
}

Timers::Id Timers::after(std::chrono::nanoseconds delay, std::move_only_function<void()> call) {
  const std::lock_guard lock(state_->mutex);
  const auto at = std::chrono::steady_clock::now() + delay;
  const Id id = state_->next++;
  if (state_->stopping) return id;
  const bool earliest = state_->calls.empty() || at < state_->calls.begin()->first.first;
  state_->calls.emplace(std::pair{at, id}, std::move(call));
  state_->times.emplace(id, at);
  if (!state_->thread.joinable()) state_->thread = std::thread([s = state_.get()] { s->loop(); });
  if (earliest) state_->changed.notify_all();
  return id;
}

void Timers::cancel(Id id) {
  std::move_only_function<void()> dead;  // dies outside the lock
  const std::lock_guard lock(state_->mutex);
  const auto it = state_->times.find(id);
  if (it == state_->times.end()) return;
  const auto call = state_->calls.find({it->second, id});
  if (call != state_->calls.end()) {
    dead = std::move(call->second);
    state_->calls.erase(call);
  }
  state_->times.erase(it);
}

}  // namespace nodal::master
