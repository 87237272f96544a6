// nodectl/copy/archive.cc — see archive.h.
#include "nodectl/copy/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"
#include "nodectl/copy/paths.h"

namespace nodal::nodectl {
namespace {

constexpr std::size_t kBlock = 64u << 10;
constexpr int kDeepest = 1'000;  // folders inside each other

using Reader = Handle<archive, archive_read_free>;
using Writer = Handle<archive, archive_write_free>;
using Entry = Handle<archive_entry, archive_entry_free>;

std::unexpected<Error> failed(archive* from, std::string_view doing) {
  const char* why = archive_error_string(from);
  const auto code = archive_errno(from) == ENOSPC ? Errc::unavailable : Errc::invalid;
  return fail(code, text::cat(doing, ": ", why == nullptr ? "unknown" : why));
}

// A warning is about something smaller than the file: a name in another encoding.
bool good(int result) { return result == ARCHIVE_OK || result == ARCHIVE_WARN; }

// Where a tar stream goes. Cut, it takes no more: its end would say that the files are whole.
struct Sink {
  int fd;
  bool cut = false;
};

la_ssize_t write_to(archive* from, void* sink, const void* bytes, std::size_t count) {
  const auto& [fd, cut] = *static_cast<const Sink*>(sink);
  if (cut) return static_cast<la_ssize_t>(count);
  while (true) {
    const ssize_t n = ::write(fd, bytes, count);
    if (n >= 0) return n;
    if (errno == EINTR) continue;
    archive_set_error(from, errno, "write: %s", std::strerror(errno));
    return -1;
  }
}

class Packer {
 public:
  Packer(archive* out, const CopyNotice& notice) : out_(out), notice_(notice) {}

  Result<> add(const std::string& path, const std::string& name, int depth) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return fail_errno(errno, text::cat("read ", path));
    if (S_ISDIR(status.st_mode)) return folder(path, name, status, depth);
    if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
      notice_(text::cat("warning: skipping \"", path, "\": neither file, folder nor symlink"));
      return {};
    }
    return S_ISREG(status.st_mode) ? contents(path, name) : link(path, name, status);
  }

 private:
  Result<> folder(const std::string& path, const std::string& name, const struct stat& status,
                  int depth) {
    if (depth > kDeepest) return fail(Errc::invalid, text::cat(path, ": too many folders deep"));
    const auto names = NODAL_TRY(file::list(path));
    // One that holds something is made with it.
    if (names.empty()) return header(name, status, "");
    for (const auto& inner : names)
      NODAL_TRY(add(joined_path(path, inner), joined_path(name, inner), depth + 1));
    return {};
  }

  Result<> link(const std::string& path, const std::string& name, const struct stat& status) {
    std::array<char, 4096> target{};
    const auto size = ::readlink(path.c_str(), target.data(), target.size());
    if (size < 0) return fail_errno(errno, text::cat("read ", path));
    return header(name, status, std::string(target.data(), static_cast<std::size_t>(size)));
  }

  Result<> contents(const std::string& path, const std::string& name) {
    const UniqueFd from(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    struct stat status {};
    if (!from || ::fstat(from.get(), &status) != 0)
      return fail_errno(errno, text::cat("read ", path));
    NODAL_TRY(header(name, status, ""));
    auto left = status.st_size;
    std::vector<char> block(kBlock);
    while (left > 0) {
      const auto most = std::min<std::size_t>(block.size(), static_cast<std::size_t>(left));
      const auto n = ::read(from.get(), block.data(), most);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno(errno, text::cat("read ", path));
      if (n == 0) return fail(Errc::conflict, text::cat(path, " became shorter meanwhile"));
      if (archive_write_data(out_, block.data(), static_cast<std::size_t>(n)) < 0)
        return failed(out_, text::cat("send ", path));
      left -= n;
    }
    return {};
  }

  Result<> header(const std::string& name, const struct stat& status, const std::string& target) {
    const Entry entry(archive_entry_new());
    archive_entry_copy_stat(entry.get(), &status);
    archive_entry_set_pathname(entry.get(), name.c_str());
    if (!target.empty()) archive_entry_set_symlink(entry.get(), target.c_str());
    if (!good(archive_write_header(out_, entry.get())))
      return failed(out_, text::cat("send ", name));
    return {};
  }

  archive* out_;
  const CopyNotice& notice_;
};

class Unpacker {
 public:
  Unpacker(archive* in, const std::string& prefix, const std::string& target,
           const std::string& name, const CopyNotice& notice)
      : in_(in), prefix_(prefix), target_(target), name_(name), notice_(notice) {}

