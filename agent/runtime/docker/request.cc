// agent/runtime/docker/request.cc — configurations → bodies of the Docker Engine API.
// @source Docker Engine API v1.41, ContainerCreate
#include "agent/runtime/docker/request.h"

#include "agent/runtime/docker/json.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

using json::bj::array;
using json::bj::object;

array list_of(const std::vector<std::string>& in) {
  array out;
  for (const auto& s : in) out.emplace_back(s);
  return out;
}

object labels_of(const PodRef& pod, std::string_view type, std::string_view container,
                 std::uint32_t attempt, const std::map<std::string, std::string>& annotations) {
  object out;
  out[kTypeLabel] = type;
  out[kAttemptLabel] = std::to_string(attempt);
  out[kPodNameLabel] = pod.name;
  out[kPodNamespaceLabel] = pod.namespace_;
  out[kPodUidLabel] = pod.uid;
  out[kContainerNameLabel] = container;
  for (const auto& [key, value] : annotations) out[text::cat(kAnnotationPrefix, key)] = value;
  return out;
}

object log_config(const LogLimits& log) {
  return {{"Type", "json-file"},
          {"Config", object{{"max-size", log.max_size}, {"max-file", log.max_files}}}};
}

// "" leaves it to the engine: rprivate, but rslave where the source holds the engine's own folder.
std::string_view propagation(Mount::Propagation mode) {
  switch (mode) {
    case Mount::Propagation::none:
      return "";
    case Mount::Propagation::host_to_container:
      return "rslave";
    case Mount::Propagation::bidirectional:
      return "rshared";
  }
  return "";
}

bool named(const std::vector<std::string>& capabilities, std::string_view name) {
  return std::ranges::any_of(capabilities, [&](const std::string& c) {
    const auto bare = c.starts_with("CAP_") ? std::string_view(c).substr(4) : std::string_view(c);
    return bare == name || bare == "ALL";
  });
}

Result<array> security_options(const Security& security, std::string_view seccomp_profile) {
  array out;
  if (security.no_new_privileges) out.emplace_back("no-new-privileges");
  if (!security.apparmor.empty()) out.emplace_back(text::cat("apparmor=", security.apparmor));
  if (security.privileged) return out;  // privileged is unconfined by definition
  if (security.seccomp == "Unconfined") {
    out.emplace_back("seccomp=unconfined");
  } else if (security.seccomp.starts_with("Localhost/")) {
    if (seccomp_profile.empty())
      return fail(Errc::invalid, text::cat("seccomp profile ", security.seccomp, " is empty"));
    out.emplace_back(text::cat("seccomp=", seccomp_profile));
  } else if (security.seccomp != "RuntimeDefault") {
    return fail(Errc::invalid, text::cat("seccomp profile '", security.seccomp,
                                         "' is none of RuntimeDefault, Unconfined, Localhost/…"));
  }
  return out;
}

}  // namespace

std::string container_name(std::string_view container, const PodRef& pod, std::uint32_t attempt) {
  return text::cat("k8s_", container, "_", pod.name, "_", pod.namespace_, "_", pod.uid, "_",
                   attempt);
}

Result<std::string> sandbox_body(const SandboxConfig& config, std::string_view image,
                                 const LogLimits& log, std::int64_t oom_floor) {
  object labels = labels_of(config.pod, "sandbox", "POD", config.attempt, config.annotations);
  for (const auto& [key, value] : config.labels)
    if (!labels.contains(key) && !key.starts_with("io.nodal.")) labels[key] = value;
  labels[kSharePidLabel] = config.host_pid ? "host" : config.share_pid ? "pod" : "";

  object host;
  host["NetworkMode"] = config.host_network ? "host" : "none";
  host["IpcMode"] = config.host_ipc ? "host" : "shareable";
  if (config.host_pid) host["PidMode"] = "host";
  if (config.host_network) host["UTSMode"] = "host";
  host["CapDrop"] = array{"ALL"};
  host["SecurityOpt"] = array{"no-new-privileges"};
  host["ReadonlyRootfs"] = true;
  // The sandbox goes last when memory is short: with it the whole pod would go.
  host["OomScoreAdj"] = std::max<std::int64_t>(-998, oom_floor);
  host["CpuShares"] = 2;
  host["LogConfig"] = log_config(log);
  if (!config.cgroup_parent.empty()) host["CgroupParent"] = config.cgroup_parent;
  if (!config.sysctls.empty()) {
    object sysctls;
    for (const auto& [key, value] : config.sysctls) sysctls[key] = value;
    host["Sysctls"] = std::move(sysctls);
  }

  object body;
  body["Image"] = image;
  body["Entrypoint"] = array{"/pause"};
  body["User"] = "65535:65535";
  if (!config.host_network && !config.hostname.empty()) body["Hostname"] = config.hostname;
  body["Labels"] = std::move(labels);
  body["HostConfig"] = std::move(host);
  return json::bj::serialize(body);
}

