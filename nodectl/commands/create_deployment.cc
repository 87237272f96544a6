// nodectl/commands/create_deployment.cc — create deployment, namespace, serviceaccount.
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
  std::vector<std::string> args, images;
  std::optional<std::int64_t> replicas, port;
};

Result<int> create(const Globals& globals, const Options& o) {
  if (o.images.empty()) return fail(Errc::invalid, "required flag(s) \"image\" not set");
  if (o.images.size() > 1 && o.args.size() > 1)
    return fail(Errc::invalid, "cannot specify multiple --image options and command");
  auto object = new_object("apps/v1", "Deployment", o.args[0]);
  const json::object labels{{"app", o.args[0]}};
  make_object(object, "metadata")["labels"] = labels;
  json::array containers;
  for (const auto& image : o.images) {
    json::object container{
        {"image", image}, {"name", container_name(image)}, {"resources", json::object{}}};
    if (o.args.size() > 1) {
      json::array command;
      for (std::size_t i = 1; i < o.args.size(); ++i) command.emplace_back(o.args[i]);
      container["command"] = std::move(command);
    }
    if (o.port) container["ports"] = json::array{json::object{{"containerPort", *o.port}}};
    containers.push_back(std::move(container));
  }
  object["spec"] = json::object{
      {"replicas", o.replicas.value_or(1)},
      {"selector", json::object{{"matchLabels", labels}}},
      {"strategy", json::object{}},
      {"template",
       json::object{{"metadata", json::object{{"creationTimestamp", nullptr}, {"labels", labels}}},
                    {"spec", json::object{{"containers", std::move(containers)}}}}}};
  object["status"] = json::object{};
  auto creating = o.creating;
  creating.doing = "failed to create deployment";
  return create_object(globals, creating, std::move(object));
}

// Kinds that need no more than a name.
Command named(const Globals& globals, std::string name, std::string kind, std::string help) {
  struct Named {
    Creating creating;
    std::vector<std::string> args;
  };
  const auto o = std::make_shared<Named>();
  if (kind != "Namespace") o->creating.doing = text::cat("failed to create ", name);
  return {.name = name,
          .help = std::move(help),
          .usage = "NAME",
          .group = kChangeGroup,
          .flags = creating_flags(o->creating),
          .args = &o->args,
          .least_args = 1,
          .most_args = 1,
          .examples = {text::cat("nodectl create ", name,
                                 kind == "Namespace" ? " prod" : " robot -n prod")},
          .run =
              [o, kind, &globals] {
                auto object = new_object("v1", kind, o->args[0]);
                if (kind == "Namespace") {
                  object["spec"] = json::object{};
                  object["status"] = json::object{};
                }
                return create_object(globals, o->creating, std::move(object));
              },
          .aliases = {kind == "Namespace" ? "ns" : "sa"}};
}

}  // namespace

std::string container_name(std::string_view image) {
  if (const auto slash = image.rfind('/'); slash != std::string_view::npos)
    image.remove_prefix(slash + 1);
  return std::string(image.substr(0, image.find_first_of(":@")));
}

Command create_deployment_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "deployment",
              .help = "Run an image",
              .usage = "NAME --image=IMAGE [-- COMMAND …]",
              .group = kChangeGroup,
              .flags = {{.names = "--image",
                         .value = "IMAGE",
                         .help = "Image; may be given again for more containers",
                         .target = &o->images},
                        {.names = "-r,--replicas",
                         .value = "NUMBER",
                         .help = "How many pods (1)",
                         .target = &o->replicas},
                        {.names = "--port",
                         .value = "PORT",
                         .help = "Port that the container opens",
                         .target = &o->port}},
              .args = &o->args,
              .least_args = 1,
              .examples = {"nodectl create deployment web --image=web:1 --replicas=3"},
              .run = [o, &globals] { return create(globals, *o); },
              .aliases = {"deploy", "dep"}};
  for (auto& flag : creating_flags(o->creating)) out.flags.push_back(std::move(flag));
  return out;
}

Command create_namespace_command(const Globals& globals) {
  return named(globals, "namespace", "Namespace", "Make a namespace");
}

Command create_service_account_command(const Globals& globals) {
  return named(globals, "serviceaccount", "ServiceAccount", "Make a service account");
}

}  // namespace nodal::nodectl
