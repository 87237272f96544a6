// master/controllers/controller.h — a controller: mirrors wake keys, a planner decides, the client
// writes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api-client/client/client.h"
#include "api-client/client/events.h"
#include "api-client/codec/merge_diff.h"
#include "base/clock.h"
#include "base/loop/keyed_loop.h"
#include "master/controllers/mirrors.h"

namespace nodal::master::controllers {

/// What every controller is given.
struct Context {
  std::shared_ptr<client::Client> client;
  Mirrors& mirrors;
  client::EventRecorder& events;
  const Clock& clock;
};

/// One reconciled kind: reconcile(key) looks at the mirrors, plans, and writes; it is called again
/// until it succeeds. Subclasses subscribe to mirrors in their constructor and call wake(). Nothing
/// runs before every mirror has synced. Thread: reconcile() runs on the loop's threads, never twice
/// at once for one key.
class Controller {
 public:
  virtual ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  /// Ends the loop; called before a subclass is destroyed.
  void stop() { loop_.stop(); }

 protected:
  Controller(std::string name, Context context, int threads = 1);
  virtual Result<Again> reconcile(const std::string& key) = 0;

  void wake(std::string_view key) { loop_.wake(key); }
  void wake_after(std::string_view key, std::chrono::nanoseconds delay) {
    loop_.wake_after(key, delay);
  }
  /// An event whose source is this controller: "deployment-controller".
  void record(const client::EventTarget& target, client::EventType type, std::string_view reason,
              std::string_view message);

  Context context_;

 private:
  const std::string source_;
  KeyedLoop loop_;
};

/// Writes the difference of two versions of an object's status to its status subresource.
template <class T>
Result<> patch_status(client::Client& client, const T& before, const T& after) {
  const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(before), codec::encode(after)));
  if (patch == "{}") return {};
  NODAL_TRY(client.patch<T>(before.metadata.namespace_, before.metadata.name,
                            client::PatchType::merge, patch, "status"));
  return {};
}

/// "namespace/name" → its two parts; a key without a slash has no namespace.
std::pair<std::string, std::string> split_key(std::string_view key);

/// True for a pod that has ended or will never run again.
bool is_finished(const core_v1::Pod& pod);
/// Condition Ready is True.
bool is_ready(const core_v1::Pod& pod);
/// When the Ready condition became True, if it is.
std::optional<TimePoint> ready_since(const core_v1::Pod& pod);

}  // namespace nodal::master::controllers
