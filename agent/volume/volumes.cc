// agent/volume/volumes.cc — see volumes.h.
#include "agent/volume/volumes.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "api-client/codec/time.h"
#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

Result<std::string> read_below(const std::string& folder, const std::string& path) {
  return file::read(text::cat(folder, "/..data/", path), 4 << 20);
}

Result<> mount_tmpfs(const std::string& folder, const std::string& options) {
  NODAL_TRY(file::make_folders(folder, 0755));
  const auto mounts = NODAL_TRY(file::read("/proc/self/mounts", 16 << 20));
  if (mounts.find(text::cat(" ", folder, " tmpfs ")) != std::string::npos) return {};
  if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    return fail_errno(errno, text::cat("mount tmpfs on ", folder));
  return {};
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

Result<> give_to(std::int64_t group, const std::string& path) {
  if (::chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group)) == 0) return {};
  return fail_errno(errno, text::cat("give ", path, " to the pod's group"));
}

std::optional<std::int64_t> group_of(const core_v1::Pod& pod) {
  if (!pod.spec.security_context) return std::nullopt;
  return pod.spec.security_context->fs_group;
}

// A folder that is not there yet becomes its volume's: the owner, group and mode of the folder
// above, so who may write there may write here.
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

// The keys to project: all, or those of `items`. @errors invalid for a key that is not there and
// not optional
Result<> add_items(const Values& values, const std::vector<core_v1::KeyToPath>& items,
                   bool optional, std::int32_t mode, std::string_view what,
                   std::vector<ProjectedFile>& out) {
  if (items.empty()) {
    for (const auto& [key, value] : values) {
      NODAL_TRY(check_relative(key));
      out.push_back({key, value, mode});
    }
    return {};
  }
  for (const auto& item : items) {
    const auto it = values.find(item.key);
    if (it == values.end()) {
      if (optional) continue;
      return fail(Errc::invalid, text::cat("references non-existent ", what, " key: ", item.key));
    }
    NODAL_TRY(check_relative(item.path));
    out.push_back({item.path, it->second, item.mode.value_or(mode)});
  }
  return {};
}

