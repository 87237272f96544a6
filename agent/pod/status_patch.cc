// agent/pod/status_patch.cc — see status_patch.h.
#include "agent/pod/status_patch.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "api-client/codec/codec.h"
#include "api-client/codec/merge_diff.h"

namespace nodal::agent {
namespace {

namespace json = boost::json;

std::string gate(const core_v1::Pod& pod, const std::string& type) {
  const auto& all = pod.status.conditions;
  const auto it = std::ranges::find(all, type, &core_v1::PodCondition::type);
  return it == all.end() ? "" : it->status;
}

}  // namespace

Result<std::string> status_patch(const core_v1::Pod& before, const core_v1::Pod& after) {
  auto patch = NODAL_TRY(codec::merge_diff(codec::encode(before), codec::encode(after)));
  if (patch == "{}") return patch;
  auto document = NODAL_TRY(codec::parse(patch));
  auto* status = document.get_object().if_contains("status");
  if (status == nullptr || !status->is_object()) return patch;
  auto& fields = status->get_object();
  if (fields.contains("conditions")) {
    json::array changed;
    for (const auto& condition : after.status.conditions)
      if (std::ranges::find(before.status.conditions, condition) == before.status.conditions.end())
        changed.push_back(NODAL_TRY(codec::parse(codec::encode(condition))));
    fields["conditions"] = std::move(changed);
  }
  // A strategic patch would add to these.
  for (const char* list : {"podIPs", "hostIPs"})
    if (auto* items = fields.if_contains(list); items != nullptr && items->is_array()) {
      auto& all = items->get_array();
      all.insert(all.begin(), json::object{{"$patch", "replace"}});
    }
  return json::serialize(document);
}

bool still_tells(const core_v1::PodStatus& now, const core_v1::PodStatus& told) {
  // Encoded: the API keeps whole seconds of a time.
  std::set<std::string> conditions;
  for (const auto& condition : now.conditions) conditions.insert(codec::encode(condition));
  const auto without_conditions = [](core_v1::PodStatus status) {
    status.conditions.clear();
    return codec::encode(status);
  };
  return std::ranges::all_of(told.conditions,
                             [&](const auto& condition) {
                               return conditions.contains(codec::encode(condition));
                             }) &&
         without_conditions(now) == without_conditions(told);
}

bool same_gates(const core_v1::Pod& before, const core_v1::Pod& after) {
  return std::ranges::all_of(after.spec.readiness_gates, [&](const auto& wanted) {
    return gate(before, wanted.condition_type) == gate(after, wanted.condition_type);
  });
}

}  // namespace nodal::agent
