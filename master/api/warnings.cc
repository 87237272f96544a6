// master/api/warnings.cc — what a client hears of a write that is no error and will not work: a
// route that another Ingress has, a port that nobody has, a variable that is there twice.
#include <boost/json.hpp>
#include <set>
#include <tuple>

#include "api-client/codec/label_selector.h"
#include "base/text.h"
#include "master/api/handlers.h"
#include "master/api/pod_warnings.h"
#include "master/registry/strategy/fields.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

// One path of an Ingress: where it stands, and what for.
struct Route {
  std::string field;  ///< "spec.rules[0].http.paths[1]"
  std::string host, path, type;
  const json::object* backend = nullptr;
};

std::vector<Route> routes_of(const json::object& ingress) {
  std::vector<Route> out;
  const auto* spec = fields::object_in(ingress, "spec");
  const auto* rules = spec ? fields::list_in(*spec, "rules") : nullptr;
  for (std::size_t i = 0; rules && i < rules->size(); ++i) {
    const auto* rule = rules->at(i).if_object();
    const auto* http = rule ? fields::object_in(*rule, "http") : nullptr;
    const auto* paths = http ? fields::list_in(*http, "paths") : nullptr;
    for (std::size_t j = 0; paths && j < paths->size(); ++j) {
      const auto* path = paths->at(j).if_object();
      if (!path) continue;
      out.push_back({text::cat("spec.rules[", i, "].http.paths[", j, "]"),
                     std::string(fields::string_in(*rule, "host")),
                     std::string(fields::string_in(*path, "path")),
                     std::string(fields::string_in(*path, "pathType")),
                     fields::object_in(*path, "backend")});
    }
  }
  return out;
}

std::string class_of(const json::object& ingress) {
  const auto annotation = ingress_class_annotation(ingress);
  return std::string(annotation.empty() ? string_at(ingress, "spec", "ingressClassName")
                                        : annotation);
}

// Whether an Ingress of the same class has the route already.
void warn_if_taken(Call& call, const json::object& ingress, const std::vector<Route>& routes) {
  const auto page = call.api->parts().kv->list(key_prefix(call.stored(), ""), 0, "", 0);
  if (!page) return;
  for (const auto& entry : page->entries) {
    const json::object other = parse_object(*entry.value);
    if (string_at(other, "metadata", "uid") == string_at(ingress, "metadata", "uid") ||
        class_of(other) != class_of(ingress))
      continue;
    for (const auto& theirs : routes_of(other))
      for (const auto& ours : routes)
        if (std::tie(ours.host, ours.path, ours.type) ==
            std::tie(theirs.host, theirs.path, theirs.type))
          call.warnings.push_back(
              text::cat(ours.field, ": host ", quoted(ours.host), " and path ", quoted(ours.path),
                        " are taken by Ingress ", string_at(other, "metadata", "namespace"), "/",
                        string_at(other, "metadata", "name"), "; the older Ingress keeps them"));
  }
}

// Whether the Service of a route, when there is one, has the port.
void warn_if_portless(Call& call, const json::object& ingress, const Route& route) {
  const auto* wanted = route.backend ? fields::object_in(*route.backend, "service") : nullptr;
  const auto* port = wanted ? fields::object_in(*wanted, "port") : nullptr;
  if (!port) return;
  const auto name = fields::string_in(*wanted, "name");
  const auto found = call.api->objects().get(*schema::find_resource("", "v1", "services"),
                                             string_at(ingress, "metadata", "namespace"), name);
  if (!found) return;  // it may come later
  const json::object service = parse_object(*found->value);
  const auto* spec = fields::object_in(service, "spec");
  const auto* ports = spec ? fields::list_in(*spec, "ports") : nullptr;
  std::vector<std::string> known;
  for (std::size_t i = 0; ports && i < ports->size(); ++i) {
    const auto* one = ports->at(i).if_object();
    if (!one) continue;
    const auto number = fields::int_in(*one, "port").value_or(0);
    const auto title = fields::string_in(*one, "name");
    if (port->contains("name") ? fields::string_in(*port, "name") == title
                               : fields::int_in(*port, "number") == number)
      return;
    known.push_back(title.empty() ? std::to_string(number) : text::cat(number, " (", title, ")"));
  }
  const auto asked = port->contains("name")
                         ? quoted(fields::string_in(*port, "name"))
                         : std::to_string(fields::int_in(*port, "number").value_or(0));
  call.warnings.push_back(text::cat(route.field, ".backend.service.port: Service ", name,
                                    " has no port ", asked, "; it has ",
                                    known.empty() ? "none" : text::join(known, ", ")));
}

