// master/api/handlers/review.cc — questions that are answered and not kept: who am I, and may I.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

std::vector<std::string> strings_at(const boost::json::object& object, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* list = object.if_contains(key); list != nullptr && list->is_array())
    for (const auto& item : list->get_array())
      if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

boost::json::object status_of(const std::optional<std::string>& refused) {
  boost::json::object status{{"allowed", !refused}};
  if (refused) status["reason"] = *refused;
  return status;
}

// The request that a review asks about; nothing when it names none, or both.
std::optional<RequestInfo> asked(const boost::json::object& spec) {
  const auto* resource = spec.if_contains("resourceAttributes");
  const auto* path = spec.if_contains("nonResourceAttributes");
  const bool of_resource = resource != nullptr && resource->is_object();
  const bool of_path = path != nullptr && path->is_object();
  if (of_resource == of_path) return std::nullopt;
  RequestInfo out;
  out.is_resource = of_resource;
  if (of_path) {
    out.verb = string_at(spec, "nonResourceAttributes", "verb");
    out.path = string_at(spec, "nonResourceAttributes", "path");
    return out;
  }
  const auto text = [&](std::string_view key) {
    return std::string(string_at(spec, "resourceAttributes", key));
  };
  out.verb = text("verb");
  out.group = text("group");
  out.version = text("version");
  out.resource = text("resource");
  out.subresource = text("subresource");
  out.namespace_ = text("namespace");
  out.name = text("name");
  // A node may list what its own name selects.
  const auto& attributes = resource->get_object();
  if (const auto selector = string_at(attributes, "fieldSelector", "rawSelector");
      !selector.empty())
    out.query.emplace_back("fieldSelector", selector);
  return out;
}

// The review as it was sent, with its kind, and what came of it.
void answer_review(Call& call, boost::json::object review, boost::json::object status) {
  review["status"] = std::move(status);
  boost::json::object out{{"kind", call.resource->kind},
                          {"apiVersion", call.resource->api_version()},
                          {"metadata", boost::json::object{}}};
  for (auto& [key, value] : review) out[key] = std::move(value);
  call.answer(201, boost::json::serialize(out));
}

}  // namespace

bool is_review(const schema::Resource& resource) {
  return resource.kind.ends_with("Review") && resource.verbs.size() == 1;
}

// @source authorization.k8s.io/v1 (what `kubectl auth can-i` posts), authentication.k8s.io/v1
// SelfSubjectReview (`kubectl auth whoami`)
void review(Call& call) {
  auto object = posted(call, expected_of(*call.resource));
  if (!object) return call.fail(object.error());
  const Caller& caller = call.caller;
  if (call.resource->kind == "SelfSubjectReview") {
    return answer_review(call, std::move(*object), {{"userInfo", caller.user_info()}});
  }
  if (call.resource->kind == "TokenReview") {
    const std::string token(string_at(*object, "spec", "token"));
    if (token.empty())
      return call.fail(
          errors::bad_request("token is required for TokenReview in authentication").error());
    const auto audiences = strings_at(object->at("spec").as_object(), "audiences");
    // It is a secret: nobody gets it back.
    object->at("spec").as_object().erase("token");
    return answer_review(call, std::move(*object),
                         call.api->parts().review_token(token, audiences));
  }
  if (call.resource->kind == "SelfSubjectRulesReview")
    return answer_review(call, std::move(*object), call.api->parts().list_rules(caller));
  const auto* spec = object->if_contains("spec");
  const auto request =
      spec != nullptr && spec->is_object() ? asked(spec->get_object()) : std::nullopt;
  if (!request)
    return call.fail(errors::invalid(*call.resource, "",
                                     {{"FieldValueInvalid", "spec.resourceAttributes",
                                       "Invalid value: exactly one of nonResourceAttributes or "
                                       "resourceAttributes must be specified"}})
                         .error());
  if (call.resource->namespaced &&
      (!request->is_resource || request->namespace_ != call.info.namespace_))
    return call.fail(errors::bad_request(text::cat("spec.resourceAttributes.namespace must match "
                                                   "namespace: ",
                                                   call.info.namespace_))
                         .error());
  Caller whose = caller;
  if (call.resource->kind != "SelfSubjectAccessReview") {
    whose.user = string_at(*object, "spec", "user");
    whose.groups = strings_at(spec->get_object(), "groups");
    if (whose.user.empty() && whose.groups.empty())
      return call.fail(errors::invalid(*call.resource, "",
                                       {{"FieldValueInvalid", "spec.user",
                                         "Invalid value: at least one of user or group must be "
                                         "specified"}})
                           .error());
  }
  answer_review(call, std::move(*object), status_of(call.api->parts().authorize(whose, *request)));
}

}  // namespace nodal::master::handlers