Result<> check_host_path(const std::string& path, const std::string& type) {
  struct stat st {};
  const bool there = ::stat(path.c_str(), &st) == 0;
  if (type == "DirectoryOrCreate" && !there) return file::make_folders(path, 0755);
  if (type == "FileOrCreate" && !there) return file::write(path, "", 0644);
  const auto wrong = [&](std::string_view want) {
    return fail(Errc::invalid, text::cat("hostPath type check failed: ", path, " is not a ", want));
  };
  if ((type == "Directory" || type == "DirectoryOrCreate") && (!there || !S_ISDIR(st.st_mode)))
    return wrong("directory");
  if ((type == "File" || type == "FileOrCreate") && (!there || !S_ISREG(st.st_mode)))
    return wrong("file");
  if (type == "Socket" && (!there || !S_ISSOCK(st.st_mode))) return wrong("socket file");
  if (type == "CharDevice" && (!there || !S_ISCHR(st.st_mode))) return wrong("character device");
  if (type == "BlockDevice" && (!there || !S_ISBLK(st.st_mode))) return wrong("block device");
  if (type.empty() && !there) return file::make_folders(path, 0755);
  return {};
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
      if (group) NODAL_TRY(give_to(*group, path));
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

Volumes::Volumes(std::string root, std::shared_ptr<client::Client> client,
                 const NodeFactsForPods& node, const Clock& clock)
    : root_(std::move(root)), client_(std::move(client)), node_(node), clock_(clock) {}

std::string Volumes::volume_folder(const core_v1::Pod& pod, const core_v1::Volume& volume) const {
  const char* kind = volume.empty_dir      ? "empty-dir"
                     : volume.config_map   ? "configmap"
                     : volume.secret       ? "secret"
                     : volume.downward_api ? "downward-api"
                                           : "projected";
  return text::cat(pod_folder(pod.metadata.uid), "/volumes/kubernetes.io~", kind, "/", volume.name);
}

bool Volumes::needs_refresh(const core_v1::Pod& pod) {
  return std::ranges::any_of(pod.spec.volumes, [](const auto& v) {
    return v.config_map || v.secret || v.projected || v.downward_api;
  });
}

Result<std::string> Volumes::token(const core_v1::Pod& pod,
                                   const core_v1::ServiceAccountTokenProjection& projection,
                                   const std::string& file_path) {
  // A token that has a fifth of its life left and more is kept; when it was made stands in the
  // file's time.
  const std::int64_t life =
      std::max<std::int64_t>(projection.expiration_seconds.value_or(3600), 600);
  struct stat st {};
  if (::stat(file_path.c_str(), &st) == 0) {
    const auto age =
        std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count() -
        st.st_mtime;
    if (age >= 0 && age < life * 4 / 5)
      if (auto kept = file::read(file_path, 1 << 16)) return *kept;
  }
  const std::string account =
      pod.spec.service_account_name.empty() ? "default" : pod.spec.service_account_name;
  const std::string audiences = projection.audience.empty()
                                    ? ""
                                    : text::cat(R"("audiences":[")", projection.audience, R"("],)");
  const auto body =
      text::cat(R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{)",
                audiences, R"("expirationSeconds":)", life,
                R"(,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":")", pod.metadata.name,
                R"(","uid":")", pod.metadata.uid, R"("}}})");
  const auto answer = NODAL_TRY(client_->post_text(
      client::Client::path<core_v1::ServiceAccount>(pod.metadata.namespace_, account, "token"),
      body));
  const auto document = NODAL_TRY(codec::parse(answer));
  const auto* status = document.is_object() ? document.get_object().if_contains("status") : nullptr;
  const auto* text = status != nullptr && status->is_object()
                         ? status->get_object().if_contains("token")
                         : nullptr;
  if (text == nullptr || !text->is_string())
    return fail(Errc::invalid, "the API server's TokenRequest has no token");
  return std::string(text->get_string());
}

Result<std::vector<ProjectedFile>> Volumes::files_of(const core_v1::Pod& pod,
                                                     const core_v1::Volume& volume,
                                                     const std::string& pod_ip,
                                                     const References& references) {
  std::vector<ProjectedFile> out;
  const auto add_object = [&](bool secret, const std::string& name,
                              const std::vector<core_v1::KeyToPath>& items, bool optional,
                              std::int32_t mode) -> Result<> {
    const auto values = secret ? references.secret(name) : references.config_map(name);
    if (!values) {
      if (values.error().code == Errc::not_found && optional) return {};
      if (values.error().code == Errc::not_found)
        return fail(Errc::not_found,
                    text::cat(secret ? "secret" : "configmap", " \"", name, "\" not found"));
      return std::unexpected(values.error());
    }
    return add_items(*values, items, optional, mode, secret ? "secret" : "config", out);
  };
  const auto add_downward = [&](const std::vector<core_v1::DownwardAPIVolumeFile>& items,
                                std::int32_t mode) -> Result<> {
    for (const auto& item : items) {
      NODAL_TRY(check_relative(item.path));
      std::optional<std::string> value;
      if (item.field_ref) value = field_value(pod, pod_ip, node_, item.field_ref->field_path);
      if (item.resource_field_ref)
        value = resource_value(pod, item.resource_field_ref->container_name,
                               *item.resource_field_ref, node_);
      if (!value)
        return fail(Errc::invalid, text::cat("the downward API has nothing for ", item.path));
      out.push_back({item.path, *value, item.mode.value_or(mode)});
    }
    return {};
  };
  if (volume.config_map) {
    const auto& v = *volume.config_map;
    NODAL_TRY(add_object(false, v.name, v.items, v.optional.value_or(false),
                         v.default_mode.value_or(0644)));
  } else if (volume.secret) {
    const auto& v = *volume.secret;
    NODAL_TRY(add_object(true, v.secret_name, v.items, v.optional.value_or(false),
                         v.default_mode.value_or(0644)));
  } else if (volume.downward_api) {
    NODAL_TRY(
        add_downward(volume.downward_api->items, volume.downward_api->default_mode.value_or(0644)));
  } else if (volume.projected) {
    const std::int32_t mode = volume.projected->default_mode.value_or(0644);
    for (const auto& source : volume.projected->sources) {
      if (source.config_map)
        NODAL_TRY(add_object(false, source.config_map->name, source.config_map->items,
                             source.config_map->optional.value_or(false), mode));
      if (source.secret)
        NODAL_TRY(add_object(true, source.secret->name, source.secret->items,
                             source.secret->optional.value_or(false), mode));
      if (source.downward_api) NODAL_TRY(add_downward(source.downward_api->items, mode));
      if (source.service_account_token) {
        const auto& t = *source.service_account_token;
        NODAL_TRY(check_relative(t.path));
        out.push_back(
            {t.path,
             NODAL_TRY(token(pod, t, text::cat(volume_folder(pod, volume), "/..data/", t.path))),
             pod.spec.security_context && pod.spec.security_context->fs_group ? 0640 : 0644});
      }
    }
  }
  return out;
}

