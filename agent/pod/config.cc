// agent/pod/config.cc — see config.h.
#include "agent/pod/config.h"

#include <algorithm>

#include "agent/pod/admission.h"
#include "agent/pod/facts.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::int64_t kPeriod = 100000;  // µs

std::int64_t milli_of(const std::map<std::string, Quantity>& values, const char* name) {
  const auto it = values.find(name);
  return it == values.end() ? 0 : it->second.milli_value();
}

std::int64_t value_of(const std::map<std::string, Quantity>& values, const char* name) {
  const auto it = values.find(name);
  return it == values.end() ? 0 : it->second.value();
}

// Guaranteed pods are killed last, BestEffort ones first; the others by how much of the node they
// asked for.
std::int64_t oom_score(const core_v1::Pod& pod, const core_v1::Container& container,
                       std::int64_t node_memory) {
  if (pod.status.qos_class == "Guaranteed") return -997;
  if (pod.status.qos_class == "BestEffort" || node_memory <= 0) return 1000;
  const std::int64_t request = value_of(container.resources.requests, "memory");
  return std::clamp<std::int64_t>(1000 - 1000 * request / node_memory, 3, 999);
}

Resources resources_of(const core_v1::Pod& pod, const core_v1::Container& container,
                       std::int64_t node_memory) {
  Resources out;
  std::int64_t request = milli_of(container.resources.requests, "cpu");
  if (request == 0) request = milli_of(container.resources.limits, "cpu");
  out.cpu_shares = std::max<std::int64_t>(request * 1024 / 1000, 2);
  if (const auto limit = milli_of(container.resources.limits, "cpu"); limit > 0) {
    out.cpu_period = kPeriod;
    out.cpu_quota = std::max<std::int64_t>(limit * kPeriod / 1000, 1000);
  }
  out.memory_limit_bytes = value_of(container.resources.limits, "memory");
  out.oom_score_adj = oom_score(pod, container, node_memory);
  return out;
}

std::string seccomp_of(const core_v1::SeccompProfile& profile) {
  if (profile.type == "Localhost")
    return text::cat("Localhost/", profile.localhost_profile.value_or(""));
  return profile.type.empty() ? "RuntimeDefault" : profile.type;
}

// "" leaves it to the runtime.
std::string apparmor_of(const core_v1::AppArmorProfile& profile) {
  if (profile.type == "Unconfined") return "unconfined";
  return profile.type == "Localhost" ? profile.localhost_profile.value_or("") : "";
}

Security security_of(const core_v1::Pod& pod, const core_v1::Container& container) {
  Security out;
  if (const auto& of_pod = pod.spec.security_context) {
    out.run_as_user = of_pod->run_as_user;
    out.run_as_group = of_pod->run_as_group;
    out.supplemental_groups = of_pod->supplemental_groups;
    if (of_pod->fs_group) out.supplemental_groups.push_back(*of_pod->fs_group);
    if (of_pod->seccomp_profile) out.seccomp = seccomp_of(*of_pod->seccomp_profile);
    if (of_pod->app_armor_profile) out.apparmor = apparmor_of(*of_pod->app_armor_profile);
  }
  if (const auto& own = container.security_context) {
    if (own->run_as_user) out.run_as_user = own->run_as_user;
    if (own->run_as_group) out.run_as_group = own->run_as_group;
    out.privileged = own->privileged.value_or(false);
    out.read_only_root = own->read_only_root_filesystem.value_or(false);
    out.no_new_privileges = !own->allow_privilege_escalation.value_or(true);
    if (own->seccomp_profile) out.seccomp = seccomp_of(*own->seccomp_profile);
    if (own->app_armor_profile) out.apparmor = apparmor_of(*own->app_armor_profile);
    if (own->capabilities) {
      out.add_capabilities = own->capabilities->add;
      out.drop_capabilities = own->capabilities->drop;
    }
    out.default_proc_mount = own->proc_mount.value_or("Default") != "Unmasked";
  }
  if (out.privileged) out.seccomp = "Unconfined";
  return out;
}

