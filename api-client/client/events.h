// api-client/client/events.h — Kubernetes Events: written in the background, repeats counted
// instead of repeated.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api-client/client/client.h"

namespace nodal::client {

/// What an event is about.
struct EventTarget {
  std::string api_version, kind, namespace_, name, uid, resource_version;
  std::string field_path;  ///< e.g. "spec.containers{web}"
};

enum class EventType { normal, warning };

/// Sends core/v1 Events. The same (target, type, reason, message) again within ten minutes patches
/// count and lastTimestamp; per target at most 25 at once, then one every 5 minutes. Never blocks;
/// drops the oldest when 1,000 wait. While the server is away or too busy, one is tried twelve
/// times with back-off, the others wait behind it. Messages are cut at 1,024 bytes. Thread-safe.
/// @source kubelet's event recorder (client-go tools/record): limits and names
class EventRecorder {
 public:
  /// @param component  source.component, e.g. "default-scheduler", "kubelet"
  /// @param host       source.host, the node's name or ""
  EventRecorder(std::shared_ptr<Client> client, std::string component, std::string host);
  ~EventRecorder();  ///< gives what waits a second to go out
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  /// @param component  source.component of this event, when not the recorder's own
  void record(const EventTarget& target, EventType type, std::string_view reason,
              std::string_view message, std::string_view component = "");

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nodal::client