Result<std::string> container_body(std::string_view sandbox, const SandboxModes& modes,
                                   const ContainerConfig& config, std::string_view image_user,
                                   std::string_view seccomp_profile, const LogLimits& log,
                                   std::int64_t oom_floor) {
  object labels =
      labels_of(config.pod, "container", config.name, config.attempt, config.annotations);
  labels[kSandboxLabel] = sandbox;
  labels[kImageLabel] = config.image;
  labels[kLogPathLabel] = config.log_path;

  const std::string joined = text::cat("container:", sandbox);
  object host;
  host["NetworkMode"] = joined;
  host["IpcMode"] = modes.host_ipc ? "host" : joined;
  if (modes.host_pid)
    host["PidMode"] = "host";
  else if (!config.processes_of.empty())
    host["PidMode"] = text::cat("container:", config.processes_of);
  else if (modes.share_pid)
    host["PidMode"] = joined;
  if (modes.host_network) host["UTSMode"] = "host";
  if (!modes.cgroup_parent.empty()) host["CgroupParent"] = modes.cgroup_parent;

  array mounts;
  for (const auto& mount : config.mounts) {
    if (!mount.host_path.starts_with('/') || !mount.container_path.starts_with('/'))
      return fail(Errc::invalid, text::cat("mount ", mount.host_path, " at ", mount.container_path,
                                           ": both paths must be absolute"));
    object entry{{"Type", "bind"},
                 {"Source", mount.host_path},
                 {"Target", mount.container_path},
                 {"ReadOnly", mount.read_only}};
    if (const auto mode = propagation(mount.propagation); !mode.empty())
      entry["BindOptions"] = object{{"Propagation", mode}};
    mounts.push_back(std::move(entry));
  }
  host["Mounts"] = std::move(mounts);

  const auto& resources = config.resources;
  host["CpuShares"] = std::max<std::int64_t>(resources.cpu_shares, 2);
  if (resources.cpu_quota > 0) {
    host["CpuQuota"] = resources.cpu_quota;
    host["CpuPeriod"] = resources.cpu_period;
  }
  if (resources.memory_limit_bytes > 0) {
    host["Memory"] = resources.memory_limit_bytes;
    host["MemorySwap"] = resources.memory_limit_bytes;  // memory and swap together: no swap
  }
  if (resources.pids_limit > 0) host["PidsLimit"] = resources.pids_limit;
  host["OomScoreAdj"] = std::clamp<std::int64_t>(resources.oom_score_adj,
                                                 std::min<std::int64_t>(oom_floor, 1000), 1000);

  const auto& security = config.security;
  host["Privileged"] = security.privileged;
  host["ReadonlyRootfs"] = security.read_only_root;
  host["SecurityOpt"] = NODAL_TRY(security_options(security, seccomp_profile));
  host["CapAdd"] = list_of(security.add_capabilities);
  array drop = list_of(security.drop_capabilities);
  // SECURITY 4: raw sockets let a pod forge router advertisements and ARP; ping works without.
  if (!security.privileged && !named(security.add_capabilities, "NET_RAW") &&
      !named(security.drop_capabilities, "NET_RAW"))
    drop.emplace_back("NET_RAW");
  host["CapDrop"] = std::move(drop);
  if (!security.default_proc_mount) {
    host["MaskedPaths"] = array{};
    host["ReadonlyPaths"] = array{};
  }
  array groups;
  for (const auto group : security.supplemental_groups) groups.emplace_back(std::to_string(group));
  if (!groups.empty()) host["GroupAdd"] = std::move(groups);
  host["LogConfig"] = log_config(log);
  host["RestartPolicy"] = object{{"Name", "no"}};

  object body;
  body["Image"] = config.image_id.empty() ? config.image : config.image_id;
  if (!config.command.empty()) body["Entrypoint"] = list_of(config.command);
  if (!config.args.empty()) body["Cmd"] = list_of(config.args);
  if (!config.working_dir.empty()) body["WorkingDir"] = config.working_dir;
  array env;
  for (const auto& [name, value] : config.env) env.emplace_back(text::cat(name, "=", value));
  body["Env"] = std::move(env);
  if (security.run_as_user || security.run_as_group) {
    // A group alone keeps the image's user.
    std::string user(image_user.substr(0, image_user.find(':')));
    if (security.run_as_user) user = std::to_string(*security.run_as_user);
    if (user.empty()) user = "0";
    if (security.run_as_group) user += text::cat(":", *security.run_as_group);
    body["User"] = user;
  }
  if (!config.stop_signal.empty()) body["StopSignal"] = config.stop_signal;
  body["OpenStdin"] = config.stdin_open;
  body["StdinOnce"] = config.stdin_once;
  body["Tty"] = config.tty;
  // The image's own health check would run beside the pod's probes.
  body["Healthcheck"] = object{{"Test", array{"NONE"}}};
  body["Labels"] = std::move(labels);
  body["HostConfig"] = std::move(host);
  return json::bj::serialize(body);
}

