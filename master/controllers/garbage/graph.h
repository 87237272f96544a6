// master/controllers/garbage/graph.h — who owns whom, and what that means for one object now. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/codec/resource_name.h"
#include "gen/meta_v1.h"

namespace nodal::master::garbage {

struct Owner {
  std::string uid, api_version, kind, name;
  bool blocks = false;  ///< blockOwnerDeletion
  bool operator==(const Owner&) const = default;
};

/// Of an object, what its collection depends on.
struct Node {
  ResourceName resource;
  std::string namespace_, name, uid;
  std::vector<Owner> owners;
  bool deleting = false;
  bool foreground = false;  ///< finalizer foregroundDeletion
  bool orphan = false;      ///< finalizer orphan
  bool operator==(const Node&) const = default;
};

Node node_of(const ResourceName& resource, const meta_v1::ObjectMeta& metadata);

/// What is to be done about one object now; level-triggered, so each may be done again.
struct Work {
  enum class Removal { none, background, foreground };
  Removal removal = Removal::none;  ///< delete the object itself: no owner is left
  std::vector<Owner> verify;  ///< owners that the graph lacks: ask the server whether they are gone
  std::vector<std::string> drop_owners;  ///< uids to take out of its ownerReferences
  std::vector<std::string> unblock;      ///< uids of owners that are to wait for it no longer
  std::vector<Node> let_go;              ///< of an orphaning: the dependents
  bool drop_foreground = false;          ///< its finalizer has been served
  bool drop_orphan = false;              ///< once `let_go` have been
  bool operator==(const Work&) const = default;
};

/// The graph of the objects that have owners or are owners. Not thread-safe.
///
/// An owner in another namespace than its dependent's counts as absent, as Kubernetes says; an
/// owner without a namespace may own anything. A deletion in the foreground deletes nothing itself:
/// each dependent's own work says whether it goes, as another owner may keep it.
/// @source Kubernetes documentation: Garbage Collection; Use Cascading Deletion
class Graph {
 public:
  /// True when something changed that may be work.
  bool put(Node node);
  void remove(std::string_view uid);
  [[nodiscard]] const Node* find(std::string_view uid) const;
  /// The uids of what names it as an owner.
  [[nodiscard]] std::vector<std::string> dependents(std::string_view uid) const;
  /// @param absent  owners that the server has said are gone
  [[nodiscard]] Work work(std::string_view uid,
                          const std::set<std::string, std::less<>>& absent) const;
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

 private:
  [[nodiscard]] std::vector<std::string> waiting_in_a_circle(const Node& node) const;

  std::map<std::string, Node, std::less<>> nodes_;  // by uid
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>>
      owned_;  // owner → dependents
};

}  // namespace nodal::master::garbage
