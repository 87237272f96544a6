// master/controllers/garbage/graph.cc — see graph.h.
#include "master/controllers/garbage/graph.h"

#include <algorithm>

namespace nodal::master::garbage {
namespace {

bool blocks(const Node& dependent, std::string_view owner) {
  return std::ranges::any_of(dependent.owners,
                             [&](const Owner& o) { return o.uid == owner && o.blocks; });
}

bool waits(const Node& node) { return node.deleting && node.foreground; }

}  // namespace

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

// The owners that wait for this one while it waits, by others or directly, for them.
std::vector<std::string> Graph::waiting_in_a_circle(const Node& node) const {
  std::vector<std::string> out;
  for (const auto& owner : node.owners) {
    const Node* there = find(owner.uid);
    if (owner.blocks && there != nullptr && waits(*there)) out.push_back(owner.uid);
  }
  if (out.empty()) return out;
  std::set<std::string, std::less<>> waited_for;
  std::vector<std::string> next{node.uid};
  while (!next.empty()) {
    const auto uid = std::move(next.back());
    next.pop_back();
    for (auto& dependent : dependents(uid)) {
      const Node& there = *find(dependent);
      if (waits(there) && blocks(there, uid) && waited_for.insert(dependent).second)
        next.push_back(std::move(dependent));
    }
  }
  std::erase_if(out, [&](const std::string& owner) { return !waited_for.contains(owner); });
  return out;
}

Work Graph::work(std::string_view uid, const std::set<std::string, std::less<>>& absent) const {
  Work out;
  const Node* node = find(uid);
  if (node == nullptr) return out;

  if (node->deleting && node->orphan) {
    for (const auto& dependent : dependents(uid)) out.let_go.push_back(*find(dependent));
    out.drop_orphan = true;
    return out;
  }
  if (waits(*node)) {
    out.drop_foreground = std::ranges::none_of(
        dependents(uid), [&](const auto& dependent) { return blocks(*find(dependent), uid); });
    if (!out.drop_foreground) out.unblock = waiting_in_a_circle(*node);
    return out;
  }
  if (node->deleting || node->owners.empty()) return out;

  bool alive = false, waited_for = false;
  for (const auto& owner : node->owners) {
    const Node* there = find(owner.uid);
    const bool reachable =
        there != nullptr && (there->namespace_.empty() || there->namespace_ == node->namespace_);
    if (reachable && !waits(*there)) {
      alive = true;
    } else if (reachable) {
      waited_for = true;
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
  out.removal = waited_for && owned_.contains(node->uid) ? Work::Removal::foreground
                                                         : Work::Removal::background;
  return out;
}

}  // namespace nodal::master::garbage
