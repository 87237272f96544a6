// base/net/namespace.cc — setns(2) and back.
#include "base/net/namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/assert.h"

namespace nodal::net {

Result<UniqueFd> open_namespace(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, path);
  if (::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET)
    return fail(Errc::invalid, path + " is no network namespace");
  return fd;
}

Result<bool> is_current_namespace(int fd) {
  struct stat there {
  }, here{};
  if (::fstat(fd, &there) != 0 || ::stat("/proc/thread-self/ns/net", &here) != 0)
    return fail_errno(errno, "compare network namespaces");
  return there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

Result<ScopedNamespace> ScopedNamespace::enter(int fd) {
  auto home = NODAL_TRY(open_namespace("/proc/thread-self/ns/net"));
  if (::setns(fd, CLONE_NEWNET) != 0) return fail_errno(errno, "enter the network namespace");
  return ScopedNamespace(std::move(home));
}

ScopedNamespace::~ScopedNamespace() {
  // A thread that stayed in the wrong namespace would harm whatever it does next.
  if (home_) NODAL_ASSERT(::setns(home_.get(), CLONE_NEWNET) == 0);
}

}  // namespace nodal::net
