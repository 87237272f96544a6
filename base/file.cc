// base/file.cc — see file.h.
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/text.h"

namespace nodal::file {
namespace {

using Dir = Handle<DIR, closedir>;

std::string folder_of(const std::string& path) {
  const auto at = path.rfind('/');
  if (at == std::string::npos) return ".";
  return at == 0 ? "/" : path.substr(0, at);
}

Result<> write_whole(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, text::cat("write ", path));
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<> remove_below(int folder, const std::string& name, const std::string& shown, dev_t device) {
  struct stat st {};
  if (::fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno(errno, text::cat("stat ", shown));
  }
  if (!S_ISDIR(st.st_mode)) {
    if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT)
      return fail_errno(errno, text::cat("remove ", shown));
    return {};
  }
  if (st.st_dev != device)
    return fail(Errc::conflict, text::cat("remove ", shown, ": something is mounted there"));
  const int fd = ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, text::cat("open ", shown));
  const Dir dir(::fdopendir(fd));
  if (!dir) {
    ::close(fd);
    return fail_errno(errno, text::cat("list ", shown));
  }
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string child = entry->d_name;
    if (child == "." || child == "..") continue;
    NODAL_TRY(remove_below(fd, child, text::cat(shown, "/", child), device));
  }
  if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return fail_errno(errno, text::cat("remove ", shown));
  return {};
}

}  // namespace

Result<std::string> read(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, text::cat("read ", path));
  std::string bytes;
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n == 0) return bytes;
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, text::cat("read ", path));
    }
    if (bytes.size() + static_cast<std::size_t>(n) > limit)
      return fail(Errc::invalid, text::cat("read ", path, ": larger than ", limit, " bytes"));
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
}

Result<> write(const std::string& path, std::string_view bytes, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return fail_errno(errno, text::cat("create a file beside ", path));
  auto written = write_whole(fd.get(), bytes, path);
  if (written && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0))
    written = fail_errno(errno, text::cat("write ", path));
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
    written = fail_errno(errno, text::cat("rename to ", path));
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  const UniqueFd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
  return {};
}

Result<> make_folders(const std::string& path, mode_t mode) {
  for (std::size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    const std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST)
      return fail_errno(errno, text::cat("create folder ", part));
  }
  return {};
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<> remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return fail_errno(errno, text::cat("remove ", path));
  return {};
}

Result<> remove_all(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno(errno, text::cat("stat ", path));
  }
  return remove_below(AT_FDCWD, path, path, st.st_dev);
}

Result<std::vector<std::string>> list(const std::string& path) {
  const Dir dir(::opendir(path.c_str()));
  if (!dir) return fail_errno(errno, text::cat("list ", path));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    std::string child = entry->d_name;
    if (child != "." && child != "..") names.push_back(std::move(child));
  }
  std::ranges::sort(names);
  return names;
}

Result<UniqueFd> lock(const std::string& path, std::chrono::milliseconds wait) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(errno, text::cat("open lock ", path));
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno(errno, text::cat("lock ", path));
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(Errc::unavailable, text::cat("lock ", path, ": held by another process"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return fd;
}

}  // namespace nodal::file
