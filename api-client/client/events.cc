// api-client/client/events.cc — see events.h.
#include "api-client/client/events.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "api-client/codec/time.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/text.h"
#include "gen/core_v1.h"

namespace nodal::client {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostWaiting = 1000;
constexpr std::size_t kMostKnown = 4096;
constexpr std::size_t kLongestMessage = 1024;
constexpr int kBurst = 25;
constexpr std::chrono::minutes kRefill{5};
constexpr std::chrono::minutes kRepeat{10};
constexpr int kTries = 12;
constexpr std::chrono::milliseconds kFirstWait{200}, kLongestWait{10000};

// Somebody who tries again later may be heard.
bool is_passing(const Error& error) {
  return error.code == Errc::unavailable || error.code == Errc::timed_out ||
         error.code == Errc::internal;
}

}  // namespace

struct EventRecorder::State {
  struct Wanted {
    EventTarget target;
    EventType type;
    std::string reason, message, component;
    std::string name;  // of the event, should it be a new one: the same at every try
    TimePoint at;
  };
  using Id = std::tuple<std::string, std::string, std::string,
                        std::string>;  // uid or name, field path, reason, message
  struct Known {
    std::string ns, name;
    int count = 0;
    Steady::time_point last;
  };
  struct Bucket {
    double tokens = kBurst;
    Steady::time_point at;
  };

  std::shared_ptr<Client> client;
  std::string component, host;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Wanted> waiting;             // under mutex
  bool closing = false;                   // under mutex
  std::map<Id, Known> known;              // the thread's
  std::map<std::string, Bucket> buckets;  // the thread's
  std::jthread thread;

  bool may_send(const std::string& object) {
    const auto now = Steady::now();
    if (buckets.size() > kMostKnown) buckets.clear();
    auto [it, fresh] = buckets.try_emplace(object);
    auto& bucket = it->second;
    if (!fresh)
      bucket.tokens = std::min<double>(
          kBurst, bucket.tokens + std::chrono::duration<double>(now - bucket.at) / kRefill);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  // False: not now; it is tried again.
  bool send(const Wanted& wanted, bool first) {
    const auto& target = wanted.target;
    const std::string object =
        text::cat(target.kind, "/", target.namespace_, "/", target.name, "/", target.uid);
    const Id id{object, target.field_path, wanted.reason, wanted.message};
    const auto now = Steady::now();
    if (const auto it = known.find(id); it != known.end() && now - it->second.last < kRepeat) {
      auto& event = it->second;
      event.last = now;
      if (first && !may_send(object)) return true;
      if (first) ++event.count;
      const auto patch = text::cat(R"({"count":)", event.count, R"(,"lastTimestamp":")",
                                   format_time(wanted.at), "\"}");
      auto patched =
          client->patch<core_v1::Event>(event.ns, event.name, PatchType::strategic, patch);
      if (patched) return true;
      if (patched.error().code != Errc::not_found) return !is_passing(patched.error());
      known.erase(it);  // it has expired on the server: begin a new one
    } else if (first && !may_send(object)) {
      return true;
    }
    core_v1::Event event;
    event.metadata.namespace_ = target.namespace_.empty() ? "default" : target.namespace_;
    event.metadata.name = wanted.name;
    auto& involved = event.involved_object;
    involved.api_version = target.api_version;
    involved.kind = target.kind;
    involved.namespace_ = target.namespace_;
    involved.name = target.name;
    involved.uid = target.uid;
    involved.resource_version = target.resource_version;
    involved.field_path = target.field_path;
    event.reason = wanted.reason;
    event.message = wanted.message;
    event.type = wanted.type == EventType::normal ? "Normal" : "Warning";
    event.count = 1;
    event.first_timestamp = event.last_timestamp = wanted.at;
    event.source.component = wanted.component;
    event.source.host = host;
    event.reporting_component = wanted.component;
    event.reporting_instance = host;
    const auto created = client->create(event);
    if (!created && is_passing(created.error())) return false;
    if (!created && (first || created.error().code != Errc::already_exists)) {
      log::debug("an event was not taken",
                 {{"reason", wanted.reason}, {"error", created.error().message}});
      return true;
    }
    // It is there already when only the answer to an earlier try was lost.
    if (known.size() >= kMostKnown) known.clear();
    known[id] = {event.metadata.namespace_, event.metadata.name, 1, now};
    return true;
  }

  // The event's name ends with the time in nanoseconds, as other recorders have it.
  static std::string unique() {
    const auto nanos =
        static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(nanos >> shift);
    return bytes;
  }

  void run(const std::stop_token& stop) {
    name_thread("events");
    for (;;) {
      Wanted next;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, stop, [this] { return !waiting.empty() || closing; });
        if (waiting.empty() || stop.stop_requested()) return;
        next = std::move(waiting.front());
        waiting.pop_front();
      }
      auto wait = kFirstWait;
      for (int tried = 0; !send(next, tried == 0) && tried < kTries - 1; ++tried) {
        std::unique_lock lock(mutex);
        if (changed.wait_for(lock, stop, wait, [this] { return closing; })) break;
        wait = std::min(wait * 2, kLongestWait);
      }
    }
  }
};

EventRecorder::EventRecorder(std::shared_ptr<Client> client, std::string component,
                             std::string host)
    : state_(std::make_unique<State>()) {
  state_->client = std::move(client);
  state_->component = std::move(component);
  state_->host = std::move(host);
}

EventRecorder::~EventRecorder() {
  {
    std::unique_lock lock(state_->mutex);
    state_->closing = true;
    state_->changed.notify_all();
    state_->changed.wait_for(lock, std::chrono::seconds(1),
                             [this] { return state_->waiting.empty(); });
  }
  if (!state_->thread.joinable()) return;
  state_->thread.request_stop();
  state_->changed.notify_all();
  state_->thread.join();
}

void EventRecorder::record(const EventTarget& target, EventType type, std::string_view reason,
                           std::string_view message, std::string_view component) {
  const std::lock_guard lock(state_->mutex);
  if (state_->closing) return;
  if (!state_->thread.joinable())
    state_->thread = std::jthread([this](std::stop_token stop) { state_->run(stop); });
  if (state_->waiting.size() >= kMostWaiting) state_->waiting.pop_front();
  state_->waiting.push_back(
      {target, type, std::string(reason), std::string(message.substr(0, kLongestMessage)),
       component.empty() ? state_->component : std::string(component),
       text::cat(target.name, ".", text::hex(State::unique())), SystemClock().now()});
  state_->changed.notify_all();
}

}  // namespace nodal::client