  Result<> take(archive_entry* entry) {
    const auto rest = NODAL_TRY(rest_of(archive_entry_pathname(entry)));
    auto place = landing(target_, rest);
    if (!place) {
      notice_(text::cat("warning: file \"", joined_path(target_, rest),
                        "\" is outside target destination, skipping"));
      return {};
    }
    const bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;
    // A file that is copied to a folder lies in it, under its own name.
    if (rest.empty() && !is_folder && is_local_folder(*place)) *place = joined_path(*place, name_);
    if (is_folder) return file::make_folders(*place);
    NODAL_TRY(file::make_folders(folder_of(*place)));
    if (const char* target = archive_entry_symlink(entry)) {
      notice_(text::cat("warning: skipping symlink: \"", *place, "\" -> \"", target, "\""));
      return {};
    }
    if (const char* other = archive_entry_hardlink(entry)) return same_as(other, *place);
    if (archive_entry_filetype(entry) == AE_IFREG) return contents(*place);
    notice_(text::cat("warning: skipping \"", *place, "\": neither file nor folder"));
    return {};
  }

 private:
  Result<std::string> rest_of(const char* name) const {
    auto rest = name == nullptr ? std::nullopt : after_prefix(name, prefix_);
    if (!rest) return fail(Errc::invalid, "tar contents corrupted");
    return *std::move(rest);
  }

  static bool is_local_folder(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  }

  Result<> contents(const std::string& place) {
    const UniqueFd to(::open(place.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!to) return fail_errno(errno, text::cat("open ", place));
    if (!good(archive_read_data_into_fd(in_, to.get())))
      return failed(in_, text::cat("write ", place));
    return {};
  }

  // Another name of a file that came before.
  Result<> same_as(const char* other, const std::string& place) {
    const auto from = landing(target_, NODAL_TRY(rest_of(other)));
    if (!from) {
      notice_(text::cat("warning: file \"", place, "\" is outside target destination, skipping"));
      return {};
    }
    NODAL_TRY(file::remove(place));
    if (::link(from->c_str(), place.c_str()) != 0)
      return fail_errno(errno, text::cat("link ", place));
    return {};
  }

  archive* in_;
  const std::string &prefix_, &target_, &name_;
  const CopyNotice& notice_;
};

}  // namespace

Result<> pack(int fd, const std::string& path, const std::string& name, const CopyNotice& notice) {
  Sink sink{fd};  // outlives the writer, which writes when it is freed
  const Writer out(archive_write_new());
  if (!good(archive_write_set_format_pax_restricted(out.get())) ||
      !good(archive_write_open(out.get(), &sink, nullptr, write_to, nullptr)))
    return failed(out.get(), "begin a tar stream");
  if (auto packed = Packer(out.get(), notice).add(path, name, 0); !packed) {
    sink.cut = true;
    return packed;
  }
  if (!good(archive_write_close(out.get()))) return failed(out.get(), "end the tar stream");
  return {};
}

Result<> unpack(int fd, const std::string& prefix, const std::string& target,
                const std::string& name, const CopyNotice& notice) {
  const Reader in(archive_read_new());
  archive_read_support_format_tar(in.get());
  archive_read_support_format_empty(in.get());
  if (!good(archive_read_open_fd(in.get(), fd, kBlock))) return failed(in.get(), "read");
  Unpacker unpacker(in.get(), prefix, target, name, notice);
  while (true) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(in.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    if (!good(result)) return failed(in.get(), "read what the container's tar has sent");
    NODAL_TRY(unpacker.take(entry));
  }
  // What fills tar's last block belongs to it.
  std::vector<char> rest(kBlock);
  while (::read(fd, rest.data(), rest.size()) > 0) {
  }
  return {};
}

}  // namespace nodal::nodectl
