// nodectl/cluster/host.cc — see host.h.
#include "nodectl/cluster/host.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/file.h"
#include "base/http/client.h"
#include "base/netlink/socket.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "nodectl/cluster/ports.h"
#include "nodectl/cluster/process.h"

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

}  // namespace

std::vector<Finding> examine(const Layout& layout, const Settings& settings,
                             const std::vector<PartState>& running) {
  std::vector<Finding> out;
  const auto look = [&](bool good, std::string what, std::string remedy) {
    out.push_back({good, std::move(what), std::move(remedy)});
  };
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
  for (const auto& port : ports_of(settings)) {
    if (std::ranges::find(running, port.part, &PartState::name) != running.end()) continue;
    const auto why = obstacle(port);
    look(why.empty(),
         text::cat(port.udp ? "UDP " : "TCP ", port.at.text(), " is free for the ", port.part),
         why);
  }
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

Result<> need_root(std::string_view why) {
  if (::geteuid() == 0) return {};
  return fail(Errc::forbidden, text::cat("run it with sudo: ", why));
}

bool answers(const std::string& socket, const std::string& path) {
  if (!file::exists(socket)) return false;
  http::ClientOptions options;
  options.address = text::cat("unix:", socket);
  options.connect_timeout = 2s;
  options.timeout = 5s;
  http::Request request;
  request.method = "GET";
  request.target = path;
  const auto answer = http::Client(options).send(request);
  return answer && answer->status == 200;
}

bool docker_answers(const std::string& socket) { return answers(socket, "/_ping"); }

Result<> start_docker(const Layout& layout, const Settings& settings) {
  const std::string dockerd = find_program("dockerd");
  if (dockerd.empty())
    return fail(Errc::not_found, "Docker is not installed; run: apt-get install docker.io");
  NODAL_TRY(file::make_folders(layout.log, 0750));
  std::string log = layout.log_of("docker");
  if (file::exists("/run/systemd/system")) {
    Subprocess start;
    start.program = find_program("systemctl");
    start.arguments = {"start", "docker"};
    const auto ended = NODAL_TRY(run_program(start));
    if (ended.exit_code != 0)
      return fail(Errc::unavailable,
                  text::cat("systemctl start docker: ", text::trim(ended.errors)));
    log = "journalctl -u docker";
  } else {
    if (!file::exists("/run/containerd/containerd.sock")) {
      const std::string containerd = find_program("containerd");
      if (containerd.empty())
        return fail(Errc::not_found,
                    "containerd is not installed; run: apt-get install containerd");
      NODAL_TRY(start_daemon({containerd}, log));
      for (int i = 0; i < 100 && !file::exists("/run/containerd/containerd.sock"); ++i)
        std::this_thread::sleep_for(50ms);
    }
    NODAL_TRY(start_daemon({dockerd, "--containerd=/run/containerd/containerd.sock", "-H",
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

}  // namespace nodal::nodectl