// SECURITY 43: on every start, also by what the image says.
Result<> check_non_root(const core_v1::Pod& pod, const core_v1::Container& container,
                        const Security& security, const ImageInfo& image) {
  bool wanted =
      pod.spec.security_context && pod.spec.security_context->run_as_non_root.value_or(false);
  if (container.security_context && container.security_context->run_as_non_root)
    wanted = *container.security_context->run_as_non_root;
  if (!wanted) return {};
  if (security.run_as_user) {
    if (*security.run_as_user == 0)
      return fail(Errc::invalid,
                  text::cat("container's runAsUser breaks non-root policy (pod: \"",
                            pod.metadata.name, "_", pod.metadata.namespace_, "(", pod.metadata.uid,
                            ")\", container: ", container.name, ")"));
    return {};
  }
  const auto user = image.user.substr(0, image.user.find(':'));
  const auto number = text::number<std::int64_t>(user);
  if (user.empty() || user == "root" || number == 0)  // also "00"
    return fail(Errc::invalid,
                text::cat("container has runAsNonRoot and image will run as root (pod: \"",
                          pod.metadata.name, "_", pod.metadata.namespace_, "(", pod.metadata.uid,
                          ")\", container: ", container.name, ")"));
  if (!number)
    return fail(Errc::invalid,
                text::cat("container has runAsNonRoot and image has non-numeric user (", user,
                          "), cannot verify user is non-root (pod: \"", pod.metadata.name, "_",
                          pod.metadata.namespace_, "(", pod.metadata.uid,
                          ")\", container: ", container.name, ")"));
  return {};
}

}  // namespace

Result<> find_profile(Security& security, const std::string& folder) {
  constexpr std::string_view kLocal = "Localhost/";
  if (!security.seccomp.starts_with(kLocal)) return {};
  const auto name = security.seccomp.substr(kLocal.size());
  bool inside = !name.empty();
  for (const auto part : text::split(name, '/')) inside = inside && !part.empty() && part != "..";
  if (!inside)
    return fail(Errc::invalid, text::cat("seccompProfile.localhostProfile \"", name,
                                         "\" must be a path below ", folder));
  security.seccomp = text::cat(kLocal, folder, "/", name);
  return {};
}

DnsConfig dns_config(const core_v1::Pod& pod, const DnsSettings& settings) {
  DnsConfig out;
  std::string policy = pod.spec.dns_policy.empty() ? "ClusterFirst" : pod.spec.dns_policy;
  if (policy == "ClusterFirst" && (pod.spec.host_network || settings.servers.empty()))
    policy = "Default";
  if (policy == "ClusterFirst" || policy == "ClusterFirstWithHostNet") {
    out.servers = settings.servers;
    out.searches = {text::cat(pod.metadata.namespace_, ".svc.", settings.domain),
                    text::cat("svc.", settings.domain), settings.domain};
    for (const auto& search : settings.host.searches)
      if (std::ranges::find(out.searches, search) == out.searches.end())
        out.searches.push_back(search);
    out.options = {"ndots:5"};
  } else if (policy == "Default") {
    out = settings.host;
  }
  if (const auto& own = pod.spec.dns_config) {
    const auto add = [](std::vector<std::string>& list, const std::string& item) {
      if (std::ranges::find(list, item) == list.end()) list.push_back(item);
    };
    for (const auto& server : own->nameservers) add(out.servers, server);
    for (const auto& search : own->searches) add(out.searches, search);
    for (const auto& option : own->options) {
      std::erase_if(out.options, [&](const auto& o) {
        return o == option.name || o.starts_with(option.name + ":");
      });
      out.options.push_back(option.value && !option.value->empty()
                                ? text::cat(option.name, ":", *option.value)
                                : option.name);
    }
  }
  return out;
}

std::string resolv_conf(const DnsConfig& config) {
  std::string out;
  if (!config.searches.empty()) out += text::cat("search ", text::join(config.searches, " "), "\n");
  for (const auto& server : config.servers) out += text::cat("nameserver ", server, "\n");
  if (!config.options.empty()) out += text::cat("options ", text::join(config.options, " "), "\n");
  return out;
}

std::string hostname_of(const core_v1::Pod& pod) {
  std::string out =
      (pod.spec.hostname.empty() ? pod.metadata.name : pod.spec.hostname).substr(0, 63);
  while (out.ends_with('-') || out.ends_with('.')) out.pop_back();
  return out;
}

