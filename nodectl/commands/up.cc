// nodectl/commands/up.cc — up: from a host to a node that is Ready.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "api-client/client/kubeconfig.h"
#include "base/file.h"
#include "base/text.h"
#include "gen/coordination_v1.h"
#include "gen/core_v1.h"
#include "nodectl/cluster/await.h"
#include "nodectl/cluster/daemons.h"
#include "nodectl/cluster/host.h"
#include "nodectl/cluster/keys.h"
#include "nodectl/cluster/readiness.h"
#include "nodectl/cluster/user_kubeconfig.h"
#include "nodectl/commands.h"
#include "nodectl/context.h"
#include "nodectl/progress.h"

namespace nodal::nodectl {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto kReady = 60s;
constexpr int kShownLines = 5;

struct UpOptions {
  Settings settings;         ///< empty strings: found out
  bool start_docker = true;  ///< when it is installed and does not run
};

// The Service by which pods find DNS; the proxy answers on its address itself.
Result<> ensure_dns_service(client::Client& client, const Settings& settings) {
  const auto there = client.get<core_v1::Service>("kube-system", "kube-dns");
  if (there || there.error().code != Errc::not_found)
    return there ? Result<>{} : wrap("look for the DNS Service", there.error());
  core_v1::Service dns;
  dns.metadata.namespace_ = "kube-system";
  dns.metadata.name = "kube-dns";
  dns.metadata.labels = {{"k8s-app", "kube-dns"},
                         {"kubernetes.io/cluster-service", "true"},
                         {"kubernetes.io/name", "CoreDNS"}};
  dns.spec.cluster_ip = settings.cluster_dns;
  for (const char* protocol : {"UDP", "TCP"}) {
    core_v1::ServicePort port;
    port.name = protocol == std::string_view("UDP") ? "dns" : "dns-tcp";
    port.protocol = protocol;
    port.port = 53;
    port.target_port = IntOrString{53};
    dns.spec.ports.push_back(std::move(port));
  }
  auto created = client.create(dns);
  if (!created && created.error().code != Errc::already_exists)
    return wrap("create the DNS Service", created.error());
  return {};
}

// The last lines of a log.
std::string end_of_log(const std::string& path) {
  constexpr std::streamoff kMost = 8 << 10;
  std::ifstream log(path);
  log.seekg(0, std::ios::end);
  const std::streamoff size = log.tellg();
  if (size <= 0) return text::cat("\n", path, " is empty");
  log.seekg(std::max<std::streamoff>(size - kMost, 0));
  const std::string bytes{std::istreambuf_iterator<char>(log), {}};
  const auto lines = text::split(text::trim(bytes), '\n');
  std::string out = text::cat("\n", path, " ends with:");
  for (auto i = lines.size() - std::min<std::size_t>(lines.size(), kShownLines); i < lines.size();
       ++i)
    out += text::cat("\n  ", printable(lines[i]));
  return out;
}

// What the command line says, what was said before, and what the host says, in this order.
Result<Settings> settle(const Layout& where, const Settings& wanted, bool running) {
  Settings out = wanted;
  if (const auto before = read_settings(where))
    out = NODAL_TRY(continue_with(*before, wanted, running));
  if (out.node_name.empty()) {
    char host[256] = "node";
    ::gethostname(host, sizeof host - 1);
    out.node_name = text::lower(host);
  }
  if (out.node_ip.empty()) out.node_ip = NODAL_TRY(own_address());
  NODAL_TRY(check_settings(out));
  return out;
}

// Waits for a node while its parts are looked at: one that keeps ending is told at once.
class Start {
 public:
  Start(const Layout& where, const Settings& settings)
      : where_(where), settings_(settings), before_(parts()) {}

  Result<> api_server() {
    return wait([&]() -> Result<std::optional<Missing>> {
      if (!client_) {
        const auto access = NODAL_TRY(client::load_kubeconfig(where_.admin_kubeconfig()));
        client_ = std::make_unique<client::Client>(NODAL_TRY(client::connect(access)),
                                                   text::cat("nodectl/", NODAL_VERSION));
      }
      NODAL_TRY(client_->get_text("/readyz"));
      return std::nullopt;
    });
  }

  Result<> node() {
    return wait([&]() -> Result<std::optional<Missing>> {
      NodeSigns signs;
      signs.parts = parts();
      const auto node = client_->get<core_v1::Node>("", settings_.node_name);
      if (!node && node.error().code == Errc::not_found)
        return Missing{"agent",
                       text::cat("the agent has not registered the node ", settings_.node_name)};
      if (!node) return std::unexpected(node.error());
      for (const auto& condition : node->status.conditions)
        if (condition.type == "Ready") {
          signs.ready = condition.status == "True";
          signs.unready_because = condition.message;
          signs.told = condition.last_heartbeat_time;
        }
      if (const auto lease =
              client_->get<coordination_v1::Lease>("kube-node-lease", settings_.node_name))
        signs.reported = lease->spec.renew_time;
      signs.proxy_ready = answers(where_.proxy_socket(), "/readyz");
      return missing_of(signs, SystemClock().now());
    });
  }

  [[nodiscard]] client::Client& client() { return *client_; }

 private:
  // In the order of the settings; one that was never started is among them.
  [[nodiscard]] std::vector<PartState> parts() const {
    const auto known = read_parts(where_).value_or(std::vector<PartState>{});
    std::vector<PartState> out;
    for (const auto& part : parts_of(where_, settings_)) {
      const auto at = std::ranges::find(known, part.name, &PartState::name);
      out.push_back(at == known.end() ? PartState{.name = part.name} : *at);
      if (!is_running(out.back())) out.back().pid = 0;
    }
    return out;
  }

