// master/api/event_view.cc — see event_view.h.
#include "master/api/event_view.h"

#include "base/text.h"
#include "master/registry/object_store.h"

namespace nodal::master {

std::string_view name(WatchType type) {
  switch (type) {
    case WatchType::added:
      return "ADDED";
    case WatchType::modified:
      return "MODIFIED";
    case WatchType::deleted:
      return "DELETED";
  }
  return "";
}

http::Chunk event_frame(WatchType type, std::string_view object) {
  return std::make_shared<const std::string>(
      text::cat(R"({"type":")", name(type), R"(","object":)", object, "}\n"));
}

const boost::json::object& EventView::now() {
  const std::lock_guard lock(mutex_);
  if (!now_) now_ = std::make_unique<boost::json::object>(parse_object(*event_.entry.value));
  return *now_;
}

const boost::json::object& EventView::before() {
  const std::lock_guard lock(mutex_);
  if (!before_)
    before_ = std::make_unique<boost::json::object>(event_.previous ? parse_object(*event_.previous)
                                                                    : boost::json::object());
  return *before_;
}

Bytes EventView::object(WatchType type) {
  if (type != WatchType::deleted) return event_.entry.value;
  const std::lock_guard lock(mutex_);
  if (!deleted_) {
    const Bytes& last =
        event_.type == Event::Type::put && event_.previous ? event_.previous : event_.entry.value;
    deleted_ = std::make_shared<const std::string>(
        encode_object(resource_, parse_object(*last)).with(event_.entry.modified));
  }
  return deleted_;
}

http::Chunk EventView::frame(WatchType type) {
  const Bytes bytes = object(type);
  const std::lock_guard lock(mutex_);
  auto& frame = frames_[static_cast<std::size_t>(type)];
  if (!frame) frame = event_frame(type, *bytes);
  return frame;
}

std::shared_ptr<EventView> EventViews::of(const schema::Resource& resource, const Event& event) {
  const std::lock_guard lock(mutex_);
  auto& [revision, view] = views_[event.entry.modified % kKept];
  if (revision != event.entry.modified || !view) {
    revision = event.entry.modified;
    view = std::make_shared<EventView>(resource, event);
  }
  return view;
}

}  // namespace nodal::master