Result<> Volumes::prepare(const core_v1::Pod& pod, const std::string& pod_ip,
                          const References& references) {
  NODAL_TRY(file::make_folders(pod_folder(pod.metadata.uid), 0755));
  for (const auto& volume : pod.spec.volumes) {
    const auto failed = [&](const Error& error) {
      return wrap(text::cat("MountVolume.SetUp failed for volume \"", volume.name, "\" "), error);
    };
    if (volume.host_path) {
      if (auto done = check_host_path(volume.host_path->path, volume.host_path->type.value_or(""));
          !done)
        return failed(done.error());
    } else if (volume.empty_dir) {
      const auto folder = volume_folder(pod, volume);
      if (volume.empty_dir->medium == "Memory") {
        const std::string size = volume.empty_dir->size_limit
                                     ? text::cat("size=", volume.empty_dir->size_limit->value())
                                     : "";
        if (auto done = mount_tmpfs(folder, size); !done) return failed(done.error());
      } else if (auto done = file::make_folders(folder, 0777); !done) {
        return failed(done.error());
      }
      ::chmod(folder.c_str(), 0777);
    } else if (volume.config_map || volume.secret || volume.downward_api || volume.projected) {
      const auto folder = volume_folder(pod, volume);
      // Secrets and tokens never reach the disk.
      if (volume.secret || volume.projected)
        if (auto done = mount_tmpfs(folder, "mode=0755,size=16m"); !done)
          return failed(done.error());
      auto files = files_of(pod, volume, pod_ip, references);
      if (!files) return failed(files.error());
      if (auto done = write_atomically(folder, *files, group_of(pod)); !done)
        return failed(done.error());
    } else {
      return failed({Errc::invalid, "this kind of volume is not supported on this node"});
    }
    if (const auto group = group_of(pod); group && volume.empty_dir) {
      const auto folder = volume_folder(pod, volume);
      NODAL_TRY(give_to(*group, folder));
      ::chmod(folder.c_str(), 02777);
    }
  }
  return {};
}

