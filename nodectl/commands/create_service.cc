// nodectl/commands/create_service.cc — create service clusterip|nodeport|loadbalancer|externalname.
#include <boost/json/array.hpp>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/commands/create.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Creating creating;
  std::vector<std::string> args, tcp;
  std::string cluster_ip, external_name;
  std::optional<std::int64_t> node_port;
};

// "80", "80:8080", "80:http".
Result<json::object> port_of(const std::string& text) {
  const auto colon = text.find(':');
  const auto port = text::number<std::int64_t>(text.substr(0, colon));
  const auto target = colon == std::string::npos ? text : text.substr(colon + 1);
  if (!port || *port < 1 || *port > 65535 || target.empty())
    return fail(Errc::invalid, text::cat("invalid port \"", text,
                                         "\": PORT or PORT:TARGET is needed, 1 to 65535"));
  std::string name = text;
  for (char& c : name)
    if (c == ':') c = '-';
  json::object out{{"name", name}, {"port", *port}, {"protocol", "TCP"}};
  if (const auto number = text::number<std::int64_t>(target))
    out["targetPort"] = *number;
  else
    out["targetPort"] = target;
  return out;
}

Result<int> create(const Globals& globals, const Options& o, const std::string& type) {
  if (o.tcp.empty() && o.cluster_ip != "None" && type != "ExternalName")
    return fail(Errc::invalid, "at least one tcp port specifier must be provided");
  auto object = new_object("v1", "Service", o.args[0]);
  const json::object labels{{"app", o.args[0]}};
  make_object(object, "metadata")["labels"] = labels;
  json::array ports;
  for (const auto& given : o.tcp)
    for (const auto text : text::split(given, ',')) {
      auto port = NODAL_TRY(port_of(std::string(text)));
      if (o.node_port) port["nodePort"] = *o.node_port;
      ports.push_back(std::move(port));
    }
  json::object spec{{"selector", labels}, {"type", type}};
  if (!ports.empty()) spec["ports"] = std::move(ports);
  if (!o.cluster_ip.empty()) spec["clusterIP"] = o.cluster_ip;
  if (!o.external_name.empty()) spec["externalName"] = o.external_name;
  object["spec"] = std::move(spec);
  object["status"] = json::object{{"loadBalancer", json::object{}}};
  auto creating = o.creating;
  creating.doing = text::cat("failed to create ", type, " service");
  return create_object(globals, creating, std::move(object));
}

Command of_type(const Globals& globals, const std::string& name, const std::string& type,
                std::string help, const std::string& example) {
  const auto o = std::make_shared<Options>();
  Command out{.name = name,
              .help = std::move(help),
              .usage = "NAME --tcp=PORT:TARGET",
              .group = kChangeGroup,
              .flags = {{.names = "--tcp",
                         .value = "PORT:TARGET",
                         .help = "A port and where it leads; may be given again",
                         .target = &o->tcp}},
              .args = &o->args,
              .least_args = 1,
              .most_args = 1,
              .examples = {text::cat("nodectl create service ", name, " ", example)},
              .run = [o, type, &globals] { return create(globals, *o, type); }};
  if (type == "ClusterIP")
    out.flags.push_back({.names = "--clusterip",
                         .value = "IP",
                         .help = "The address, or None for a headless one",
                         .target = &o->cluster_ip});
  if (type == "NodePort")
    out.flags.push_back({.names = "--node-port",
                         .value = "PORT",
                         .help = "The port on every node",
                         .target = &o->node_port});
  if (type == "ExternalName")
    out.flags.push_back({.names = "--external-name",
                         .value = "NAME",
                         .help = "The DNS name that it stands for",
                         .target = &o->external_name});
  for (auto& flag : creating_flags(o->creating)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace

Command create_service_command(const Globals& globals) {
  return {.name = "service",
          .help = "Make a Service",
          .group = kChangeGroup,
          .examples = {"nodectl create service clusterip web --tcp=80:8080",
                       "nodectl create service nodeport web --tcp=80:8080 --node-port=30080"},
          .commands = {of_type(globals, "clusterip", "ClusterIP", "Reachable inside the cluster",
                               "web --tcp=80:8080"),
                       of_type(globals, "nodeport", "NodePort", "Reachable on every node",
                               "web --tcp=80:8080 --node-port=30080"),
                       of_type(globals, "loadbalancer", "LoadBalancer",
                               "Reachable through a load balancer", "web --tcp=80:8080"),
                       of_type(globals, "externalname", "ExternalName",
                               "Another name for a DNS name", "db --external-name=db.example.com")},
          .aliases = {"svc"}};
}

}  // namespace nodal::nodectl
