// nodectl/rollout/history.cc — see history.h.
#include "nodectl/rollout/history.h"

#include <algorithm>
#include <boost/json/object.hpp>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/describe/page.h"
#include "nodectl/describe/pod_parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr std::string_view kHash = "pod-template-hash";
constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
constexpr std::string_view kCause = "kubernetes.io/change-cause";

// An empty text or list says what an absent one says, and not everyone writes it.
void drop_empty(json::value& value) {
  if (auto* list = value.if_array())
    for (auto& item : *list) drop_empty(item);
  auto* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& key : keys_of(*object)) {
    auto& member = object->at(key);
    drop_empty(member);
    if (member.is_null() || (member.is_string() && member.get_string().empty()) ||
        (member.is_array() && member.get_array().empty()))
      object->erase(key);
  }
}

json::value template_of(const json::value& object) {
  const auto* found = find(object, "spec.template");
  json::value out = found != nullptr ? *found : json::value(json::object{});
  if (auto* metadata = out.is_object() ? out.get_object().if_contains("metadata") : nullptr;
      metadata != nullptr && metadata->is_object()) {
    metadata->get_object().erase("creationTimestamp");
    if (auto* labels = metadata->get_object().if_contains("labels");
        labels != nullptr && labels->is_object())
      labels->get_object().erase(kHash);
  }
  drop_empty(out);
  return out;
}

std::string annotation(const json::value& object, std::string_view key) {
  const auto* value = object_at(object, "metadata.annotations").if_contains(key);
  return value == nullptr ? std::string() : text_of(*value);
}

}  // namespace

bool same_template(const json::value& replica_set, const json::value& deployment) {
  return template_of(replica_set) == template_of(deployment);
}

json::array controlled(const json::array& replica_sets, const json::value& deployment) {
  const auto uid = text_at(deployment, "metadata.uid");
  json::array out;
  for (const auto& set : replica_sets)
    for (const auto& owner : list_at(set, "metadata.ownerReferences"))
      if (bool_at(owner, "controller") && text_at(owner, "uid") == uid) out.push_back(set);
  return out;
}

std::vector<Revision> revisions(const json::array& replica_sets, const json::value& deployment) {
  std::vector<Revision> out;
  for (const auto& set : controlled(replica_sets, deployment))
    if (const auto number = text::number<std::int64_t>(annotation(set, kRevision)))
      out.push_back(
          {*number, annotation(set, kCause), template_of(set), *find(set, "spec.template")});
  std::ranges::sort(out, {}, &Revision::number);
  return out;
}

Result<Revision> revision_to_undo(const std::vector<Revision>& revisions, std::int64_t number) {
  if (number == 0) {
    if (revisions.size() < 2)
      return fail(Errc::not_found, "no rollout history found for deployment");
    return revisions[revisions.size() - 2];
  }
  const auto at = std::ranges::find(revisions, number, &Revision::number);
  if (at == revisions.end())
    return fail(Errc::not_found,
                text::cat("unable to find specified revision ", number, " in history"));
  return *at;
}

std::string undo_patch(const json::value& deployment, const Revision& revision) {
  // What belongs to the Deployment itself stays; the rest follows the revision.
  json::object annotations;
  for (const auto& [key, value] : object_at(deployment, "metadata.annotations"))
    if (key != kCause) annotations[key] = value;
  if (!revision.cause.empty()) annotations[kCause] = revision.cause;
  return codec::to_text(json::array{
      json::object{{"op", "replace"}, {"path", "/spec/template"}, {"value", revision.pod_template}},
      json::object{{"op", "replace"}, {"path", "/metadata/annotations"}, {"value", annotations}}});
}

std::string template_text(const Revision& revision) {
  auto shown = revision.stored;
  if (!revision.cause.empty() && shown.is_object())
    make_object(shown.get_object(), "metadata.annotations")[kCause] = revision.cause;
  Page page;
  describe_template(page, shown);
  return page.raw();
}

}  // namespace nodal::nodectl
