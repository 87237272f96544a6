// nodectl/cluster/removal.cc — see removal.h.
#include "nodectl/cluster/removal.h"

#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "base/file.h"
#include "base/netlink/socket.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "nodectl/cluster/addons.h"
#include "nodectl/cluster/host.h"

namespace nodal::nodectl {
namespace {

using namespace std::chrono_literals;

// Of the agent, the proxy or an addon: each knows best what it made.
Result<> run_remover(const Layout& layout, const char* name, std::vector<std::string> arguments,
                     std::chrono::milliseconds timeout) {
  Subprocess remove;
  remove.program = text::cat(layout.programs, "/", name);
  remove.arguments = std::move(arguments);
  remove.arguments.insert(remove.arguments.begin(), "--remove");
  remove.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  remove.timeout = timeout;
  const auto ended = run_program(remove);
  if (!ended) return wrap(text::cat(name, " --remove"), ended.error());
  if (ended->exit_code == 0) return {};
  return fail(Errc::internal, text::cat(name, " --remove: ", text::trim(ended->errors)));
}

Result<> remove_pods(const Layout& layout, const std::optional<Settings>& settings) {
  const auto socket = settings.value_or(Settings{}).docker_socket;
  if (docker_answers(socket))
    return run_remover(layout, "nodal-agent",
                       {"--docker-socket", socket, "--cni-conf-dir", layout.cni_config,
                        "--cni-bin-dir", layout.cni_programs()},
                       10min);
  if (!settings) return {};
  return fail(Errc::unavailable,
              text::cat("Docker does not answer on ", socket,
                        ", so containers of pods may be left in it; start it (systemctl start "
                        "docker), then run `nodectl delete` again"));
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

Result<> clean(const Layout& layout, const std::optional<Settings>& settings, Progress& progress) {
  const auto known = settings.value_or(Settings{});
  Result<> outcome;
  const auto step = [&](const char* what, const std::function<Result<>()>& remove) {
    progress.begin(what);
    auto done = remove();
    done ? progress.done() : progress.failed();
    if (outcome && !done) outcome = done;
    return done.has_value();
  };
  const bool no_pods =
      step("pods and their networks", [&] { return remove_pods(layout, settings); });
  step("links", remove_links);
  step("Services", [&] {
    return run_remover(layout, "nodal-proxy",
                       {"--cluster-dns", known.cluster_dns, "--service-cidr", known.service_cidr,
                        "--cluster-cidr", known.cluster_cidr},
                       30s);
  });
  for (const auto& addon : known_addons())
    step(addon.name.c_str(), [&] { return remove_addon(layout, addon.name); });
  step("mounts", [&] { return unmount_below(layout.state); });
  step("files", [&]() -> Result<> {
    NODAL_TRY(file::remove_all(layout.run));
    NODAL_TRY(file::remove_all(layout.log));
    if (no_pods) {
      // The agent's, also where no Docker was there to ask about pods.
      NODAL_TRY(file::remove(layout.cni_config + "/10-nodal.conflist"));
      return file::remove_all(layout.state);
    }
    // Which Docker it was, and how pods are attached.
    for (const auto& name : NODAL_TRY(file::list(layout.state)))
      if (name != "node.json" && name != "cni")
        NODAL_TRY(file::remove_all(text::cat(layout.state, "/", name)));
    return {};
  });
  return outcome;
}

}  // namespace nodal::nodectl