  template <class Look>
  Result<> wait(Look look) {
    std::string part = "master";  // whose log says why there is no answer
    const auto done = await(kReady, [&]() -> Result<> {
      if (const auto ending = hopeless_part(before_, parts())) {
        part = ending->name;
        return fail(Errc::gone, text::cat("the ", part, " keeps ending (", ending->last_exit, ")"));
      }
      const auto missing = NODAL_TRY(look());
      if (!missing) return {};
      part = missing->part;
      return fail(Errc::unavailable, missing->what);
    });
    if (done) return {};
    return fail(Errc::unavailable,
                text::cat(done.error().message, end_of_log(where_.log_of(part))));
  }

  const Layout& where_;
  const Settings& settings_;
  const std::vector<PartState> before_;
  std::unique_ptr<client::Client> client_;
};

Result<> look_at_host(const Layout& where, const Settings& settings) {
  std::string lacking;
  for (const auto& finding : examine(where, settings, running_parts(where)))
    if (!finding.good)
      lacking += text::cat("\n  ", bad("✗"), " not so: ", finding.what, " — ", finding.remedy);
  if (lacking.empty()) return {};
  return fail(Errc::unavailable, text::cat("this host lacks something:", lacking));
}

Result<int> up(const UpOptions& options) {
  NODAL_TRY(need_root("a node programs the kernel"));
  const auto where = NODAL_TRY(layout());
  const auto settings = NODAL_TRY(
      settle(where, options.settings, supervisor_pid(where) != 0 || !running_parts(where).empty()));

  const auto started = Steady::now();
  Progress progress(Progress::Shown::everywhere);
  std::puts(
      text::cat("Nodal ", NODAL_VERSION, " on ", settings.node_name, " (", settings.node_ip, ")")
          .c_str());
  if (options.start_docker && !docker_answers(settings.docker_socket)) {
    progress.begin("start Docker");
    NODAL_TRY(start_docker(where, settings));
    progress.done();
  }
  progress.begin("look at the host");
  NODAL_TRY(look_at_host(where, settings));
  progress.done();

  for (const auto& [folder, mode] : {std::pair{where.state, 0711},
                                     {where.run, 0755},
                                     {where.log, 0750},
                                     {where.state + "/pki", 0700}})
    NODAL_TRY(file::make_folders(folder, static_cast<mode_t>(mode)));
  NODAL_TRY(write_settings(where, settings));
  progress.begin("keys and kubeconfigs");
  NODAL_TRY(issue_keys(where, settings));
  progress.done();

  Start start(where, settings);
  const bool running = supervisor_pid(where) != 0;
  progress.begin(running ? "the parts run already" : "start master, agent and proxy");
  if (!running) NODAL_TRY(start_supervisor(where));
  progress.done();
  progress.begin("API server");
  if (auto ready = start.api_server(); !ready)
    return wrap("the API server does not become ready", ready.error());
  progress.done(api_server(settings));
  NODAL_TRY(ensure_dns_service(start.client(), settings));
  progress.begin("node");
  if (auto ready = start.node(); !ready)
    return wrap("the node does not become ready", ready.error());
  progress.done("Ready");
  NODAL_TRY(join_user_kubeconfig(where));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - started).count();
  std::puts(text::cat("The cluster is up after ", took, " ms. kubectl uses it: context \"",
                      kContext, "\" in ", user_kubeconfig(), ".")
                .c_str());
  return 0;
}

}  // namespace

Command up_command() {
  const auto options = std::make_shared<UpOptions>();
  auto& settings = options->settings;
  const auto flag = [](std::string names, std::string value, std::string help, std::string& to) {
    if (!to.empty()) help += text::cat(" (", to, ")");
    return Flag{.names = std::move(names),
                .value = std::move(value),
                .help = std::move(help),
                .target = &to};
  };
  const auto no_docker = std::make_shared<bool>(false);
  return {
      .name = "up",
      .help = "Start the cluster of this node, or what of it does not run",
      .group = kClusterGroup,
      .flags = {flag("--node-name", "NAME", "Name of the node; default: the host's",
                     settings.node_name),
                flag("--node-ip", "IP",
                     "Address of the node; default: that of the default route's interface",
                     settings.node_ip),
                flag("--listen", "ADDRESS:PORT", "Where the API server listens", settings.listen),
                flag("--docker-socket", "PATH", "Docker's socket", settings.docker_socket),
                flag("--service-cidr", "CIDR", "Range of cluster IPs", settings.service_cidr),
                flag("--cluster-cidr", "CIDR", "Range of pods", settings.cluster_cidr),
                flag("--cluster-dns", "IP", "Address of the cluster's DNS", settings.cluster_dns),
                {.names = "--no-start-docker",
                 .help = "Do not start Docker when it does not run",
                 .target = no_docker.get()}},
      .examples = {"nodectl up", "nodectl up --node-name node1 --node-ip 192.0.2.1",
                   "nodectl up --listen 0.0.0.0:7443 --service-cidr 10.97.0.0/16 --cluster-dns "
                   "10.97.0.10"},
      .run =
          [options, no_docker] {
            options->start_docker = !*no_docker;
            return up(*options);
          },
      .own = true};
}

}  // namespace nodal::nodectl
