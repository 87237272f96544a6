// agent/volume/sub_path.cc — see sub_path.h.
#include "agent/volume/sub_path.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "agent/volume/projected.h"
#include "base/file.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

// Who may write above may write here.
Result<> make_like_parent(int parent, const std::string& name) {
  struct stat st {};
  if (::fstat(parent, &st) != 0 || ::mkdirat(parent, name.c_str(), 0700) != 0)
    return fail_errno(errno, text::cat("make ", name));
  const UniqueFd made(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made || ::fchown(made.get(), st.st_uid, st.st_gid) != 0 ||
      ::fchmod(made.get(), st.st_mode & 07777) != 0)
    return fail_errno(errno, text::cat("make ", name));
  return {};
}

Result<> open_part(UniqueFd& at, const std::string& part, bool make) {
  struct stat st {};
  if (::fstatat(at.get(), part.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT || !make) return fail_errno(errno, part);
    NODAL_TRY(make_like_parent(at.get(), part));
  }
  at.reset(::openat(at.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!at || ::fstat(at.get(), &st) != 0) return fail_errno(errno, part);
  // Asked of the handle: the name may be another thing by now.
  if (S_ISLNK(st.st_mode)) return fail(Errc::invalid, part + " is a symbolic link");
  return {};
}

}  // namespace

Result<UniqueFd> open_below(const std::string& volume, const std::string& path, bool projected) {
  NODAL_TRY(check_relative(path));
  UniqueFd at(::open(volume.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at) return fail_errno(errno, text::cat("open ", volume));
  if (projected) {
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(at.get(), "..data", target, sizeof target);
    if (size > 0)
      NODAL_TRY(open_part(at, std::string(target, static_cast<std::size_t>(size)), false));
  }
  for (const auto part : text::split(path, '/'))
    if (auto opened = open_part(at, std::string(part), !projected); !opened)
      return wrap(path, std::move(opened).error());
  return at;
}

Result<> unbind(const std::string& target) {
  while (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno != EINVAL && errno != ENOENT) return fail_errno(errno, text::cat("unmount ", target));
  // Never what is in it: it would be the volume's.
  if (::unlink(target.c_str()) == 0 || errno == ENOENT || ::rmdir(target.c_str()) == 0) return {};
  return fail_errno(errno, text::cat("remove ", target));
}

Result<> bind_on(const UniqueFd& what, const std::string& target) {
  struct stat st {};
  if (::fstat(what.get(), &st) != 0) return fail_errno(errno, target);
  NODAL_TRY(file::make_folders(target.substr(0, target.rfind('/')), 0755));
  NODAL_TRY(unbind(target));
  if (S_ISDIR(st.st_mode))
    NODAL_TRY(file::make_folders(target, 0755));
  else
    NODAL_TRY(file::write(target, "", 0644));
  const auto source = text::cat("/proc/self/fd/", what.get());
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return fail_errno(errno, text::cat("mount on ", target));
  // What is mounted below the original on a host that shares its mounts shows up here, but taking
  // this away must not take that away.
  if (::mount(nullptr, target.c_str(), nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return fail_errno(errno, text::cat("mount on ", target));
  return {};
}

}  // namespace nodal::agent
