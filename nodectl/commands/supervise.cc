// nodectl/commands/supervise.cc — supervise: the process that `up` leaves behind.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/file.h"
#include "base/loop/stop.h"
#include "base/memory.h"
#include "base/text.h"
#include "nodectl/cluster/daemons.h"
#include "nodectl/cluster/supervisor.h"
#include "nodectl/commands.h"

namespace nodal::nodectl {
namespace {

using namespace std::chrono_literals;

Result<int> supervise() {
  block_signals();
  tune_memory();
  const auto where = NODAL_TRY(layout());
  const auto settings = NODAL_TRY(read_settings(where));
  const auto lock = file::lock(where.run + "/supervisor.lock", 2000ms);
  if (!lock) return wrap("another supervisor runs", lock.error());
  NODAL_TRY(note_supervisor(where));
  std::stop_source stop;
  bool reload = false;
  std::thread waiter([&stop, &reload] { reload = wait_for_stop_or_reload(stop); });
  Supervisor supervisor(where, settings);
  auto done = supervisor.run(stop.get_token());
  if (!done) ::kill(::getpid(), SIGTERM);  // for the waiter
  waiter.join();
  if (reload) {
    // The same process begins anew: the parts stay its children, the new settings say which.
    const std::string self = where.programs + "/nodectl";
    std::string verb = "supervise";
    char* const arguments[] = {const_cast<char*>(self.c_str()), verb.data(), nullptr};
    ::execv(self.c_str(), arguments);
    return fail_errno(errno, text::cat("start ", self, " again"));
  }
  supervisor.end();
  NODAL_TRY(file::remove(where.supervisor_pid()));
  NODAL_TRY(done);
  return 0;
}

}  // namespace

Command supervise_command() {
  return {.name = "supervise",
          .help = "Keep the parts running (what `up` starts)",
          .run = [] { return supervise(); },
          .own = true};
}

}  // namespace nodal::nodectl
