// master/api/subresources/pod.cc — pods/binding (and a Binding posted by itself), pods/eviction.
#include <boost/json.hpp>

#include "api-client/codec/time.h"
#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr std::string_view kCreated =
    R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})";

Answer<json::object> body_of(Call& call, const Expected& expected) {
  json::object body = NODAL_TRY(posted(call, expected));
  // A Binding that is posted by itself names its pod.
  if (call.info.name.empty()) call.info.name = string_at(body, "metadata", "name");
  if (call.info.name.empty())
    return errors::invalid(expected.group, expected.kind, "",
                           {{"FieldValueRequired", "metadata.name",
                             "Required value: name or generateName is required"}});
  NODAL_TRY(check_identity(call, body));
  return body;
}

void set_scheduled(json::object& pod, TimePoint now) {
  auto& status = pod["status"];
  if (!status.is_object()) status.emplace_object();
  auto& conditions = status.get_object()["conditions"];
  if (!conditions.is_array()) conditions.emplace_array();
  json::object scheduled{{"type", "PodScheduled"},
                         {"status", "True"},
                         {"lastProbeTime", nullptr},
                         {"lastTransitionTime", format_time(now)}};
  for (auto& condition : conditions.get_array()) {
    auto* object = condition.if_object();
    if (!object || !object->contains("type") || object->at("type") != "PodScheduled") continue;
    *object = std::move(scheduled);
    return;
  }
  conditions.get_array().push_back(std::move(scheduled));
}

}  // namespace

void bind(Call& call) {
  const auto body =
      body_of(call, {"", "v1", "Binding", schema::find_type("io.k8s.api.core.v1.Binding")});
  if (!body) return call.fail(body.error());
  const std::string node(string_at(*body, "target", "name"));
  const auto kind = string_at(*body, "target", "kind");
  if (!kind.empty() && kind != "Node")
    return call.fail(errors::invalid("", "Binding", call.info.name,
                                     {{"FieldValueNotSupported", "target.kind",
                                       text::cat("Unsupported value: ", quoted(kind),
                                                 R"(: supported values: "Node")")}})
                         .error());
  if (node.empty())
    return call.fail(errors::invalid("", "Binding", call.info.name,
                                     {{"FieldValueRequired", "target.name", "Required value"}})
                         .error());
  const std::string uid(string_at(*body, "metadata", "uid"));
  const schema::Resource& pods = *schema::find_resource("", "v1", "pods");
  schema::Resource binding = pods;  // errors name "pods/binding"
  binding.plural = "pods/binding";
  const auto written = call.api->objects().update_with(
      pods, call.info.namespace_, call.info.name,
      [&](const json::object& old) -> Answer<json::object> {
        if (!uid.empty() && uid != string_at(old, "metadata", "uid"))
          return errors::conflict(
              binding, call.info.name,
              text::cat("Precondition failed: UID in precondition: ", uid,
                        ", UID in object meta: ", string_at(old, "metadata", "uid")));
        if (!string_at(old, "metadata", "deletionTimestamp").empty())
          return errors::conflict(
              binding, call.info.name,
              text::cat("pod ", call.info.name, " is being deleted, cannot be assigned to a host"));
        if (const auto taken = string_at(old, "spec", "nodeName"); !taken.empty())
          return errors::conflict(
              binding, call.info.name,
              text::cat("pod ", call.info.name, " is already assigned to node ", quoted(taken)));
        json::object pod = old;
        auto& spec = pod["spec"];
        if (!spec.is_object()) spec.emplace_object();
        if (const auto* gates = spec.get_object().if_contains("schedulingGates");
            gates && gates->is_array() && !gates->get_array().empty())
          return errors::conflict(
              binding, call.info.name,
              text::cat("pod ", call.info.name, " has non-empty .spec.schedulingGates"));
        spec.get_object()["nodeName"] = node;
        auto& metadata = metadata_of(pod);
        if (const auto* extra = body->if_contains("metadata"); extra && extra->is_object())
          if (const auto* annotations = extra->get_object().if_contains("annotations");
              annotations && annotations->is_object())
            for (const auto& [key, value] : annotations->get_object()) {
              auto& own = metadata["annotations"];
              if (!own.is_object()) own.emplace_object();
              own.get_object()[key] = value;
            }
        set_scheduled(pod, call.api->parts().clock->now());
        return pod;
      },
      call.dry_run);
  if (!written) return call.fail(written.error());
  call.answer(201, std::string(kCreated));
}

void evict(Call& call) {
  const auto body =
      body_of(call, {"policy", "", "Eviction", schema::find_type("io.k8s.api.policy.v1.Eviction")});
  if (!body) return call.fail(body.error());
  // Its delete options are read as those of a DELETE are.
  const auto* options = body->if_contains("deleteOptions");
  call.request.body = options && options->is_object() ? json::serialize(*options) : std::string();
  call.request.headers.set("Content-Type", "application/json");
  const auto request = delete_request(call);
  if (!request) return call.fail(request.error());
  const auto written =
      call.api->objects().remove(*call.resource, call.info.namespace_, call.info.name, *request);
  if (!written) return call.fail(written.error());
  call.answer(201, std::string(kCreated));
}

}  // namespace nodal::master::handlers
