// master/controllers/garbage/graph.cc — see graph.h.
#include "master/controllers/garbage/graph.h"

#include <algorithm>

namespace nodal::master::garbage {

Node node_of(const ResourceName& resource, const meta_v1::ObjectMeta& metadata) {
  Node out{resource, metadata.namespace_, metadata.name, metadata.uid, {}, false, false, false};
  for (const auto& owner : metadata.owner_references)
    out.owners.push_back({owner.uid, owner.api_version, owner.kind, owner.name,
                          owner.block_owner_deletion.value_or(false)});
  out.deleting = metadata.deletion_timestamp.has_value();
  out.foreground =
      std::ranges::find(metadata.finalizers, "foregroundDeletion") != metadata.finalizers.end();
  out.orphan = std::ranges::find(metadata.finalizers, "orphan") != metadata.finalizers.end();
  return out;
}

bool Graph::put(Node node) {
  const auto it = nodes_.find(node.uid);
  if (it != nodes_.end()) {
    if (it->second == node) return false;
    for (const auto& owner : it->second.owners) {
      const auto owned = owned_.find(owner.uid);
      if (owned == owned_.end()) continue;
      owned->second.erase(node.uid);
      if (owned->second.empty()) owned_.erase(owned);
    }
  }
  for (const auto& owner : node.owners) owned_[owner.uid].insert(node.uid);
  nodes_.insert_or_assign(node.uid, std::move(node));
  return true;
}

void Graph::remove(std::string_view uid) {
  const auto it = nodes_.find(uid);
  if (it == nodes_.end()) return;
  for (const auto& owner : it->second.owners) {
    const auto owned = owned_.find(owner.uid);
    if (owned == owned_.end()) continue;
    owned->second.erase(it->first);
    if (owned->second.empty()) owned_.erase(owned);
  }
  nodes_.erase(it);
}

const Node* Graph::find(std::string_view uid) const {
  const auto it = nodes_.find(uid);
  return it == nodes_.end() ? nullptr : &it->second;
}

std::vector<std::string> Graph::dependents(std::string_view uid) const {
  const auto it = owned_.find(uid);
  if (it == owned_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

Work Graph::work(std::string_view uid, const std::set<std::string, std::less<>>& absent) const {
  Work out;
  const Node* node = find(uid);
  if (node == nullptr) return out;

  if (node->deleting && node->orphan) {
    for (const auto& dependent : dependents(uid)) out.dependents.push_back(*find(dependent));
    out.drop_orphan = true;
    return out;
  }
  if (node->deleting && node->foreground) {
    bool blocked = false;
    for (const auto& id : dependents(uid)) {
      const Node& dependent = *find(id);
      const bool blocks = std::ranges::any_of(
          dependent.owners, [&](const Owner& owner) { return owner.uid == uid && owner.blocks; });
      blocked = blocked || blocks;
      if (!dependent.deleting) out.dependents.push_back(dependent);
    }
    out.drop_foreground = !blocked;
    return out;
  }
  if (node->deleting || node->owners.empty()) return out;

  bool alive = false, waits = false;
  for (const auto& owner : node->owners) {
    const Node* there = find(owner.uid);
    const bool reachable =
        there != nullptr && (there->namespace_.empty() || there->namespace_ == node->namespace_);
    if (reachable && !(there->deleting && there->foreground)) {
      alive = true;
    } else if (reachable) {
      waits = true;
      out.drop_owners.push_back(owner.uid);
    } else if (there != nullptr || absent.contains(owner.uid)) {
      out.drop_owners.push_back(owner.uid);
    } else {
      out.verify.push_back(owner);
    }
  }
  if (alive) return out;  // those that are gone leave its list
  if (!out.verify.empty()) {
    out.drop_owners.clear();
    return out;
  }
  out.drop_owners.clear();
  out.removal =
      waits && owned_.contains(node->uid) ? Work::Removal::foreground : Work::Removal::background;
  return out;
}

}  // namespace nodal::master::garbage
