// nodectl/commands/run.cc — run: one pod of an image, and this terminal attached to it.
#include <cstdio>

#include "base/text.h"
#include "nodectl/attaching.h"
#include "nodectl/commands.h"
#include "nodectl/commands/create.h"
#include "nodectl/document.h"
#include "nodectl/last_applied.h"
#include "nodectl/requests.h"
#include "nodectl/run_pod.h"
#include "nodectl/wait_for.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Creating creating;
  PodWanted pod;
  std::vector<std::string> args;
  std::string attach, timeout = "1m0s";
  bool remove = false, quiet = false, expose = false;

  [[nodiscard]] bool attached() const {
    return attach.empty() ? pod.input || pod.tty : attach == "true";
  }
};

constexpr const char* kSee = "\nSee 'nodectl run -h' for help and examples";

Result<> check(const Options& o) {
  const auto refused = [](std::string_view why) {
    return fail(Errc::invalid, text::cat(why, kSee));
  };
  if (o.pod.image.empty()) return fail(Errc::invalid, "required flag(s) \"image\" not set");
  if (o.pod.tty && !o.pod.input)
    return refused("-i/--stdin is required for containers with -t/--tty=true");
  if (o.expose && !o.pod.port) return refused("--port must be set when exposing a service");
  if (o.remove && !o.attached()) return refused("--rm should only be used for attached containers");
  if (o.attached() && o.creating.writing.dry_run != "none")
    return refused(
        "--dry-run=[server|client] can't be used with attached containers options (--attach, "
        "--stdin, or --tty)");
  return {};
}

// The pod once `enough` holds of its phase and readiness.
Result<json::value> pod_when(Cluster& cluster, const Target& target, const Deadline& deadline,
                             const std::function<bool(const json::value& pod)>& enough) {
  json::value out;
  auto done = follow(cluster, target, deadline, [&](const json::value* pod) -> Result<bool> {
    if (pod == nullptr)
      return fail(Errc::not_found,
                  text::cat("Error from server (NotFound): pods \"", target.name, "\" not found"));
    if (!enough(*pod)) return false;
    out = *pod;
    return true;
  });
  if (!done && done.error().code == Errc::timed_out)
    return fail(Errc::timed_out, "timed out waiting for the condition");
  NODAL_TRY(done);
  return out;
}

bool has_ended(const json::value& pod) {
  const auto phase = text_at(pod, "status.phase");
  return phase == "Succeeded" || phase == "Failed";
}

bool is_ready(const json::value& pod) {
  for (const auto& condition : list_at(pod, "status.conditions"))
    if (text_at(condition, "type") == "Ready") return text_at(condition, "status") == "True";
  return false;
}

Result<> print_log(Cluster& cluster, const Target& target, const std::string& container) {
  const auto path = text::cat(target.path(), "/log?container=", http::percent_encode(container));
  return ask_stream(cluster, {.path = path, .accept = "*/*"}, [](std::string_view bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    return true;
  });
}

// Attached until the process ends or lets go, then the process's exit code, where it has one.
Result<PodEnd> accompany(const Globals& globals, Session& session, const Target& target,
                         const Options& o, std::chrono::milliseconds limit) {
  auto& cluster = session.cluster;
  const auto pod =
      NODAL_TRY(pod_when(cluster, target, Deadline(limit), [](const json::value& seen) {
        return has_ended(seen) || (text_at(seen, "status.phase") == "Running" && is_ready(seen));
      }));
  if (has_ended(pod)) {
    NODAL_TRY(print_log(cluster, target, o.pod.name));
  } else {
    const auto talked = attach(globals, target.ns, pod,
                               {o.pod.name, o.pod.input, o.pod.tty, o.quiet, "nodectl attach"});
    if (!talked) {
      std::fputs(text::cat("warning: couldn't attach to pod/", target.name,
                           ", falling back to streaming logs: ", talked.error().message, "\n")
                     .c_str(),
                 stderr);
      NODAL_TRY(print_log(cluster, target, o.pod.name));
    }
  }
  std::fflush(stdout);
  if (o.pod.restart == "Always" || o.pod.input_stays_open) return PodEnd{};
  const bool until_success = o.pod.restart == "OnFailure";
  const auto ended =
      NODAL_TRY(pod_when(cluster, target, Deadline(limit), [&](const json::value& seen) {
        return until_success ? text_at(seen, "status.phase") == "Succeeded" : has_ended(seen);
      }));
  return end_of_pod(ended);
}

Result<> remove(Cluster& cluster, const Target& target, bool quiet) {
  const auto gone = ask(
      cluster,
      {.path = target.path(), .method = "DELETE", .body = R"({"propagationPolicy":"Background"})"});
  if (!gone && gone.error().code == Errc::not_found) return {};
  NODAL_TRY(gone);
  if (!quiet) std::puts(text::cat(target.kind.printed(), " \"", target.name, "\" deleted").c_str());
  return {};
}

Result<Target> post(const Globals& globals, Session& session, Writer& writer,
                    const json::object& object, json::value& made) {
  auto target = NODAL_TRY(target_of(session, globals, object, ""));
  made = NODAL_TRY(writer.post(target, object));
  target.name = text_at(made, "metadata.name");
  return target;
}

