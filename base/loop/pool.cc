// base/loop/pool.cc — see pool.h.
#include "base/loop/pool.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>

#include "base/log.h"
#include "base/loop/stop.h"

namespace nodal {
namespace {

constexpr std::size_t kStack = 512u << 10;  // a JSON document of the greatest depth fits
constexpr std::chrono::seconds kIdle{5};

}  // namespace

struct Pool::State {
  std::mutex mutex;
  std::condition_variable work, ended;
  std::deque<std::move_only_function<void()>> jobs;
  std::vector<pthread_t> finished;  // to be joined
  std::string name;
  std::size_t queue = 0;
  int limit = 1, threads = 0, idle = 0;
  bool stopping = false;

  static void* main(void* self) {
    name_thread(static_cast<State*>(self)->name.c_str());
    static_cast<State*>(self)->loop();
    return nullptr;
  }

  void loop() {
    std::unique_lock lock(mutex);
    while (true) {
      if (!jobs.empty()) {
        auto job = std::move(jobs.front());
        jobs.pop_front();
        lock.unlock();
        try {
          job();
        } catch (const std::exception& e) {
          log::error("a job threw", {{"pool", name}, {"what", e.what()}});
        }
        job = nullptr;
        lock.lock();
        continue;
      }
      if (stopping) break;
      ++idle;
      const bool called = work.wait_for(lock, kIdle, [this] { return stopping || !jobs.empty(); });
      --idle;
      if (!called) break;
    }
    --threads;
    finished.push_back(pthread_self());
    ended.notify_all();
  }

  // Under the lock.
  bool start() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStack);
    pthread_t thread{};
    const int error = pthread_create(&thread, &attributes, &State::main, this);
    pthread_attr_destroy(&attributes);
    if (error != 0) return false;
    ++threads;
    return true;
  }
};

Pool::Pool(std::string name, int limit, std::size_t queue) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->limit = limit;
  state_->queue = queue;
}

Pool::~Pool() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->work.notify_all();
  state_->ended.wait(lock, [this] { return state_->threads == 0; });
  const auto finished = std::move(state_->finished);
  lock.unlock();
  for (const auto thread : finished) pthread_join(thread, nullptr);
}

bool Pool::run(std::move_only_function<void()> job) {
  std::vector<pthread_t> finished;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return false;
    const bool is_free = state_->idle > static_cast<int>(state_->jobs.size());
    const bool waits = !is_free && !(state_->threads < state_->limit && state_->start());
    if (waits && (state_->threads == 0 || state_->jobs.size() >= state_->queue)) return false;
    state_->jobs.push_back(std::move(job));
    finished.swap(state_->finished);
    state_->work.notify_one();
  }
  for (const auto thread : finished) pthread_join(thread, nullptr);
  return true;
}

}  // namespace nodal
