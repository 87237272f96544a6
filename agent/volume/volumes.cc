// agent/volume/volumes.cc — see volumes.h.
#include "agent/volume/volumes.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>

#include "agent/volume/projected.h"
#include "agent/volume/sub_path.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::int64_t kLongestToken = 24 * 3600;  ///< seconds; @source the TokenRequest KEP-1205

Result<> mount_tmpfs(const std::string& folder, const std::string& options) {
  NODAL_TRY(file::make_folders(folder, 0755));
  const auto mounts = NODAL_TRY(file::read("/proc/self/mounts", 16 << 20));
  if (mounts.find(text::cat(" ", folder, " tmpfs ")) != std::string::npos) return {};
  if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    return fail_errno(errno, text::cat("mount tmpfs on ", folder));
  return {};
}

std::optional<std::int64_t> group_of(const core_v1::Pod& pod) {
  if (!pod.spec.security_context) return std::nullopt;
  return pod.spec.security_context->fs_group;
}

// The user that all containers of the pod run as, when there is one.
std::optional<std::int64_t> user_of(const core_v1::Pod& pod) {
  const auto& of_pod = pod.spec.security_context;
  std::optional<std::int64_t> out;
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers})
    for (const auto& container : *list) {
      const auto& own = container.security_context;
      const auto user = own && own->run_as_user ? own->run_as_user
                        : of_pod                ? of_pod->run_as_user
                                                : std::nullopt;
      if (!user || (out && *out != *user)) return std::nullopt;
      out = user;
    }
  return out;
}

// Everybody may write there, until somebody of the pod says otherwise: it is made in one go, and
// left alone afterwards.
Result<> make_empty_dir(const std::string& folder, const core_v1::EmptyDirVolumeSource& source,
                        std::optional<std::int64_t> group) {
  if (source.medium == "Memory") {
    auto options = text::cat("mode=", group ? "2777" : "0777");
    if (group) options += text::cat(",gid=", *group);
    if (source.size_limit) options += text::cat(",size=", source.size_limit->value());
    return mount_tmpfs(folder, options);
  }
  if (file::exists(folder)) return {};
  const auto fresh = folder + "~new";  // no volume's name has a tilde
  NODAL_TRY(file::remove_all(fresh));
  NODAL_TRY(file::make_folders(folder.substr(0, folder.rfind('/')), 0755));
  if (::mkdir(fresh.c_str(), 0700) != 0 ||
      (group && ::chown(fresh.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(*group)) != 0) ||
      ::chmod(fresh.c_str(), group ? 02777 : 0777) != 0 ||
      ::rename(fresh.c_str(), folder.c_str()) != 0)
    return fail_errno(errno, text::cat("make ", folder));
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

std::string Volumes::told_downward(const core_v1::Pod& pod) {
  const auto tells = [](const std::vector<core_v1::DownwardAPIVolumeFile>& items) {
    return std::ranges::any_of(items, [](const auto& item) {
      return item.field_ref && (item.field_ref->field_path.starts_with("metadata.labels") ||
                                item.field_ref->field_path.starts_with("metadata.annotations"));
    });
  };
  if (std::ranges::none_of(pod.spec.volumes, [&](const auto& v) {
        return (v.downward_api && tells(v.downward_api->items)) ||
               (v.projected && std::ranges::any_of(v.projected->sources, [&](const auto& source) {
                  return source.downward_api && tells(source.downward_api->items);
                }));
      }))
    return {};
  std::string out;
  for (const auto* values : {&pod.metadata.labels, &pod.metadata.annotations}) {
    for (const auto& [key, value] : *values) out += text::cat(key, "=", value, "\n");
    out += '\n';
  }
  return out;
}

bool Volumes::needs_refresh(const core_v1::Pod& pod) {
  return std::ranges::any_of(pod.spec.volumes, [](const auto& v) {
    return v.config_map || v.secret || v.projected || v.downward_api;
  });
}

Result<ProjectedFile> Volumes::token(const core_v1::Pod& pod,
                                     const core_v1::ServiceAccountTokenProjection& projection,
                                     const std::string& folder) {
  ProjectedFile out{projection.path, "", 0600, user_of(pod), clock_.now()};
  // One that has a fifth of its life left and more is kept, a day at most; when it was made stands
  // in the file's time.
  const std::int64_t life =
      std::max<std::int64_t>(projection.expiration_seconds.value_or(3600), 600);
  const auto path = text::cat(folder, "/..data/", projection.path);
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0) {
    const TimePoint made{std::chrono::seconds(st.st_mtime)};
    const auto age = std::chrono::floor<std::chrono::seconds>(clock_.now() - made).count();
    if (age >= 0 && age < std::min<std::int64_t>(life * 4 / 5, kLongestToken))
      if (auto kept = file::read(path, 1 << 16)) {
        out.bytes = std::move(*kept);
        out.made = made;
        return out;
      }
  }
  namespace bj = boost::json;
  bj::object spec{{"expirationSeconds", life},
                  {"boundObjectRef", bj::object{{"kind", "Pod"},
                                                {"apiVersion", "v1"},
                                                {"name", pod.metadata.name},
                                                {"uid", pod.metadata.uid}}}};
  if (!projection.audience.empty()) spec["audiences"] = bj::array{bj::value(projection.audience)};
  const bj::object request{{"apiVersion", "authentication.k8s.io/v1"},
                           {"kind", "TokenRequest"},
                           {"spec", std::move(spec)}};
  const std::string account =
      pod.spec.service_account_name.empty() ? "default" : pod.spec.service_account_name;
  const auto answer = NODAL_TRY(client_->post_text(
      client::Client::path<core_v1::ServiceAccount>(pod.metadata.namespace_, account, "token"),
      bj::serialize(request)));
  const auto document = NODAL_TRY(codec::parse(answer));
  const auto* status = document.is_object() ? document.get_object().if_contains("status") : nullptr;
  const auto* text = status != nullptr && status->is_object()
                         ? status->get_object().if_contains("token")
                         : nullptr;
  if (text == nullptr || !text->is_string())
    return fail(Errc::invalid, "the API server's TokenRequest has no token");
  out.bytes = std::string_view(text->get_string());
  return out;
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
        NODAL_TRY(check_relative(source.service_account_token->path));
        auto file =
            NODAL_TRY(token(pod, *source.service_account_token, volume_folder(pod, volume)));
        // Theirs alone, when it is known who they are.
        if (!file.owner && !group_of(pod)) file.mode = mode;
        out.push_back(std::move(file));
      }
    }
  }
  return out;
}

