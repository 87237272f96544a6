// master/api/subresources/token.cc — serviceaccounts/token: a signed token for a time, perhaps
// bound to an object.
#include <boost/json.hpp>

#include "api-client/codec/defaulting.h"
#include "api-client/codec/time.h"
#include "base/text.h"
#include "master/api/handlers.h"
#include "master/auth/identity.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr std::int64_t kShortest = 600;        // seconds
constexpr std::int64_t kLongest = 4294967296;  // seconds
Answer<> check_duration(const json::object& spec) {
  const auto* wanted = spec.if_contains("expirationSeconds");
  const std::int64_t seconds = wanted && wanted->is_int64() ? wanted->get_int64() : 0;
  const auto refuse = [&](std::string_view why) {
    return errors::invalid("authentication.k8s.io", "TokenRequest", "",
                           {{"FieldValueInvalid", "spec.expirationSeconds",
                             text::cat("Invalid value: ", seconds, ": ", why)}});
  };
  if (seconds < kShortest) return refuse("may not specify a duration less than 10 minutes");
  if (seconds > kLongest) return refuse("may not specify a duration larger than 2^32 seconds");
  return {};
}

// The object that the token is to end with exists, is the one that is meant, and may have it.
// @returns its uid
Answer<std::string> bound_to(Call& call, const json::object& bound) {
  const auto text = [&](std::string_view key) {
    const auto* value = bound.if_contains(key);
    const auto* string = value ? value->if_string() : nullptr;
    return string ? std::string(string->data(), string->size()) : std::string();
  };
  const auto kind = text("kind"), version = text("apiVersion"), name = text("name");
  const auto* resource = kind == "Pod" || kind == "Secret" || kind == "Node"
                             ? schema::find_kind("", "v1", kind)
                             : nullptr;
  if (!resource || (!version.empty() && version != "v1")) {
    const auto slash = version.find('/');
    return errors::bad_request(
        text::cat("cannot bind token to object of type ",
                  slash == std::string::npos ? text::cat("/", version) : version, ", Kind=", kind));
  }
  const auto entry = call.api->objects().get(*resource, call.info.namespace_, name);
  if (!entry) return std::unexpected(entry.error());
  const json::object object = parse_object(*entry->value);
  if (kind == "Pod" && string_at(object, "spec", "serviceAccountName") != call.info.name)
    return errors::bad_request(text::cat("cannot bind token for serviceaccount ",
                                         quoted(call.info.name),
                                         " to pod running with different serviceaccount name."));
  const auto uid = text("uid");
  if (!uid.empty() && uid != string_at(object, "metadata", "uid")) {
    schema::Resource named = *resource;  // the message has the kind
    named.plural = resource->kind;
    return errors::conflict(
        named, name,
        text::cat("the UID in the bound object reference (", uid,
                  ") does not match the UID in record. The object might have been deleted and then "
                  "recreated"));
  }
  // A node speaks for its own pods only.
  // @source KEP-279 NodeRestriction
  if (call.caller.user.starts_with(kNodeUser) &&
      string_at(object, "spec", "nodeName") != call.caller.user.substr(kNodeUser.size()))
    return errors::forbidden(*call.resource, call.info.name,
                             "node requested token bound to a pod scheduled on a different node");
  return std::string(string_at(object, "metadata", "uid"));
}

Answer<json::object> issue(Call& call) {
  const auto* type = schema::find_type("io.k8s.api.authentication.v1.TokenRequest");
  auto request =
      NODAL_TRY(posted(call, Expected{"authentication.k8s.io", "", "TokenRequest", type}));
  const auto account =
      NODAL_TRY(call.api->objects().get(*call.resource, call.info.namespace_, call.info.name));
  auto& spec_value = request["spec"];
  auto& spec = spec_value.is_object() ? spec_value.get_object() : spec_value.emplace_object();
  codec::fill_defaults(request, *type);
  NODAL_TRY(check_duration(spec));
  auto* bound = spec.if_contains("boundObjectRef");
  const bool is_bound = bound && bound->is_object();
  const bool to_pod = is_bound && string_at(spec, "boundObjectRef", "kind") == "Pod";
  if (call.caller.user.starts_with(kNodeUser) && !to_pod)
    return errors::forbidden(*call.resource, call.info.name,
                             "node requested token not bound to a pod");
  if (is_bound) {
    auto& reference = bound->get_object();
    reference["uid"] = NODAL_TRY(bound_to(call, reference));
  }
  if (!call.api->parts().issue_token) return errors::unavailable("");
  auto& metadata = metadata_of(request);
  metadata["name"] = call.info.name;
  metadata["namespace"] = call.info.namespace_;
  metadata["creationTimestamp"] = format_time(call.api->parts().clock->now());
  return call.api->parts().issue_token(parse_object(*account.value), std::move(request));
}

}  // namespace

void token(Call& call) {
  const auto issued = issue(call);
  if (!issued) return call.fail(issued.error());
  call.answer(201, json::serialize(*issued));
}

}  // namespace nodal::master::handlers
