// master/store/memory_kv.cc — see memory_kv.h.
#include "master/store/memory_kv.h"

#include "base/text.h"

namespace nodal::master {

Result<Entry> MemoryKv::put(std::string_view key, const Encoder& encode, Expect expect) {
  const std::lock_guard lock(write_mutex_);
  const auto present = present_.get(key);
  NODAL_TRY(Present::check(key, present ? &*present : nullptr, expect));
  const Revision revision = present_.revision() + 1;
  Event event;
  event.entry = {std::string(key), std::make_shared<const std::string>(encode(revision)),
                 present ? present->created : revision, revision};
  present_.apply(event);
  return event.entry;
}

Result<Revision> MemoryKv::erase(std::string_view key, Expect expect) {
  const std::lock_guard lock(write_mutex_);
  const auto present = present_.get(key);
  if (!present) return fail(Errc::not_found, text::cat(key, " not found"));
  NODAL_TRY(Present::check(key, &*present, expect));
  Event event;
  event.type = Event::Type::erase;
  event.entry = *present;
  event.entry.modified = present_.revision() + 1;
  present_.apply(event);
  return event.entry.modified;
}

}  // namespace nodal::master
