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

}  // namespace

struct EventRecorder::State {
  struct Wanted {
    EventTarget target;
    EventType type;
    std::string reason, message, component;
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

  void send(const Wanted& wanted) {
    const auto& target = wanted.target;
    const std::string object =
        text::cat(target.kind, "/", target.namespace_, "/", target.name, "/", target.uid);
    const Id id{object, target.field_path, wanted.reason, wanted.message};
    const auto now = Steady::now();
    if (const auto it = known.find(id); it != known.end() && now - it->second.last < kRepeat) {
      auto& event = it->second;
      event.last = now;
      if (!may_send(object)) return;
      const auto patch = text::cat(R"({"count":)", ++event.count, R"(,"lastTimestamp":")",
                                   format_time(wanted.at), "\"}");
      auto patched =
          client->patch<core_v1::Event>(event.ns, event.name, PatchType::strategic, patch);
      if (patched || patched.error().code != Errc::not_found) return;
      known.erase(it);  // it has expired on the server: begin a new one
    }
    if (!may_send(object)) return;
    core_v1::Event event;
    event.metadata.namespace_ = target.namespace_.empty() ? "default" : target.namespace_;
    event.metadata.name = text::cat(target.name, ".", text::hex(unique()));
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
    if (!created) {
      log::debug("an event was not taken",
                 {{"reason", wanted.reason}, {"error", created.error().message}});
      return;
    }
    if (known.size() >= kMostKnown) known.clear();
    known[id] = {created->metadata.namespace_, created->metadata.name, 1, now};
  }

  // The event's name ends with the time in nanoseconds, as other recorders have it.
  std::string unique() {
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
      send(next);
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
       component.empty() ? state_->component : std::string(component), SystemClock().now()});
  state_->changed.notify_all();
}

}  // namespace nodal::client
