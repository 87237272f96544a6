// api-client/client/feed.h — what a Watcher sees, into a Mirror: for readers that keep less than
// whole objects.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "api-client/client/mirror.h"
#include "api-client/client/watcher.h"

namespace nodal::client {

/// Callbacks that keep the mirror like the server. `Kept` has a key_of() and a version_of() that
/// are found by its arguments, or metadata as API objects have.
/// @param mirror  outlives the Watcher
/// @param read  makes of an object what is kept of it; on the watcher's thread
template <class Kept>
Watcher::Callbacks feed(
    Mirror<Kept>& mirror,
    std::function<Result<std::shared_ptr<const Kept>>(const boost::json::value&)> read) {
  const auto listed = std::make_shared<std::vector<typename Mirror<Kept>::Ptr>>();
  Watcher::Callbacks out;
  out.begin_list = [listed] { listed->clear(); };
  out.item = [listed, read](const boost::json::value& value) -> Result<> {
    listed->push_back(NODAL_TRY(read(value)));
    return {};
  };
  out.end_list = [listed, &mirror] { mirror.replace(std::exchange(*listed, {})); };
  out.change = [&mirror, read](const boost::json::value& value, bool deleted) -> Result<> {
    auto object = NODAL_TRY(read(value));
    const auto key = key_of(*object);
    mirror.apply(key, deleted ? nullptr : std::move(object));
    return {};
  };
  return out;
}

}  // namespace nodal::client
