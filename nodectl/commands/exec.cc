// nodectl/commands/exec.cc — exec and attach: this terminal is that of a process in a container.
#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/log_sources.h"
#include "nodectl/pods.h"
#include "nodectl/stream_client.h"

namespace nodal::nodectl {
namespace {

struct Options {
  std::vector<std::string> args;
  std::string container;
  bool input = false, tty = false, quiet = false;
};

Result<int> talk(const Globals& globals, const Options& o, const char* verb) {
  auto session = NODAL_TRY(open_session(globals));
  const auto pods = NODAL_TRY(pods_named(session, o.args[0], false));
  const auto& pod = pods[0];
  const auto phase = text_at(pod, "status.phase");
  const auto name = text_at(pod, "metadata.name");
  if (phase == "Succeeded" || phase == "Failed")
    return fail(Errc::invalid,
                text::cat("cannot ", verb,
                          " into a container in a completed pod; current phase is ", phase));
  const auto source = NODAL_TRY(log_sources(pod, o.container, false)).at(0);
  if (!o.quiet && !source.notice.empty())
    std::fputs(text::cat(printable(source.notice), "\n").c_str(), stderr);
  bool tty = o.tty;
  if (tty && ::isatty(STDIN_FILENO) == 0) {
    std::fputs("Unable to use a TTY - input is not a terminal or the right kind of file\n", stderr);
    tty = false;
  }
  auto path = text::cat("/api/v1/namespaces/", http::percent_encode(session.cluster.ns), "/pods/",
                        http::percent_encode(name), "/", verb,
                        "?container=", http::percent_encode(source.container), "&stdout=true");
  if (o.input) path += "&stdin=true";
  path += tty ? "&tty=true" : "&stderr=true";
  for (std::size_t i = 1; i < o.args.size(); ++i)
    path += text::cat("&command=", http::percent_encode(o.args[i]));
  const auto connection = NODAL_TRY(open_websocket(globals, path, "v5.channel.k8s.io"));
  const int code = NODAL_TRY(converse(*connection, o.input, tty));
  if (code != 0)
    std::fputs(text::cat("command terminated with exit code ", code, "\n").c_str(), stderr);
  return code;
}

std::vector<Flag> flags(Options& o) {
  return {{.names = "-c,--container",
           .value = "NAME",
           .help = "Which container; default: the pod's first",
           .target = &o.container,
           .offer = Offer::containers},
          {.names = "-i,--stdin", .help = "Pass standard input on", .target = &o.input},
          {.names = "-t,--tty", .help = "Standard input is a terminal", .target = &o.tty},
          {.names = "-q,--quiet", .help = "Only what the process prints", .target = &o.quiet}};
}

}  // namespace

Command exec_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return {.name = "exec",
          .help = "Run a command in a container",
          .usage = "(POD | TYPE/NAME) -- COMMAND [ARGUMENT …]",
          .group = kLookGroup,
          .flags = flags(*o),
          .args = &o->args,
          .least_args = 1,
          .offer = Offer::pods,
          .examples = {"nodectl exec web -- ls /", "nodectl exec -it deployment/web -- sh"},
          .run = [o, &globals]() -> Result<int> {
            if (o->args.size() < 2)
              return fail(Errc::invalid, "you must specify at least one command for the container");
            return talk(globals, *o, "exec");
          }};
}

Command attach_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return {.name = "attach",
          .help = "Attach to the process of a running container",
          .usage = "(POD | TYPE/NAME)",
          .group = kLookGroup,
          .flags = flags(*o),
          .args = &o->args,
          .least_args = 1,
          .most_args = 1,
          .offer = Offer::pods,
          .examples = {"nodectl attach -it shell"},
          .run = [o, &globals] { return talk(globals, *o, "attach"); }};
}

}  // namespace nodal::nodectl