std::string domain_name_of(const core_v1::Pod& pod, std::string_view domain) {
  if (pod.spec.subdomain.empty()) return {};
  return text::cat(hostname_of(pod), ".", pod.spec.subdomain, ".", pod.metadata.namespace_, ".svc.",
                   domain);
}

std::string hosts_file(const core_v1::Pod& pod, const std::string& pod_ip,
                       const std::string& domain, const std::string& of_node) {
  std::string out;
  if (pod.spec.host_network) {
    out = of_node;
    if (!out.empty() && !out.ends_with('\n')) out += '\n';
  } else {
    // Tools tell by the first line whether the file was written for the pod.
    out =
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost "
        "ip6-loopback\nfe00::0\tip6-localnet\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";
    const auto host = hostname_of(pod);
    if (!pod_ip.empty())
      out += pod.spec.subdomain.empty()
                 ? text::cat(pod_ip, "\t", host, "\n")
                 : text::cat(pod_ip, "\t", domain_name_of(pod, domain), "\t", host, "\n");
  }
  for (const auto& alias : pod.spec.host_aliases)
    out += text::cat(alias.ip, "\t", text::join(alias.hostnames, "\t"), "\n");
  return out;
}

SandboxConfig sandbox_config(const core_v1::Pod& pod, std::uint32_t attempt,
                             const DnsSettings& dns) {
  SandboxConfig out;
  out.pod = ref_of(pod);
  out.attempt = attempt;
  if (!pod.spec.host_network) {
    const bool whole = pod.spec.set_hostname_as_fqdn.value_or(false) && !pod.spec.subdomain.empty();
    out.hostname = whole ? domain_name_of(pod, dns.domain) : hostname_of(pod);
  }
  out.dns = dns_config(pod, dns);
  out.labels = pod.metadata.labels;
  out.host_network = pod.spec.host_network;
  out.host_pid = pod.spec.host_pid;
  out.host_ipc = pod.spec.host_ipc;
  out.share_pid = pod.spec.share_process_namespace.value_or(false);
  for (const auto& container : pod.spec.containers)
    for (const auto& port : container.ports)
      if (port.host_port > 0 && !pod.spec.host_network)
        out.ports.push_back({static_cast<std::uint16_t>(port.container_port),
                             static_cast<std::uint16_t>(port.host_port),
                             port.protocol.empty() ? "TCP" : port.protocol, port.host_ip});
  if (pod.spec.security_context)
    for (const auto& sysctl : pod.spec.security_context->sysctls)
      out.sysctls[dotted_sysctl(sysctl.name)] = sysctl.value;
  return out;
}

Result<ContainerConfig> container_config(const core_v1::Pod& pod,
                                         const core_v1::Container& container,
                                         const StartContainer& start, const SeenSandbox& sandbox,
                                         const ImageInfo& image, const Environment& environment,
                                         std::int64_t node_memory_bytes) {
  ContainerConfig out;
  out.pod = ref_of(pod);
  out.name = container.name;
  out.attempt = start.attempt;
  out.image = container.image;
  out.image_id = image.id;
  const Values known(environment.begin(), environment.end());
  for (const auto& word : container.command) out.command.push_back(expand(word, known));
  for (const auto& word : container.args) out.args.push_back(expand(word, known));
  out.working_dir = container.working_dir;
  out.env = environment;
  out.resources = resources_of(pod, container, node_memory_bytes);
  out.security = security_of(pod, container);
  NODAL_TRY(check_non_root(pod, container, out.security, image));
  out.annotations = {{kSandboxAttempt, text::cat(sandbox.attempt)},
                     {kCrashLevel, text::cat(start.crash_level)},
                     {kSpecHash, spec_hash(container)},
                     {kInit, start.init ? "true" : "false"}};
  out.log_path = text::cat(container.name, "/", start.attempt, ".log");
  if (container.lifecycle && container.lifecycle->stop_signal)
    out.stop_signal = *container.lifecycle->stop_signal;
  out.stdin_open = container.stdin;
  out.stdin_once = container.stdin_once;
  out.tty = container.tty;
  return out;
}

}  // namespace nodal::agent
