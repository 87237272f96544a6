// master/registry/object_store.h — API objects over a KvStore: identity, revisions, generations,
// deletion.
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api-client/codec/schema.h"
#include "base/clock.h"
#include "master/registry/api_error.h"
#include "master/store/kv.h"

namespace nodal::master {

/// "core/pods/default/web", "apps/deployments/default/web", "core/nodes/n1".
std::string object_key(const schema::Resource& resource, std::string_view ns,
                       std::string_view name);
/// What the keys of a kind begin with; of one namespace when `ns` is not empty.
std::string key_prefix(const schema::Resource& resource, std::string_view ns);

/// An object as JSON text with a gap for its resourceVersion: kind, apiVersion and metadata first,
/// then the rest.
struct EncodedObject {
  std::string text;
  std::size_t gap = 0;  ///< where the digits go

  [[nodiscard]] std::string with(Revision revision) const;
};
EncodedObject encode_object(const schema::Resource& resource, const boost::json::object& object);

/// The parsed object in stored bytes.
boost::json::object parse_object(std::string_view stored);

/// A string inside nested objects: string_at(object, "metadata", "name"); "" when absent or no
/// string.
std::string_view string_at(const boost::json::object& object, std::string_view a,
                           std::string_view b);
/// object["metadata"], made when absent or no object.
boost::json::object& metadata_of(boost::json::object& object);

/// A random version 4 UUID.
std::string make_uid();
/// `prefix` (cut so that 63 bytes suffice) and five random characters.
std::string generate_name(std::string_view prefix);

struct DeleteRequest {
  std::optional<std::int64_t> grace_period_seconds;
  std::string propagation_policy;  ///< "", Background, Foreground, Orphan
  std::string uid;                 ///< precondition when not empty
  std::string resource_version;    ///< likewise
  bool dry_run = false;
};

/// What became of a write.
struct Written {
  Bytes bytes;           ///< the object as it is now stored; after a removal as it was last
  bool removed = false;  ///< it is gone
  bool changed = true;   ///< false: the write would have changed nothing, so it did not
};

/// The generic rules of every kind. Knows nothing of HTTP. Thread-safe.
class ObjectStore {
 public:
  ObjectStore(KvStore& kv, const Clock& clock) : kv_(kv), clock_(clock) {}

  /// Called after an object has left the store, with what was stored. Set before serving.
  void on_removed(std::function<void(const schema::Resource&, const boost::json::object&)> call) {
    on_removed_ = std::move(call);
  }

  Answer<Entry> get(const schema::Resource& resource, std::string_view ns, std::string_view name);

  /// The same, of an object that somebody is about to make.
  /// @errors 404 when it is not there after `wait`
  Answer<Entry> await(const schema::Resource& resource, std::string_view ns, std::string_view name,
                      std::chrono::milliseconds wait);

  /// Fills what the server owns of a new object's metadata: uid, creationTimestamp, generation;
  /// drops what a client may not set.
  void stamp_new(const schema::Resource& resource, boost::json::object& object) const;

  /// Stores a new object; its metadata has name (and namespace) and is stamped.
  /// @errors AlreadyExists
  Answer<Written> create(const schema::Resource& resource, const boost::json::object& object,
                         bool dry_run);

  /// Applies `change` to the present object until no other write comes between. `change` gets the
  /// stored object and yields the new one; it may run several times. Server-owned metadata is
  /// carried over (but managedFields, which `change` keeps or sets), the generation counted, a
  /// stale resourceVersion in the new object is a conflict, and an object that is being deleted
  /// leaves with its last finalizer.
  using Change = std::function<Answer<boost::json::object>(const boost::json::object& old)>;
  Answer<Written> update_with(const schema::Resource& resource, std::string_view ns,
                              std::string_view name, const Change& change, bool dry_run);

  /// Deletes, or begins to (grace period, finalizers, a namespace with content).
  /// @source API concepts, "Resource deletion"
  Answer<Written> remove(const schema::Resource& resource, std::string_view ns,
                         std::string_view name, const DeleteRequest& request);

  [[nodiscard]] KvStore& kv() { return kv_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  // @param stored  as `entry` has it; `object` is what the client gets to see
  Answer<Written> erase(const schema::Resource& resource, const Entry& entry,
                        const boost::json::object& stored, const boost::json::object& object,
                        bool dry_run);

  KvStore& kv_;
  const Clock& clock_;
  std::function<void(const schema::Resource&, const boost::json::object&)> on_removed_;
};

}  // namespace nodal::master
