// master/api/node_admission.cc — what a node may write of itself: the rules that need the body.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/auth/identity.h"

namespace nodal::master::handlers {
namespace {

// The node that sends the request, or "".
std::string_view sender(const Call& call) {
  const std::string_view user = call.caller.user;
  return user.starts_with(kNodeUser) ? user.substr(kNodeUser.size()) : std::string_view();
}

const boost::json::value* member(const boost::json::object& object, std::string_view outer,
                                 std::string_view inner) {
  const auto* value = object.if_contains(outer);
  return value && value->is_object() ? value->get_object().if_contains(inner) : nullptr;
}

// The labels of that prefix say where pods may run: a node does not choose its own.
// @source KEP-279 NodeRestriction
boost::json::object restricted_labels(const boost::json::object& object) {
  boost::json::object out;
  const auto* labels = member(object, "metadata", "labels");
  if (labels && labels->is_object())
    for (const auto& [key, value] : labels->get_object()) {
      const std::string_view name(key.data(), key.size());
      const auto slash = name.find('/');
      const auto prefix =
          slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
      if (prefix == "node-restriction.kubernetes.io" ||
          prefix.ends_with(".node-restriction.kubernetes.io"))
        out[key] = value;
    }
  return out;
}

}  // namespace

Answer<> admit_own(const Call& call, const boost::json::object& object,
                   const boost::json::object* old) {
  const auto node = sender(call);
  if (node.empty()) return {};
  const auto name = string_at(object, "metadata", "name");
  const bool is_node = call.resource->group.empty() && call.resource->kind == "Node";
  const auto refuse = [&](std::string_view why) {
    return errors::forbidden(*call.resource, name,
                             text::cat("node ", quoted(node), " may not ", why));
  };
  if ((is_node || call.resource->kind == "Lease") && name != node)
    return refuse("write what is another's");
  if (!is_node) return {};
  if (restricted_labels(object) != (old ? restricted_labels(*old) : boost::json::object()))
    return refuse("set its labels of node-restriction.kubernetes.io");
  // Once it is there, its taints are the cluster's business.
  const auto changes = [&](std::string_view outer, std::string_view inner) {
    const auto* now = member(object, outer, inner);
    const auto* before = member(*old, outer, inner);
    return now && before ? *now != *before : now != before;
  };
  if (old && (changes("spec", "taints") || changes("metadata", "ownerReferences")))
    return refuse("change its taints or owners");
  return {};
}

}  // namespace nodal::master::handlers