void warn_of_ingress(Call& call, const json::object& ingress) {
  const auto routes = routes_of(ingress);
  warn_if_taken(call, ingress, routes);
  for (const auto& route : routes) warn_if_portless(call, ingress, route);
}

bool is_service(const schema::Resource& resource) {
  return resource.group.empty() && resource.kind == "Service";
}

// The names of the ports of the pods that a Service chooses; nothing when it chooses none.
std::optional<std::set<std::string>> port_names(Call& call, const json::object& service) {
  const auto* spec = fields::object_in(service, "spec");
  const auto* selector = spec ? fields::object_in(*spec, "selector") : nullptr;
  if (!selector || selector->empty()) return std::nullopt;
  const auto page =
      call.api->parts().kv->list(key_prefix(*schema::find_resource("", "v1", "pods"),
                                            string_at(service, "metadata", "namespace")),
                                 0, "", 0);
  if (!page) return std::nullopt;
  std::optional<std::set<std::string>> out;
  for (const auto& entry : page->entries) {
    const auto& first = *selector->begin();
    if (entry.value->find(first.key()) == std::string::npos) continue;  // spares a parse
    const json::object pod = parse_object(*entry.value);
    const auto* labels = fields::object_in(pod.at("metadata").get_object(), "labels");
    const bool chosen = labels && std::ranges::all_of(*selector, [&](const auto& wanted) {
                          return fields::string_in(*labels, wanted.key()) ==
                                 fields::view(wanted.value().get_string());
                        });
    if (!chosen) continue;
    if (!out) out.emplace();
    for (const char* list : {"containers", "initContainers"}) {
      const auto* containers = fields::list_in(pod.at("spec").get_object(), list);
      for (std::size_t i = 0; containers && i < containers->size(); ++i) {
        const auto* ports = fields::list_in(containers->at(i).get_object(), "ports");
        for (std::size_t j = 0; ports && j < ports->size(); ++j)
          if (const auto name = fields::string_in(ports->at(j).get_object(), "name"); !name.empty())
            out->emplace(name);
      }
    }
  }
  return out;
}

void warn_of_service(Call& call, const json::object& service) {
  const auto* spec = fields::object_in(service, "spec");
  const auto* ports = spec ? fields::list_in(*spec, "ports") : nullptr;
  std::optional<std::optional<std::set<std::string>>> known;  // looked up once, when needed
  for (std::size_t i = 0; ports && i < ports->size(); ++i) {
    const auto* port = ports->at(i).if_object();
    const auto target = port ? fields::string_in(*port, "targetPort") : std::string_view();
    if (target.empty()) continue;
    if (!known) known = port_names(call, service);
    if (!*known) return;  // its pods may come later
    if ((*known)->contains(std::string(target))) continue;
    call.warnings.push_back(text::cat(
        "spec.ports[", i, "].targetPort: no pod of the selector has a port named ", quoted(target),
        "; theirs are named ",
        (*known)->empty() ? "not at all"
                          : text::join(std::vector((*known)->begin(), (*known)->end()), ", ")));
  }
}

bool has_template(const schema::Resource& resource) {
  return resource.group == "apps" &&
         (resource.kind == "Deployment" || resource.kind == "ReplicaSet");
}
bool is_pod(const schema::Resource& resource) {
  return resource.group.empty() && resource.kind == "Pod";
}

void warn_of_pod(Call& call, const json::object& object) {
  const bool templated = has_template(call.stored());
  const auto* spec = fields::object_in(object, "spec");
  if (templated && spec) spec = fields::object_in(*spec, "template");
  if (templated && spec) spec = fields::object_in(*spec, "spec");
  if (!spec) return;
  auto found = pod_warnings(*spec, templated ? "spec.template.spec" : "spec");
  std::ranges::move(found, std::back_inserter(call.warnings));
}

}  // namespace

bool may_warn_of(const schema::Resource& resource) {
  return is_ingress(resource) || is_service(resource) || is_pod(resource) || has_template(resource);
}

void warn_of(Call& call, const json::object& object) {
  if (is_ingress(call.stored())) return warn_of_ingress(call, object);
  if (is_service(call.stored())) return warn_of_service(call, object);
  if (is_pod(call.stored()) || has_template(call.stored())) warn_of_pod(call, object);
}

}  // namespace nodal::master::handlers
