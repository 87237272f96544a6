// agent/volume/projected.cc — see projected.h.
#include "agent/volume/projected.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

Result<std::string> read_below(const std::string& folder, const std::string& path) {
  return file::read(text::cat(folder, "/..data/", path), 4 << 20);
}

// The files of a folder and of the folders in it.
std::size_t count_files(const std::string& folder) {
  std::size_t out = 0;
  for (const auto& name : file::list(folder).value_or(std::vector<std::string>{})) {
    const auto path = text::cat(folder, "/", name);
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) continue;
    out += S_ISDIR(st.st_mode) ? count_files(path) : 1;
  }
  return out;
}

Result<> give_to(std::optional<std::int64_t> owner, std::optional<std::int64_t> group,
                 const std::string& path) {
  if (::chown(path.c_str(), static_cast<uid_t>(owner.value_or(-1)),
              static_cast<gid_t>(group.value_or(-1))) == 0)
    return {};
  return fail_errno(errno, text::cat("give ", path, " to the pod"));
}

Result<> set_time(const std::string& path, TimePoint time) {
  const auto since = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  const timespec when{static_cast<time_t>(since.count()), 0};
  const timespec both[] = {when, when};
  if (::utimensat(AT_FDCWD, path.c_str(), both, 0) == 0) return {};
  return fail_errno(errno, text::cat("set the time of ", path));
}

}  // namespace

Result<> check_relative(std::string_view path) {
  if (path.empty() || path.starts_with('/'))
    return fail(Errc::invalid, text::cat("\"", path, "\" must be a relative path"));
  for (const auto part : text::split(path, '/'))
    if (part.empty() || part == "..")
      return fail(Errc::invalid, text::cat("\"", path, "\" must not contain '..' or empty parts"));
  if (path.starts_with(".."))
    return fail(Errc::invalid, text::cat("\"", path, "\" must not start with '..'"));
  return {};
}

Result<> write_atomically(const std::string& folder, const std::vector<ProjectedFile>& given,
                          std::optional<std::int64_t> group) {
  // Of two files with one path the later one counts.
  std::vector<ProjectedFile> files;
  for (const auto& f : given) {
    std::erase_if(files, [&](const auto& earlier) { return earlier.path == f.path; });
    files.push_back(f);
  }
  NODAL_TRY(file::make_folders(folder, 0755));
  const std::string link = folder + "/..data";
  bool same = file::exists(link);
  for (const auto& f : files) {
    if (!same) break;
    const auto now = read_below(folder, f.path);
    same = now && *now == f.bytes;
  }
  // Fewer files than before is a change, too.
  if (same && count_files(link) == files.size()) return {};
  std::string fresh = folder + "/..XXXXXX";
  if (::mkdtemp(fresh.data()) == nullptr)
    return fail_errno(errno, text::cat("make a folder in ", folder));
  ::chmod(fresh.c_str(), 0755);
  const auto fill = [&]() -> Result<> {
    for (const auto& f : files) {
      const std::string path = text::cat(fresh, "/", f.path);
      NODAL_TRY(file::make_folders(path.substr(0, path.rfind('/')), 0755));
      const auto mode = static_cast<mode_t>(f.mode);
      NODAL_TRY(file::write(path, f.bytes, group ? mode | 0440 : mode));
      if (group || f.owner) NODAL_TRY(give_to(f.owner, group, path));
      if (f.made) NODAL_TRY(set_time(path, *f.made));
    }
    return {};
  };
  if (auto filled = fill(); !filled) {
    static_cast<void>(file::remove_all(fresh));
    return filled;
  }
  char old[PATH_MAX] = "";
  const ssize_t size = ::readlink(link.c_str(), old, sizeof old - 1);
  const std::string temporary = folder + "/..data_tmp";
  ::unlink(temporary.c_str());
  if (::symlink(fresh.substr(fresh.rfind('/') + 1).c_str(), temporary.c_str()) != 0 ||
      ::rename(temporary.c_str(), link.c_str()) != 0)
    return fail_errno(errno, text::cat("turn ", link));
  std::vector<std::string> tops;
  for (const auto& f : files) {
    const auto top = f.path.substr(0, f.path.find('/'));
    if (std::ranges::find(tops, top) != tops.end()) continue;
    tops.push_back(top);
    if (::symlink(text::cat("..data/", top).c_str(), text::cat(folder, "/", top).c_str()) != 0 &&
        errno != EEXIST)
      return fail_errno(errno, text::cat("link ", top));
  }
  for (const auto& name : NODAL_TRY(file::list(folder)))
    if (!name.starts_with("..") && std::ranges::find(tops, name) == tops.end())
      NODAL_TRY(file::remove(text::cat(folder, "/", name)));
  if (size > 0)
    NODAL_TRY(file::remove_all(
        text::cat(folder, "/", std::string_view(old, static_cast<std::size_t>(size)))));
  return {};
}

}  // namespace nodal::agent