std::string exec_body(const std::vector<std::string>& command, std::string_view mark, bool input,
                      bool tty) {
  object body{{"AttachStdin", input},
              {"AttachStdout", true},
              {"AttachStderr", true},
              {"Tty", tty},
              {"Cmd", list_of(command)}};
  if (!mark.empty()) body["Env"] = array{json::bj::string(mark)};
  return json::bj::serialize(body);
}

std::string label(const std::map<std::string, std::string>& labels, std::string_view key) {
  const auto it = labels.find(std::string(key));
  return it == labels.end() ? std::string() : it->second;
}

PodRef pod_of(const std::map<std::string, std::string>& labels) {
  return {label(labels, kPodNamespaceLabel), label(labels, kPodNameLabel),
          label(labels, kPodUidLabel)};
}

std::uint32_t attempt_of(const std::map<std::string, std::string>& labels) {
  return text::number<std::uint32_t>(label(labels, kAttemptLabel)).value_or(0);
}

std::map<std::string, std::string> annotations_of(
    const std::map<std::string, std::string>& labels) {
  std::map<std::string, std::string> out;
  for (auto it = labels.lower_bound(std::string(kAnnotationPrefix));
       it != labels.end() && it->first.starts_with(kAnnotationPrefix); ++it)
    out.emplace(it->first.substr(kAnnotationPrefix.size()), it->second);
  return out;
}

Result<std::pair<std::string, std::string>> split_reference(std::string_view reference) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@[]";
  if (reference.empty() || reference.size() > 1024 ||
      reference.find_first_not_of(allowed) != std::string_view::npos ||
      reference.find("..") != std::string_view::npos || reference.starts_with('/') ||
      reference.find("//") != std::string_view::npos)
    return fail(Errc::invalid,
                text::cat("invalid reference format: \"", reference.substr(0, 200), "\""));
  const auto at = reference.find('@');
  const auto name = reference.substr(0, at);
  const auto colon = name.rfind(':');
  const bool tagged =
      colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos;
  const auto repository = tagged ? name.substr(0, colon) : name;
  if (repository.empty())
    return fail(Errc::invalid, text::cat("invalid reference format: \"", reference, "\""));
  if (at != std::string_view::npos)
    return std::pair(std::string(repository), std::string(reference.substr(at + 1)));
  return std::pair(std::string(repository),
                   std::string(tagged ? name.substr(colon + 1) : "latest"));
}

}  // namespace nodal::agent::docker
