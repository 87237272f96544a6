// nodectl/commands/debug.cc — debug: a container more in a running pod, and this terminal attached
// to it.
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "base/text.h"
#include "nodectl/attaching.h"
#include "nodectl/commands.h"
#include "nodectl/debug_container.h"
#include "nodectl/document.h"
#include "nodectl/pods.h"
#include "nodectl/requests.h"
#include "nodectl/wait_for.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  DebugWanted wanted;
  std::vector<std::string> args;
  std::string attach, timeout = "5m0s";
  bool quiet = false;

  [[nodiscard]] bool attached() const {
    return attach.empty() ? wanted.input || wanted.tty : attach == "true";
  }
};

Result<> print_log(Cluster& cluster, const Target& pod, const std::string& container) {
  return ask_stream(
      cluster,
      {.path = with_query(text::cat(pod.path(), "/log"), "container", container), .accept = "*/*"},
      [](std::string_view bytes) {
        std::fwrite(bytes.data(), 1, bytes.size(), stdout);
        return true;
      });
}

// The pod once its new container runs or has ended.
Result<json::value> started(Cluster& cluster, const Target& pod, const std::string& container,
                            std::chrono::milliseconds limit) {
  json::value out;
  auto done = follow(cluster, pod, Deadline(limit), [&](const json::value* seen) -> Result<bool> {
    if (seen == nullptr)
      return fail(Errc::not_found,
                  text::cat("Error from server (NotFound): pods \"", pod.name, "\" not found"));
    if (progress_of(*seen, container) == Debugging::waits) return false;
    out = *seen;
    return true;
  });
  if (!done && done.error().code == Errc::timed_out)
    return fail(Errc::timed_out,
                text::cat("timed out waiting for container ", container,
                          " to run\nhint: nodectl describe pod ", pod.name, " says why it waits"));
  NODAL_TRY(done);
  return out;
}

Result<int> debug(const Globals& globals, Options o) {
  if (o.wanted.image.empty()) return fail(Errc::invalid, "required flag(s) \"image\" not set");
  if (o.wanted.tty && !o.wanted.input)
    return fail(Errc::invalid, "-i/--stdin is required for containers with -t/--tty=true");
  const auto limit = NODAL_TRY(parse_duration(o.timeout));
  o.wanted.words.assign(o.args.begin() + 1, o.args.end());
  auto session = NODAL_TRY(open_session(globals));
  const auto pods = NODAL_TRY(pods_named(session, o.args[0], false));
  const Target pod{NODAL_TRY(session.resources.by_name("pods")), session.cluster.ns,
                   text_at(pods[0], "metadata.name")};
  if (o.wanted.name.empty()) {
    o.wanted.name = debugger_name();
    if (!o.quiet)
      std::puts(text::cat("Defaulting debug container name to ", o.wanted.name, ".").c_str());
  }
  NODAL_TRY(ask(session.cluster,
                {.path = text::cat(pod.path(), "/ephemeralcontainers?fieldManager=kubectl-debug"),
                 .method = "PATCH",
                 .body = json::serialize(NODAL_TRY(debug_patch(o.wanted))),
                 .content_type = kStrategicPatch}));
  if (!o.attached()) return 0;
  const auto seen = NODAL_TRY(started(session.cluster, pod, o.wanted.name, limit));
  std::fflush(stdout);
  if (progress_of(seen, o.wanted.name) == Debugging::over) {
    NODAL_TRY(print_log(session.cluster, pod, o.wanted.name));
    std::fflush(stdout);
    return 0;
  }
  return attach(globals, pod.ns, seen,
                {o.wanted.name, o.wanted.input, o.wanted.tty, o.quiet, "nodectl attach"});
}

}  // namespace

Command debug_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  auto& wanted = o->wanted;
  return {
      .name = "debug",
      .help = "Add a container to a running pod and attach to it",
      .usage = "(POD | TYPE/NAME) --image=IMAGE [-- COMMAND …]",
      .group = kLookGroup,
      .flags =
          {{.names = "--image", .value = "IMAGE", .help = "Image", .target = &wanted.image},
           {.names = "-c,--container",
            .value = "NAME",
            .help = "Name of the new container; default: made up",
            .target = &wanted.name},
           {.names = "--target",
            .value = "CONTAINER",
            .help = "See the processes of this container of the pod",
            .target = &wanted.target,
            .offer = Offer::containers},
           {.names = "--env",
            .value = "NAME=VALUE",
            .help = "A variable; may be given again",
            .target = &wanted.env},
           {.names = "--image-pull-policy",
            .value = "POLICY",
            .help = "Always, IfNotPresent or Never",
            .target = &wanted.pull_policy,
            .offer = Offer::words,
            .words = "Always IfNotPresent Never"},
           {.names = "--arguments-only",
            .help = "What follows -- are arguments of the image's own command",
            .target = &wanted.words_are_arguments},
           {.names = "-i,--stdin",
            .help = "The container reads; attaches to it",
            .target = &wanted.input},
           {.names = "-t,--tty", .help = "The container has a terminal", .target = &wanted.tty},
           {.names = "--attach",
            .value = "WHETHER",
            .help = "Attach once it runs; what -i does unless this is false",
            .target = &o->attach,
            .bare = "true",
            .offer = Offer::words,
            .words = "true false"},
           {.names = "--timeout",
            .value = "TIME",
            .help = "How long the container may take to run (5m0s)",
            .target = &o->timeout},
           {.names = "-q,--quiet", .help = "Only what the container prints", .target = &o->quiet}},
      .args = &o->args,
      .least_args = 1,
      .offer = Offer::pods,
      .examples = {"nodectl debug web -it --image=busybox:1 -- sh",
                   "nodectl debug web -it --image=busybox:1 --target=web"},
      .run = [o, &globals] { return debug(globals, *o); }};
}

}  // namespace nodal::nodectl
