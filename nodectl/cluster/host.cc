// nodectl/cluster/host.cc — see host.h.
#include "nodectl/cluster/host.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <thread>

#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/http/client.h"
#include "base/netlink/socket.h"
#include "base/text.h"
#include "nodectl/cluster/addons.h"

extern char** environ;

namespace nodal::nodectl {
namespace {

using namespace std::chrono_literals;

constexpr auto kDockerStart = 30s;

std::string find_program(std::string_view name) {
  for (const char* folder :
       {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"})
    if (auto path = text::cat(folder, "/", name); ::access(path.c_str(), X_OK) == 0) return path;
  return {};
}

// Runs a program with its output in a log, in a session of its own when it is to stay.
Result<pid_t> launch(const std::vector<std::string>& command, const std::string& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0640);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, command[0].c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_errno(error, text::cat("start ", command[0]));
  return pid;
}

int run(const std::vector<std::string>& command, const std::string& log) {
  const auto pid = launch(command, log);
  if (!pid) return -1;
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Result<http::Response> docker(const std::string& socket, std::string method, std::string target) {
  http::ClientOptions options;
  options.address = text::cat("unix:", socket);
  options.connect_timeout = 2s;
  options.timeout = 30s;
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  return http::Client(options).send(request);
}

Result<> remove_containers(const std::string& socket) {
  if (!file::exists(socket)) return {};
  const auto listed =
      NODAL_TRY(docker(socket, "GET",
                       text::cat("/v1.41/containers/json?all=1&filters=",
                                 http::percent_encode(R"({"label":["io.nodal.type"]})"))));
  if (listed.status != 200)
    return fail(Errc::unavailable, text::cat("list containers: ", listed.text()));
  const auto document = NODAL_TRY(codec::parse(listed.text()));
  if (!document.is_array()) return {};
  // Containers before the sandboxes whose network they share.
  for (const bool sandboxes : {false, true})
    for (const auto& item : document.get_array()) {
      if (!item.is_object()) continue;
      const auto* labels = item.get_object().if_contains("Labels");
      const auto* type = labels != nullptr && labels->is_object()
                             ? labels->get_object().if_contains("io.nodal.type")
                             : nullptr;
      const bool sandbox = type != nullptr && type->is_string() && type->get_string() == "sandbox";
      const auto* id = item.get_object().if_contains("Id");
      if (sandbox != sandboxes || id == nullptr || !id->is_string()) continue;
      const auto removed = NODAL_TRY(docker(
          socket, "DELETE",
          text::cat("/v1.41/containers/", std::string_view(id->get_string()), "?force=1&v=1")));
      if (removed.status / 100 != 2 && removed.status != 404)
        return fail(Errc::unavailable, text::cat("remove a container: ", removed.text()));
    }
  return {};
}

Result<> remove_links() {
  auto socket = NODAL_TRY(netlink::Socket::open());
  for (const auto& link : NODAL_TRY(socket.links())) {
    const bool ours =
        link.kind == "veth" && link.name.size() == 15 && link.name.starts_with("nodal");
    if (ours || link.name == "nodal0")
      if (auto done = socket.delete_link(link.name); !done && done.error().code != Errc::not_found)
        return done;
  }
  return {};
}

Result<> unmount_below(const std::string& root) {
  const auto mounts = NODAL_TRY(file::read("/proc/self/mounts", 16 << 20));
  std::vector<std::string> points;
  for (const auto line : text::split(mounts, '\n')) {
    const auto fields = text::split(line, ' ');
    if (fields.size() > 1 && fields[1].starts_with(text::cat(root, "/")))
      points.emplace_back(fields[1]);
  }
  std::ranges::sort(points, std::greater{}, [](const auto& point) { return point.size(); });
  for (const auto& point : points)
    if (::umount2(point.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
      return fail_errno(errno, text::cat("unmount ", point));
  return {};
}

}  // namespace

std::vector<Finding> examine(const Layout& layout, const Settings& settings) {
  std::vector<Finding> out;
  const auto look = [&](bool good, std::string what, std::string remedy) {
    out.push_back({good, std::move(what), std::move(remedy)});
  };
  look(::geteuid() == 0, "running as root", "run it with sudo: a node programs the kernel");
  for (const char* name : {"nodal-master", "nodal-agent", "nodal-proxy", "nodal-cni"})
    look(::access(text::cat(layout.programs, "/", name).c_str(), X_OK) == 0,
         text::cat(name, " is beside nodectl"),
         text::cat("build or install ", name, " into ", layout.programs));
  look(file::exists("/proc/sys/net/ipv4/ip_forward"), "the kernel forwards IPv4",
       "boot a kernel with CONFIG_INET");
  look(file::exists("/proc/net/netfilter") || file::exists("/proc/sys/net/netfilter"),
       "the kernel has netfilter", "boot a kernel with nf_tables and conntrack");
  look(file::exists("/sys/fs/cgroup"), "cgroups are mounted",
       "mount -t cgroup2 none /sys/fs/cgroup");
  look(docker_answers(settings.docker_socket),
       text::cat("Docker answers on ", settings.docker_socket),
       find_program("dockerd").empty() ? "install it: apt-get install docker.io"
                                       : "start it: systemctl start docker");
  return out;
}

Result<std::string> own_address() {
  auto socket = NODAL_TRY(netlink::Socket::open());
  int wanted = 0;
  for (const auto& route : NODAL_TRY(socket.routes()))
    if (route.to.prefix_length() == 0 && route.to.base().is_v4() && wanted == 0)
      wanted = route.link;
  std::string first;
  for (const auto& address : NODAL_TRY(socket.addresses())) {
    if (address.ip.is_v6() || address.ip.is_loopback() || address.ip.is_link_local()) continue;
    if (address.link == wanted) return address.ip.text();
    const auto link = socket.links();
    const bool own = link && std::ranges::any_of(*link, [&](const auto& l) {
                       return l.index == address.link && l.name != "lo" &&
                              !l.name.starts_with("docker") && !l.name.starts_with("nodal");
                     });
    if (own && first.empty()) first = address.ip.text();
  }
  if (first.empty())
    return fail(Errc::not_found,
                "this host has no IPv4 address but loopback's; give the node one, or name it with "
                "--node-ip");
  return first;
}

bool docker_answers(const std::string& socket) {
  if (!file::exists(socket)) return false;
  const auto answer = docker(socket, "GET", "/_ping");
  return answer && answer->status == 200;
}

Result<> start_docker(const Settings& settings) {
  const std::string dockerd = find_program("dockerd");
  if (dockerd.empty())
    return fail(Errc::not_found, "Docker is not installed; run: apt-get install docker.io");
  const std::string log = "/var/log/nodal-docker.log";
  if (file::exists("/run/systemd/system")) {
    run({find_program("systemctl"), "start", "docker"}, log);
  } else {
    if (!file::exists("/run/containerd/containerd.sock")) {
      const std::string containerd = find_program("containerd");
      if (containerd.empty())
        return fail(Errc::not_found,
                    "containerd is not installed; run: apt-get install containerd");
      NODAL_TRY(launch({containerd}, log));
      for (int i = 0; i < 100 && !file::exists("/run/containerd/containerd.sock"); ++i)
        std::this_thread::sleep_for(50ms);
    }
    NODAL_TRY(launch({dockerd, "--containerd=/run/containerd/containerd.sock", "-H",
                      text::cat("unix://", settings.docker_socket)},
                     log));
  }
  const auto deadline = std::chrono::steady_clock::now() + kDockerStart;
  while (std::chrono::steady_clock::now() < deadline) {
    if (docker_answers(settings.docker_socket)) return {};
    std::this_thread::sleep_for(50ms);
  }
  return fail(Errc::timed_out, text::cat("Docker was started but does not answer; see ", log));
}

Result<> clean(const Layout& layout, const Settings& settings) {
  Result<> outcome;
  const auto attempt = [&](Result<> done) {
    if (outcome && !done) outcome = std::move(done);
  };
  attempt(remove_containers(settings.docker_socket));
  attempt(remove_links());
  const auto proxy = text::cat(layout.programs, "/nodal-proxy");
  if (run({proxy, "--remove", "--cluster-dns", settings.cluster_dns, "--service-cidr",
           settings.service_cidr, "--cluster-cidr", settings.cluster_cidr},
          "/dev/null") != 0)
    attempt(fail(Errc::internal, text::cat("take the Services out of the kernel: run ", proxy,
                                           " --remove to see why")));
  for (const auto& addon : known_addons()) attempt(remove_addon(layout, addon.name));
  attempt(unmount_below(layout.state));
  for (const char* name : {"/10-nodal.conflist"}) attempt(file::remove(layout.cni_config + name));
  for (const auto& folder : {layout.state, layout.run, layout.log})
    attempt(file::remove_all(folder));
  return outcome;
}

}  // namespace nodal::nodectl
