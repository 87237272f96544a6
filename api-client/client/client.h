// api-client/client/client.h — typed verbs over a Transport.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api-client/client/transport.h"
#include "api-client/codec/codec.h"
#include "api-client/codec/resource_name.h"
#include "base/result.h"

namespace nodal::client {

struct ListOptions {
  std::string namespace_;  ///< empty: all namespaces (or a cluster-scoped kind)
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;
  int limit = 0;  ///< 0: no chunking asked for; list() follows `continue` itself
};

struct DeleteOptions {
  std::optional<std::int64_t> grace_period_seconds;
  std::string uid;                 ///< precondition when not empty
  std::string propagation_policy;  ///< "", Background, Foreground, Orphan
};

enum class PatchType { json, merge, strategic, apply };

template <class T>
struct List {
  std::vector<T> items;
  std::string resource_version;
};

/// Speaks to one API server. T is a generated kind with `static constexpr ResourceName kResource`
/// (group, version, plural, kind, namespaced). There is no update<T>: a client that reads into a
/// struct and puts it back would drop the fields its schema does not know. Writes are creates and
/// patches. Thread-safe.
///
/// Every error that the server answers arrives as the Errc of its Status (client/status.h) with the
/// server's message.
class Client {
 public:
  /// @param user_agent  "nodal-agent/0.1.0"; the part before '/' is the field manager
  Client(std::shared_ptr<Transport> transport, std::string user_agent);

  template <class T>
  Result<T> get(std::string_view ns, std::string_view name, std::stop_token stop = {}) {
    return codec::decode<T>(NODAL_TRY(get_text(path<T>(ns, name), stop)));
  }
  template <class T>
  Result<List<T>> list(const ListOptions& options = {},
                       std::stop_token stop = {});  // explicit instances: generated
  template <class T>
  Result<T> create(const T& object, std::stop_token stop = {}) {
    return codec::decode<T>(
        NODAL_TRY(post_text(path<T>(object.metadata.namespace_, ""), codec::encode(object), stop)));
  }
  /// @param body         the patch document as JSON text
  /// @param subresource  "" or "status", "scale", …
  template <class T>
  Result<T> patch(std::string_view ns, std::string_view name, PatchType type, std::string_view body,
                  std::string_view subresource = "", std::stop_token stop = {}) {
    return codec::decode<T>(
        NODAL_TRY(patch_text(path<T>(ns, name, subresource), type, body, stop)));
  }
  template <class T>
  Result<> remove(std::string_view ns, std::string_view name, const DeleteOptions& options = {},
                  std::stop_token stop = {}) {
    return delete_path(path<T>(ns, name), options, stop);
  }
  /// Binds a pod to a node (POST pods/NAME/binding).
  Result<> bind(std::string_view ns, std::string_view pod, std::string_view pod_uid,
                std::string_view node);

  template <class T>
  [[nodiscard]] static std::string path(std::string_view ns, std::string_view name,
                                        std::string_view subresource = "") {
    return make_path(T::kResource.group, T::kResource.version, T::kResource.plural,
                     T::kResource.namespaced, ns, name, subresource);
  }

  [[nodiscard]] static std::string path(const ResourceName& resource, std::string_view ns,
                                        std::string_view name) {
    return make_path(resource.group, resource.version, resource.plural, resource.namespaced, ns,
                     name, "");
  }

  // The untyped half, for what has no struct (Scale bodies, raw paths, nodectl).
  Result<std::string> get_text(std::string_view path, std::stop_token stop = {});
  Result<std::string> post_text(std::string_view path, std::string_view json,
                                std::stop_token stop = {});
  Result<std::string> put_text(std::string_view path, std::string_view json,
                               std::stop_token stop = {});
  Result<std::string> patch_text(std::string_view path, PatchType type, std::string_view body,
                                 std::stop_token stop = {});
  Result<> delete_path(std::string_view path, const DeleteOptions& options,
                       std::stop_token stop = {});
  [[nodiscard]] Transport& transport() { return *transport_; }
  [[nodiscard]] const std::string& user_agent() const { return user_agent_; }

 private:
  static std::string make_path(std::string_view group, std::string_view version,
                               std::string_view plural, bool namespaced, std::string_view ns,
                               std::string_view name, std::string_view subresource);

  std::shared_ptr<Transport> transport_;
  std::string user_agent_;
};

}  // namespace nodal::client
