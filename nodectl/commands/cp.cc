// nodectl/commands/cp.cc — cp: files from a container and to it, through the container's tar.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <thread>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"
#include "nodectl/attaching.h"
#include "nodectl/commands.h"
#include "nodectl/copy/archive.h"
#include "nodectl/copy/paths.h"
#include "nodectl/pods.h"

namespace nodal::nodectl {
namespace {

struct Options {
  std::vector<std::string> args;
  std::string container;
  bool no_preserve = false;
};

struct Pipe {
  UniqueFd read, write;
  static Result<Pipe> make() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno(errno, "make a pipe");
    return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  }
};

void notice(const std::string& line) {
  std::fputs(text::cat(printable(line), "\n").c_str(), stderr);
}

// Commands in the container that a place names.
class Remote {
 public:
  static Result<Remote> find(Globals globals, const CopyPlace& place,
                             const std::string& container) {
    if (!place.ns.empty()) globals.ns = place.ns;
    auto session = NODAL_TRY(open_session(globals));
    auto pods = NODAL_TRY(pods_named(session, place.pod, false));
    return Remote(globals, session.cluster.ns, std::move(pods[0]), container);
  }

  Result<int> run(const std::vector<std::string>& command, Ends ends, bool input, bool quiet) {
    return execute(globals_, ns_, pod_, {container_, input, false, quiet, "", ends}, command);
  }

  Result<bool> is_folder(const std::string& path) {
    const UniqueFd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    return NODAL_TRY(run({"test", "-d", path}, {0, nowhere.get(), nowhere.get()}, false, true)) ==
           0;
  }

 private:
  Remote(Globals globals, std::string ns, boost::json::value pod, std::string container)
      : globals_(std::move(globals)),
        ns_(std::move(ns)),
        pod_(std::move(pod)),
        container_(std::move(container)) {}

  Globals globals_;
  std::string ns_;
  boost::json::value pod_;
  std::string container_;
};

Result<int> told(Result<int> code) {
  if (code && *code != 0)
    return fail(Errc::internal, text::cat("command terminated with exit code ", *code));
  return code;
}

Result<int> copy_to(const Globals& globals, const Options& o, const CopyPlace& from,
                    const CopyPlace& to) {
  if (::access(from.file.c_str(), F_OK) != 0)
    return fail(Errc::not_found, text::cat(from.file, " doesn't exist in local filesystem"));
  auto remote = NODAL_TRY(Remote::find(globals, to, o.container));
  auto target = clean_path(to.file);
  // The name of "." or ".." is the folder's.
  if (NODAL_TRY(remote.is_folder(target))) target = joined_path(target, last_of(from.file));
  std::vector<std::string> command{"tar"};
  if (o.no_preserve) command.insert(command.end(), {"--no-same-permissions", "--no-same-owner"});
  command.insert(command.end(), {"-xmf", "-", "-C", folder_of(target)});
  auto pipe = NODAL_TRY(Pipe::make());
  Result<> packed;
  Result<int> code = 0;
  {
    const std::jthread packer([&] {
      packed = pack(pipe.write.get(), from.file, last_of(target), notice);
      pipe.write.reset();
    });
    code = remote.run(command, {pipe.read.get(), STDOUT_FILENO, STDERR_FILENO}, true, false);
    pipe.read.reset();  // the packer learns that nobody reads any more
  }
  NODAL_TRY(told(std::move(code)));
  NODAL_TRY(packed);
  return 0;
}

Result<int> copy_from(const Globals& globals, const Options& o, const CopyPlace& from,
                      const CopyPlace& to) {
  auto remote = NODAL_TRY(Remote::find(globals, from, o.container));
  auto pipe = NODAL_TRY(Pipe::make());
  Result<int> code = 0;
  Result<> unpacked;
  {
    const std::jthread teller([&] {
      code = remote.run({"tar", "cf", "-", from.file},
                        {STDIN_FILENO, pipe.write.get(), STDERR_FILENO}, false, false);
      pipe.write.reset();
    });
    unpacked =
        unpack(pipe.read.get(), prefix_in_archive(from.file), to.file, last_of(from.file), notice);
    pipe.read.reset();  // a stream that cannot be used is not waited for
  }
  NODAL_TRY(unpacked);
  return told(std::move(code));
}

Result<int> copy(const Globals& globals, const Options& o) {
  const auto from = NODAL_TRY(parse_place(o.args[0]));
  const auto to = NODAL_TRY(parse_place(o.args[1]));
  if (from.remote() && to.remote())
    return fail(Errc::invalid, "one of src or dest must be a local file specification");
  if (from.file.empty() || to.file.empty()) return fail(Errc::invalid, "filepath can not be empty");
  if (!from.remote() && !to.remote())
    return fail(Errc::invalid, "one of src or dest must be a remote file specification");
  // An end of the stream that closes early is an error, not the end of this program.
  ::signal(SIGPIPE, SIG_IGN);
  std::setlocale(LC_CTYPE, "C.UTF-8");  // names go as the bytes that they are
  return from.remote() ? copy_from(globals, o, from, to) : copy_to(globals, o, from, to);
}

}  // namespace

Command cp_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return {.name = "cp",
          .help = "Copy files and folders to a container and from it (it needs tar)",
          .usage = "FILE [NAMESPACE/]POD:FILE | [NAMESPACE/]POD:FILE FILE",
          .group = kLookGroup,
          .flags = {{.names = "-c,--container",
                     .value = "NAME",
                     .help = "Which container; default: the pod's first",
                     .target = &o->container,
                     .offer = Offer::containers},
                    {.names = "--no-preserve",
                     .help = "Without the files' owners and modes, in the container",
                     .target = &o->no_preserve}},
          .args = &o->args,
          .least_args = 2,
          .most_args = 2,
          .offer = Offer::files,
          .examples = {"nodectl cp notes.txt web-1:/tmp/notes.txt",
                       "nodectl cp prod/web-1:/var/log logs -c side"},
          .run = [o, &globals] { return copy(globals, *o); }};
}

}  // namespace nodal::nodectl