Result<int> run_pod(const Globals& globals, Options o) {
  NODAL_TRY(check(o));
  const auto limit = NODAL_TRY(parse_duration(o.timeout));
  if (o.attached() && limit.count() <= 0)
    return fail(Errc::invalid, text::cat("--pod-running-timeout must be higher than zero", kSee));
  o.pod.name = o.args[0];
  o.pod.words.assign(o.args.begin() + 1, o.args.end());
  auto pod = NODAL_TRY(pod_of(o.pod));
  auto service = service_of(o.pod, pod);
  for (auto* object : {&pod, &service}) {
    if (!globals.ns.empty()) make_object(*object, "metadata")["namespace"] = globals.ns;
    if (o.creating.save) set_last_applied(*object);
  }
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.creating.writing, o.creating.manager));
  json::value made, made_service;
  std::vector<Target> targets{NODAL_TRY(post(globals, session, writer, pod, made))};
  if (o.expose) {
    targets.push_back(NODAL_TRY(post(globals, session, writer, service, made_service)));
    NODAL_TRY(writer.tell(targets[1], "created", made_service));
  }
  if (!o.attached()) {
    NODAL_TRY(writer.tell(targets[0], "created", made));
    return 0;
  }
  auto end = accompany(globals, session, targets[0], o, limit);
  if (o.remove)
    for (const auto& target : targets)
      if (const auto removed = remove(session.cluster, target, o.quiet); !removed && end)
        end = std::unexpected(removed.error());
  NODAL_TRY(end);
  std::fflush(stdout);
  if (end->code != 0) std::fputs(text::cat(printable(end->message), "\n").c_str(), stderr);
  return end->code;
}

std::vector<Flag> pod_flags(PodWanted& pod) {
  return {
      {.names = "--image", .value = "IMAGE", .help = "Image", .target = &pod.image},
      {.names = "--restart",
       .value = "POLICY",
       .help = "Always, OnFailure or Never; attached, the last two give the exit code",
       .target = &pod.restart,
       .offer = Offer::words,
       .words = "Always OnFailure Never"},
      {.names = "--port",
       .value = "PORT",
       .help = "Port that the container opens",
       .target = &pod.port},
      {.names = "--env",
       .value = "NAME=VALUE",
       .help = "A variable; may be given again",
       .target = &pod.env},
      {.names = "-l,--labels",
       .value = "LABELS",
       .help = "Labels of the pod; default: run=NAME",
       .target = &pod.labels},
      {.names = "--annotations",
       .value = "NAME=VALUE",
       .help = "An annotation of the pod; may be given again",
       .target = &pod.annotations},
      {.names = "--image-pull-policy",
       .value = "POLICY",
       .help = "Always, IfNotPresent or Never",
       .target = &pod.pull_policy,
       .offer = Offer::words,
       .words = "Always IfNotPresent Never"},
      {.names = "--command",
       .help = "The arguments are the command instead of its arguments",
       .target = &pod.words_are_command},
      {.names = "--privileged",
       .help = "The container has the host's privileges",
       .target = &pod.privileged},
      {.names = "--overrides",
       .value = "JSON",
       .help = "Changes to the pod before it is made",
       .target = &pod.overrides},
      {.names = "--override-type",
       .value = "TYPE",
       .help = "What --overrides are: merge, strategic or json (a patch)",
       .target = &pod.override_type,
       .offer = Offer::words,
       .words = "merge strategic json"},
      {.names = "-i,--stdin", .help = "The container reads; attaches to it", .target = &pod.input},
      {.names = "-t,--tty", .help = "The container has a terminal", .target = &pod.tty},
      {.names = "--leave-stdin-open",
       .help = "The container goes on reading after the first who attached has left",
       .target = &pod.input_stays_open}};
}

}  // namespace

Command run_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  o->creating.manager = "kubectl-run";
  Command out{.name = "run",
              .help = "Run a pod of an image",
              .usage = "NAME --image=IMAGE [-- ARGUMENT …]",
              .group = kChangeGroup,
              .flags = pod_flags(o->pod),
              .args = &o->args,
              .least_args = 1,
              .examples = {"nodectl run once --image=web:1 --restart=Never -- sh -c 'echo hi'",
                           "nodectl run -it --rm shell --image=web:1 --restart=Never -- sh"},
              .run = [o, &globals] { return run_pod(globals, *o); }};
  for (auto&& flag :
       {Flag{.names = "--attach",
       .value = "WHETHER",
       .help = "Attach once it runs; what -i does unless this is false",
       .target = &o->attach,
       .bare = "true",
       .offer = Offer::words,
       .words = "true false"},
        Flag{.names = "--rm",
        .help = "Delete the pod after it was attached to",
        .target = &o->remove},
        Flag{.names = "--expose",
        .help = "Make a ClusterIP Service for --port, too",
        .target = &o->expose},
        Flag{.names = "--pod-running-timeout",
        .value = "TIME",
        .help = "How long an attached pod may take to run (1m0s)",
        .target = &o->timeout},
        Flag{.names = "-q,--quiet", .help = "Only what the container prints", .target = &o->quiet}})
    out.flags.push_back(flag);
  for (auto& flag : creating_flags(o->creating)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
