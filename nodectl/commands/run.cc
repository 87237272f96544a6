// nodectl/commands/run.cc — run: one pod of an image.
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
  std::vector<std::string> args, env;
  std::string image, restart = "Always", labels, pull_policy;
  std::optional<std::int64_t> port;
  bool command = false;
};

Result<json::object> pod_of(const Options& o) {
  const auto& name = o.args[0];
  if (o.restart != "Always" && o.restart != "OnFailure" && o.restart != "Never")
    return fail(Errc::invalid,
                text::cat("invalid restart policy: ", o.restart, "; Always, OnFailure or Never"));
  auto pod = new_object("v1", "Pod", name);
  json::object labels;
  for (const auto pair : text::split(o.labels, ',')) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos)
      return fail(Errc::invalid, text::cat("unexpected label \"", pair, "\": NAME=VALUE"));
    labels[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (labels.empty()) labels["run"] = name;
  make_object(pod, "metadata")["labels"] = std::move(labels);
  json::object container{{"image", o.image}, {"name", name}, {"resources", json::object{}}};
  if (!o.pull_policy.empty()) container["imagePullPolicy"] = o.pull_policy;
  if (o.args.size() > 1) {
    json::array words;
    for (std::size_t i = 1; i < o.args.size(); ++i) words.emplace_back(o.args[i]);
    container[o.command ? "command" : "args"] = std::move(words);
  }
  json::array env;
  for (const auto& pair : o.env) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      return fail(Errc::invalid, text::cat("invalid env: ", pair, "; NAME=VALUE"));
    env.push_back(
        json::object{{"name", pair.substr(0, equals)}, {"value", pair.substr(equals + 1)}});
  }
  if (!env.empty()) container["env"] = std::move(env);
  if (o.port) container["ports"] = json::array{json::object{{"containerPort", *o.port}}};
  pod["spec"] = json::object{{"containers", json::array{std::move(container)}},
                             {"dnsPolicy", "ClusterFirst"},
                             {"restartPolicy", o.restart}};
  pod["status"] = json::object{};
  return pod;
}

}  // namespace

Command run_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  o->creating.manager = "kubectl-run";
  Command out{
      .name = "run",
      .help = "Run a pod of an image",
      .usage = "NAME --image=IMAGE [-- ARGUMENT …]",
      .group = kChangeGroup,
      .flags = {{.names = "--image", .value = "IMAGE", .help = "Image", .target = &o->image},
                {.names = "--restart",
                 .value = "POLICY",
                 .help = "Always, OnFailure or Never",
                 .target = &o->restart,
                 .offer = Offer::words,
                 .words = "Always OnFailure Never"},
                {.names = "--port",
                 .value = "PORT",
                 .help = "Port that the container opens",
                 .target = &o->port},
                {.names = "--env",
                 .value = "NAME=VALUE",
                 .help = "A variable; may be given again",
                 .target = &o->env},
                {.names = "-l,--labels",
                 .value = "LABELS",
                 .help = "Labels of the pod; default: run=NAME",
                 .target = &o->labels},
                {.names = "--image-pull-policy",
                 .value = "POLICY",
                 .help = "Always, IfNotPresent or Never",
                 .target = &o->pull_policy,
                 .offer = Offer::words,
                 .words = "Always IfNotPresent Never"},
                {.names = "--command",
                 .help = "The arguments are the command instead of its arguments",
                 .target = &o->command}},
      .args = &o->args,
      .least_args = 1,
      .examples = {"nodectl run once --image=web:1 --restart=Never -- sh -c 'echo hi'"},
      .run = [o, &globals]() -> Result<int> {
        if (o->image.empty()) return fail(Errc::invalid, "required flag(s) \"image\" not set");
        return create_object(globals, o->creating, NODAL_TRY(pod_of(*o)));
      }};
  for (auto& flag : creating_flags(o->creating)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