Result<> Volumes::set_up(const core_v1::Pod& pod, const core_v1::Volume& volume,
                         const std::string& pod_ip, const References& references) {
  if (volume.host_path)
    return check_host_path(volume.host_path->path, volume.host_path->type.value_or(""));
  const auto folder = volume_folder(pod, volume);
  if (volume.empty_dir) return make_empty_dir(folder, *volume.empty_dir, group_of(pod));
  if (!volume.config_map && !volume.secret && !volume.downward_api && !volume.projected)
    return fail(Errc::invalid, "this kind of volume is not supported on this node");
  const auto refresh = [&]() -> Result<> {
    // Secrets and tokens never reach the disk.
    if (volume.secret || volume.projected) NODAL_TRY(mount_tmpfs(folder, "mode=0755,size=16m"));
    return write_atomically(folder, NODAL_TRY(files_of(pod, volume, pod_ip, references)),
                            group_of(pod));
  };
  auto done = refresh();
  if (done || !file::exists(folder + "/..data")) return done;
  // It has been set up: a container may start again with what is there, whatever became of the API
  // server or of the object.
  log::warn("a volume cannot be refreshed; it stays as it is",
            {{"pod", text::cat(pod.metadata.namespace_, "/", pod.metadata.name)},
             {"volume", volume.name},
             {"error", done.error().message}});
  return {};
}

Result<> Volumes::prepare(const core_v1::Pod& pod, const std::string& pod_ip,
                          const References& references) {
  NODAL_TRY(file::make_folders(pod_folder(pod.metadata.uid), 0755));
  // One that fails keeps no other from being refreshed.
  Result<> first;
  for (const auto& volume : pod.spec.volumes)
    if (auto done = set_up(pod, volume, pod_ip, references); !done && first)
      first = wrap(text::cat("MountVolume.SetUp failed for volume \"", volume.name, "\" "),
                   std::move(done).error());
  return first;
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
      auto at = open_below(m.host_path, below, !volume->host_path && !volume->empty_dir);
      if (!at) return wrap(text::cat("subPath of volume ", mount.name), std::move(at).error());
      m.host_path = text::cat(pod_folder(pod.metadata.uid), "/subpaths/", container.name, "/",
                              &mount - container.volume_mounts.data());
      NODAL_TRY(bind_on(*at, m.host_path));
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
  for (const auto& container :
       file::list(folder + "/subpaths").value_or(std::vector<std::string>{}))
    for (const auto& mount : NODAL_TRY(file::list(text::cat(folder, "/subpaths/", container))))
      NODAL_TRY(unbind(text::cat(folder, "/subpaths/", container, "/", mount)));
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
