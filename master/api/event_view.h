// master/api/event_view.h — one store event as all its watchers see it: parsed at most once, framed
// at most once.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api-client/codec/schema.h"
#include "base/http/message.h"
#include "master/store/kv.h"

namespace nodal::master {

enum class WatchType { added, modified, deleted };
std::string_view name(WatchType type);

/// `{"type":…,"object":…}` and a line break.
http::Chunk event_frame(WatchType type, std::string_view object);

/// Thread-safe; what it hands out lives as long as it does.
class EventView {
 public:
  EventView(const schema::Resource& resource, Event event)
      : resource_(resource), event_(std::move(event)) {}

  [[nodiscard]] const Event& event() const { return event_; }
  /// The state the event leads to; for an erase the last one.
  const boost::json::object& now();
  /// The state before; empty for a creation.
  const boost::json::object& before();
  /// The object of a watch event: as stored, or for `deleted` the last state that was seen with the
  /// event's revision.
  Bytes object(WatchType type);
  /// The frame of object().
  http::Chunk frame(WatchType type);

 private:
  const schema::Resource& resource_;
  const Event event_;
  std::mutex mutex_;
  std::unique_ptr<boost::json::object> now_, before_;
  Bytes deleted_;
  std::array<http::Chunk, 3> frames_;
};

/// The views of the newest events. Thread-safe.
class EventViews {
 public:
  std::shared_ptr<EventView> of(const schema::Resource& resource, const Event& event);

 private:
  static constexpr std::size_t kKept = 16;
  std::mutex mutex_;
  std::array<std::pair<Revision, std::shared_ptr<EventView>>, kKept> views_{};
};

}  // namespace nodal::master
