// api-client/client/mirror.h — the cached set of one kind, fed by a Reflector.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nodal::client {

/// One difference between two states of a set. `before` is null for an addition, `after` for a
/// removal.
template <class T>
struct Change {
  std::string key;  ///< "namespace/name", or "name" for a cluster-scoped kind
  std::shared_ptr<const T> before;
  std::shared_ptr<const T> after;
};

[[nodiscard]] inline std::string object_key(std::string_view ns, std::string_view name) {
  std::string key;
  if (!ns.empty()) {
    key = ns;
    key += '/';
  }
  key += name;
  return key;
}
template <class T>
[[nodiscard]] std::string key_of(const T& object) {
  return object_key(object.metadata.namespace_, object.metadata.name);
}
/// Differs between two states of one object.
template <class T>
[[nodiscard]] const std::string& version_of(const T& object) {
  return object.metadata.resource_version;
}

/// The set of all objects of one kind that a reflector has seen, with indices. Objects are
/// immutable and shared. Thread-safe. Listeners run on the reflector's thread, one change at a
/// time, after the set holds the change.
template <class T>
class Mirror {
 public:
  using Ptr = std::shared_ptr<const T>;
  using Listener = std::function<void(const Change<T>&)>;
  /// The index values of an object, e.g. the node a pod is bound to.
  using KeyFunction = std::function<std::vector<std::string>(const T&)>;

  // Before the reflector starts:
  void on_change(Listener listener) { listeners_.push_back(std::move(listener)); }
  /// Called once, when the first list has been applied, and after every later relist.
  void on_synced(std::function<void()> listener) {
    synced_listeners_.push_back(std::move(listener));
  }
  void add_index(std::string name, KeyFunction key) {
    indices_.emplace(std::move(name), Index{std::move(key), {}});
  }

  [[nodiscard]] Ptr get(std::string_view key) const {
    const std::lock_guard lock(mutex_);
    const auto it = objects_.find(key);
    return it == objects_.end() ? nullptr : it->second;
  }
  [[nodiscard]] std::vector<Ptr> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Ptr> out;
    out.reserve(objects_.size());
    for (const auto& [key, object] : objects_) out.push_back(object);
    return out;
  }
  [[nodiscard]] std::vector<Ptr> by_index(std::string_view index, std::string_view value) const {
    const std::lock_guard lock(mutex_);
    std::vector<Ptr> out;
    const auto it = indices_.find(index);
    if (it == indices_.end()) return out;
    const auto keys = it->second.keys.find(value);
    if (keys == it->second.keys.end()) return out;
    for (const auto& [key, object] : keys->second) out.push_back(object);
    return out;
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return objects_.size();
  }
  [[nodiscard]] bool has_synced() const {
    const std::lock_guard lock(mutex_);
    return synced_;
  }

  // For the reflector:

  /// Puts or (with a null object) removes one key.
  void apply(const std::string& key, Ptr object) {
    Change<T> change{key, nullptr, std::move(object)};
    {
      const std::lock_guard lock(mutex_);
      change.before = set(key, change.after);
    }
    if (change.before || change.after)
      for (const auto& listener : listeners_) listener(change);
  }
  /// Makes the set be exactly this; reports the differences.
  void replace(std::vector<Ptr> objects) {
    std::vector<Change<T>> changes;
    {
      const std::lock_guard lock(mutex_);
      std::map<std::string, Ptr> wanted;
      for (auto& object : objects) wanted.emplace(key_of(*object), std::move(object));
      std::vector<std::string> gone;
      for (const auto& [key, object] : objects_)
        if (!wanted.contains(key)) gone.push_back(key);
      for (const auto& key : gone) changes.push_back({key, set(key, nullptr), nullptr});
      for (const auto& [key, object] : wanted) {
        const auto it = objects_.find(key);
        if (it != objects_.end() && version_of(*it->second) == version_of(*object)) continue;
        changes.push_back({key, set(key, object), object});
      }
      synced_ = true;
    }
    for (const auto& change : changes)
      for (const auto& listener : listeners_) listener(change);
    for (const auto& listener : synced_listeners_) listener();
  }

 private:
  struct Index {
    KeyFunction key;
    std::map<std::string, std::map<std::string, Ptr>, std::less<>> keys;
  };

  // Under the lock. The former object.
  Ptr set(const std::string& key, const Ptr& object) {
    Ptr before;
    const auto it = objects_.find(key);
    if (it != objects_.end()) {
      before = it->second;
      for (auto& [name, index] : indices_)
        for (const auto& value : index.key(*before)) {
          const auto bucket = index.keys.find(value);
          if (bucket == index.keys.end()) continue;
          bucket->second.erase(key);
          if (bucket->second.empty()) index.keys.erase(bucket);
        }
      if (!object) objects_.erase(it);
    }
    if (object) {
      objects_[key] = object;
      for (auto& [name, index] : indices_)
        for (const auto& value : index.key(*object)) index.keys[value][key] = object;
    }
    return before;
  }

  mutable std::mutex mutex_;
  bool synced_ = false;
  std::map<std::string, Ptr, std::less<>> objects_;
  std::map<std::string, Index, std::less<>> indices_;
  std::vector<Listener> listeners_;
  std::vector<std::function<void()>> synced_listeners_;
};

}  // namespace nodal::client
