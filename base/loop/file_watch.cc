// base/loop/file_watch.cc — see file_watch.h.
#include "base/loop/file_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/loop/stop.h"
#include "base/text.h"

namespace nodal {
namespace {

constexpr int kSettleMilliseconds = 500;
constexpr int kDeafMilliseconds = 1000;  // between looks for a stop that no descriptor tells

}  // namespace

Result<std::unique_ptr<FileWatch>> FileWatch::start(const std::vector<std::string>& paths,
                                                    std::function<void()> changed) {
  UniqueFd notify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!notify) return fail_errno(errno, "inotify");
  std::set<std::string> names{"..data"};
  for (const auto& path : paths) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (::inotify_add_watch(notify.get(), folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
      return fail_errno(errno, text::cat("watch ", folder));
    names.insert(slash == std::string::npos ? path : path.substr(slash + 1));
  }
  return std::unique_ptr<FileWatch>(
      new FileWatch(std::move(notify), std::move(names), std::move(changed)));
}

FileWatch::FileWatch(UniqueFd notify, std::set<std::string> names, std::function<void()> changed)
    : notify_(std::move(notify)),
      names_(std::move(names)),
      changed_(std::move(changed)),
      thread_([this](const std::stop_token& stop) { listen(stop); }) {}

FileWatch::~FileWatch() = default;

// Whether one of them is about our files.
bool FileWatch::read_events() {
  bool ours = false;
  alignas(inotify_event) char buffer[4096];
  ssize_t n = 0;
  while ((n = ::read(notify_.get(), buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < n;) {
      inotify_event event{};
      std::memcpy(&event, buffer + at, sizeof event);
      const char* name = buffer + at + sizeof event;  // ends with a zero
      if ((event.mask & IN_Q_OVERFLOW) != 0 || (event.len != 0 && names_.contains(name)))
        ours = true;
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  return ours;
}

void FileWatch::listen(const std::stop_token& stop) {
  name_thread("file-watch");
  const StopFd stop_fd(stop);
  const int patience = stop_fd.ready() ? -1 : kDeafMilliseconds;
  bool pending = false;
  while (!stop.stop_requested()) {
    pollfd fds[] = {{notify_.get(), POLLIN, 0}, {stop_fd.get(), POLLIN, 0}};
    const int ready = ::poll(fds, 2, pending ? kSettleMilliseconds : patience);
    if (ready < 0 && errno != EINTR) return;
    if (ready == 0 && std::exchange(pending, false)) changed_();
    if (fds[0].revents != 0 && read_events()) pending = true;
  }
}

}  // namespace nodal
