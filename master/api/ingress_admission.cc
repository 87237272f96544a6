// master/api/ingress_admission.cc — what a new Ingress gets from the cluster: its class.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/registry/strategy/fields.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr std::string_view kDefaultClass = "ingressclass.kubernetes.io/is-default-class";

struct Default {
  std::string name, created;
};

// Of several default classes the newest; of equally old ones the first by name.
// @source KEP-1453; IngressClass API doc, "default IngressClass"
std::optional<Default> default_class(Call& call) {
  const auto* classes = schema::find_resource("networking.k8s.io", "v1", "ingressclasses");
  const auto page = call.api->parts().kv->list(key_prefix(*classes, ""), 0, "", 0);
  std::optional<Default> found;
  if (!page) return found;
  for (const auto& entry : page->entries) {
    if (entry.value->find(kDefaultClass) == std::string::npos) continue;
    const json::object object = parse_object(*entry.value);
    const auto* metadata = fields::object_in(object, "metadata");
    const auto* annotations = metadata ? fields::object_in(*metadata, "annotations") : nullptr;
    if (!annotations || fields::string_in(*annotations, kDefaultClass) != "true") continue;
    Default one{std::string(fields::string_in(*metadata, "name")),
                std::string(fields::string_in(*metadata, "creationTimestamp"))};
    if (!found || one.created > found->created) found = std::move(one);
  }
  return found;
}

}  // namespace

Answer<> admit_ingress(Call& call, json::object& ingress) {
  auto& spec = ingress["spec"];
  if (!spec.is_object()) return {};  // validation says what is missing
  const auto annotation = ingress_class_annotation(ingress);
  const auto* named = spec.get_object().if_contains("ingressClassName");
  if (!annotation.empty() && named && named->is_string())
    return errors::invalid(*call.resource, string_at(ingress, "metadata", "name"),
                           {{"FieldValueInvalid", "annotations.kubernetes.io/ingress.class",
                             text::cat("Invalid value: ", quoted(annotation),
                                       ": can not be set when the class field is also set")}});
  if (!annotation.empty() || (named && !named->is_null())) return {};
  if (const auto found = default_class(call)) spec.get_object()["ingressClassName"] = found->name;
  return {};
}

}  // namespace nodal::master::handlers
