// nodectl/commands/exec.cc — exec and attach: this terminal is that of a process in a container.
#include <cstdio>

#include "base/text.h"
#include "nodectl/attaching.h"
#include "nodectl/commands.h"
#include "nodectl/pods.h"

namespace nodal::nodectl {
namespace {

struct Options {
  std::vector<std::string> args;
  std::string container;
  bool input = false, tty = false, quiet = false;
};

Result<int> talk(const Globals& globals, const Options& o, bool exec) {
  auto session = NODAL_TRY(open_session(globals));
  const auto pods = NODAL_TRY(pods_named(session, o.args[0], false));
  const Attaching wanted{o.container, o.input, o.tty, o.quiet, "nodectl attach"};
  if (!exec) return attach(globals, session.cluster.ns, pods[0], wanted);
  const int code = NODAL_TRY(
      execute(globals, session.cluster.ns, pods[0], wanted, {o.args.begin() + 1, o.args.end()}));
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
            return talk(globals, *o, true);
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
          .run = [o, &globals] { return talk(globals, *o, false); }};
}

}  // namespace nodal::nodectl
