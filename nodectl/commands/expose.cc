// nodectl/commands/expose.cc — expose: a Service for what has pods.
#include <boost/json/array.hpp>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/commands/create.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  Creating creating;
  std::string port, target_port, protocol, type, name, cluster_ip, external_ip, affinity, labels,
      selector;
};

Result<json::object> pairs(std::string_view text) {
  json::object out;
  for (const auto pair : text::split(text, ',')) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos)
      return fail(Errc::invalid, text::cat("\"", pair, "\": NAME=VALUE is needed"));
    out[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return out;
}

json::object selector_of(const json::value& object) {
  if (text_at(object, "kind") == "Pod") return object_at(object, "metadata.labels");
  if (text_at(object, "kind") == "Service") return object_at(object, "spec.selector");
  return object_at(object, "spec.selector.matchLabels");
}

// "port/protocol" of what the object has open.
std::vector<std::pair<std::int64_t, std::string>> open_ports(const json::value& object) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  for (const auto* list : {"spec.containers", "spec.template.spec.containers"})
    for (const auto& container : list_at(object, list))
      for (const auto& port : list_at(container, "ports"))
        out.emplace_back(int_at(port, "containerPort"), text_at(port, "protocol"));
  for (const auto& port : list_at(object, "spec.ports"))
    out.emplace_back(int_at(port, "port"), text_at(port, "protocol"));
  return out;
}

Result<json::array> ports_of(const Options& o, const json::value& object) {
  const auto open = open_ports(object);
  std::vector<std::pair<std::int64_t, std::string>> wanted = open;
  if (!o.port.empty()) {
    wanted.clear();
    for (const auto text : text::split(o.port, ',')) {
      const auto number = text::number<std::int64_t>(text);
      if (!number) return fail(Errc::invalid, text::cat("\"", text, "\" is no port"));
      std::string protocol;
      for (const auto& [port, its] : open)
        if (port == *number) protocol = its;
      wanted.emplace_back(*number, protocol);
    }
  }
  if (wanted.empty())
    return fail(Errc::invalid, "couldn't find port via --port flag or introspection");
  json::array out;
  for (const auto& [number, protocol] : wanted) {
    json::object port{{"port", number},
                      {"protocol", !o.protocol.empty() ? o.protocol
                                   : !protocol.empty() ? protocol
                                                       : "TCP"}};
    if (wanted.size() > 1) port["name"] = text::cat("port-", out.size() + 1);
    if (o.target_port.empty())
      port["targetPort"] = number;
    else if (const auto target = text::number<std::int64_t>(o.target_port))
      port["targetPort"] = *target;
    else
      port["targetPort"] = o.target_port;
    out.push_back(std::move(port));
  }
  return out;
}

Result<json::object> service_for(const Options& o, const json::value& object) {
  const auto selector = o.selector.empty() ? selector_of(object) : NODAL_TRY(pairs(o.selector));
  if (selector.empty())
    return fail(Errc::invalid,
                "couldn't retrieve selectors via --selector flag or introspection: invalid "
                "deployment: no selectors, therefore cannot be exposed");
  auto out =
      new_object("v1", "Service", o.name.empty() ? text_at(object, "metadata.name") : o.name);
  const auto labels =
      o.labels.empty() ? object_at(object, "metadata.labels") : NODAL_TRY(pairs(o.labels));
  if (!labels.empty()) make_object(out, "metadata")["labels"] = labels;
  json::object spec{{"ports", NODAL_TRY(ports_of(o, object))}, {"selector", selector}};
  if (!o.type.empty()) spec["type"] = o.type;
  if (!o.cluster_ip.empty()) spec["clusterIP"] = o.cluster_ip;
  if (!o.external_ip.empty()) spec["externalIPs"] = json::array{o.external_ip};
  if (!o.affinity.empty()) spec["sessionAffinity"] = o.affinity;
  out["spec"] = std::move(spec);
  out["status"] = json::object{{"loadBalancer", json::object{}}};
  return out;
}

Result<int> expose(const Globals& globals, const Options& o) {
  auto session = NODAL_TRY(open_session(globals));
  return for_each(
      NODAL_TRY(choose(session, globals, o.selection)), [&](const Target& target) -> Result<> {
        const auto object = NODAL_TRY(ask(session.cluster, {.path = target.path()}));
        if (const auto& kind = target.kind.kind; kind != "Pod" && kind != "Service" &&
                                                 kind != "Deployment" && kind != "ReplicaSet" &&
                                                 kind != "ReplicationController")
          return fail(Errc::invalid, text::cat("cannot expose a ", target.kind.kind));
        NODAL_TRY(create_object(globals, o.creating, NODAL_TRY(service_for(o, object))));
        return {};
      });
}

}  // namespace

Command expose_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  o->creating.manager = "kubectl-expose";
  o->creating.told = "exposed";
  const auto text = [](std::string names, std::string value, std::string help, std::string& to) {
    return Flag{.names = std::move(names),
                .value = std::move(value),
                .help = std::move(help),
                .target = &to};
  };
  Command out{
      .name = "expose",
      .help = "Make a Service for the pods of something",
      .usage = "TYPE NAME | TYPE/NAME",
      .group = kChangeGroup,
      .flags = {text("--port", "PORT", "Port of the Service; default: those opened", o->port),
                text("--target-port", "PORT", "Port of the pods, by number or name",
                     o->target_port),
                text("--protocol", "NAME", "TCP, UDP or SCTP", o->protocol),
                {.names = "--type",
                 .value = "TYPE",
                 .help = "ClusterIP, NodePort or LoadBalancer",
                 .target = &o->type,
                 .offer = Offer::words,
                 .words = "ClusterIP NodePort LoadBalancer"},
                text("--name", "NAME", "The Service's name; default: as exposed", o->name),
                text("--cluster-ip", "IP", "Its address, or None", o->cluster_ip),
                text("--external-ip", "IP", "A further address", o->external_ip),
                text("--session-affinity", "HOW", "None or ClientIP", o->affinity),
                text("-l,--labels", "LABELS", "Its labels; default: as exposed", o->labels),
                text("--selector", "LABELS", "Its selector; default: as exposed", o->selector)},
      .args = &o->selection.what,
      .offer = Offer::objects,
      .examples = {"nodectl expose deployment web --type=NodePort --port=80"},
      .run = [o, &globals] { return expose(globals, *o); }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  for (auto& flag : creating_flags(o->creating)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