Result<std::vector<Mount>> Volumes::mounts(const core_v1::Pod& pod,
                                           const core_v1::Container& container,
                                           const Environment& environment) const {
  std::vector<Mount> out;
  const Values known(environment.begin(), environment.end());
  for (const auto& mount : container.volume_mounts) {
    const auto volume = std::ranges::find(pod.spec.volumes, mount.name, &core_v1::Volume::name);
    if (volume == pod.spec.volumes.end())
      return fail(Errc::invalid, text::cat("volume \"", mount.name, "\" is not in the pod"));
    Mount m;
    m.host_path = volume->host_path ? volume->host_path->path : volume_folder(pod, *volume);
    const std::string below = mount.sub_path_expr.empty()
                                  ? mount.sub_path
                                  : NODAL_TRY(expand_all(mount.sub_path_expr, known));
    if (!below.empty()) {
      if (auto clean = check_relative(below); !clean) return wrap("subPath", clean.error());
      // Every part must be a folder or file of the volume itself: a link could lead out of it
      // (SECURITY 40).
      UniqueFd at(::open(m.host_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!at) return fail_errno(errno, text::cat("open volume ", mount.name));
      const auto parts = text::split(below, '/');
      std::string resolved = m.host_path;
      const bool projected = !volume->host_path && !volume->empty_dir;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string part(parts[i]);
        if (projected && i == 0) {  // our own link of a projected volume
          char target[PATH_MAX];
          const ssize_t n = ::readlink((m.host_path + "/..data").c_str(), target, sizeof target);
          if (n > 0) {
            const std::string data(target, static_cast<std::size_t>(n));
            at.reset(::openat(at.get(), data.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
            resolved += "/" + data;
          }
        }
        struct stat st {};
        if (::fstatat(at.get(), part.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
          if (errno != ENOENT || projected) return fail_errno(errno, text::cat("subPath ", below));
          if (auto made = make_like_parent(at.get(), part); !made)
            return wrap(text::cat("subPath ", below), std::move(made).error());
        } else if (S_ISLNK(st.st_mode)) {
          return fail(Errc::invalid,
                      text::cat("subPath ", below, ": ", part, " is a symbolic link"));
        }
        at.reset(::openat(at.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!at) return fail_errno(errno, text::cat("subPath ", below));
        resolved += "/" + part;
      }
      m.host_path = resolved;
    }
    m.container_path =
        mount.mount_path.starts_with('/') ? mount.mount_path : "/" + mount.mount_path;
    m.read_only = mount.read_only || volume->config_map || volume->secret || volume->projected ||
                  volume->downward_api;
    const auto propagation = mount.mount_propagation.value_or("");
    if (propagation == "HostToContainer") m.propagation = Mount::Propagation::host_to_container;
    if (propagation == "Bidirectional") m.propagation = Mount::Propagation::bidirectional;
    out.push_back(std::move(m));
  }
  const auto own = [&](const char* file, const char* inside) {
    if (std::ranges::none_of(out, [&](const auto& m) { return m.container_path == inside; })) {
      Mount m;
      m.host_path = text::cat(pod_folder(pod.metadata.uid), "/", file);
      m.container_path = inside;
      out.push_back(std::move(m));
    }
  };
  own("etc-hosts", "/etc/hosts");
  own("resolv.conf", "/etc/resolv.conf");
  return out;
}

Result<> Volumes::write_network_files(const core_v1::Pod& pod, const std::string& hosts,
                                      const std::string& resolv) const {
  const auto folder = pod_folder(pod.metadata.uid);
  NODAL_TRY(file::make_folders(folder, 0755));
  for (const auto& [name, bytes] :
       {std::pair<std::string, const std::string&>{"/etc-hosts", hosts}, {"/resolv.conf", resolv}})
    if (const auto now = file::read(folder + name, 1 << 20); !now || *now != bytes)
      NODAL_TRY(file::write(folder + name, bytes, 0644));
  return {};
}

Result<> Volumes::remove(const std::string& uid) {
  const auto folder = pod_folder(uid);
  if (!file::exists(folder)) return {};
  const auto mounts = NODAL_TRY(file::read("/proc/self/mounts", 16 << 20));
  for (const auto line : text::split(mounts, '\n')) {
    const auto fields = text::split(line, ' ');
    if (fields.size() > 1 && fields[1].starts_with(folder + "/") &&
        ::umount2(std::string(fields[1]).c_str(), MNT_DETACH) != 0 && errno != EINVAL &&
        errno != ENOENT)
      return fail_errno(errno, text::cat("unmount ", fields[1]));
  }
  return file::remove_all(folder);
}

std::vector<std::string> Volumes::present() const {
  auto names = file::list(root_ + "/pods");
  return names ? *names : std::vector<std::string>{};
}

}  // namespace nodal::agent
