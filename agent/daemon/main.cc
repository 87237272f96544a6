// agent/daemon/main.cc — nodal-agent: constructs everything and waits.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "agent/daemon/options.h"
#include "agent/image/collector.h"
#include "agent/node/capacity.h"
#include "agent/node/network.h"
#include "agent/node/registrar.h"
#include "agent/pod/workers.h"
#include "agent/runtime/docker/runtime.h"
#include "agent/serve/server.h"
#include "api-client/client/kubeconfig.h"
#include "api-client/client/reflector.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop/file_watch.h"
#include "base/loop/stop.h"
#include "base/memory.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto kRelist = 300s;  // the slow look at everything; events do the rest
constexpr auto kOrderlyEnd = 3s;
constexpr auto kRewatch = 500ms;  // after the runtime's event stream broke

void sleep_for(std::chrono::nanoseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, time, [] { return false; });
}

// The node's own DNS settings, as pods may inherit them.
DnsConfig host_dns(const std::string& path) {
  DnsConfig out;
  const auto text = file::read(path, 1 << 16);
  if (!text) return out;
  for (const auto line : text::split(*text, '\n')) {
    std::vector<std::string> words;
    for (const auto word : text::split(text::trim(line), ' '))
      if (!word.empty()) words.emplace_back(word);
    if (words.size() < 2) continue;
    if (words[0] == "nameserver") out.servers.push_back(words[1]);
    if (words[0] == "search") out.searches.assign(words.begin() + 1, words.end());
    if (words[0] == "options") out.options.assign(words.begin() + 1, words.end());
  }
  return out;
}

void trim(core_v1::Pod& pod) { pod.metadata.managed_fields.clear(); }
void trim_service(core_v1::Service& service) {
  service.metadata.managed_fields.clear();
  service.metadata.annotations.clear();
}

Result<ServeOptions> serve_options(const Options& options) {
  ServeOptions serve;
  serve.listen = options.listen;
  serve.certificate_pem = NODAL_TRY(file::read(options.tls_cert, 1 << 20));
  serve.key_pem = NODAL_TRY(file::read(options.tls_key, 1 << 20));
  serve.client_ca_pem = NODAL_TRY(file::read(options.client_ca, 1 << 20));
  serve.debug_socket = options.debug_socket;
  return serve;
}

docker::DockerOptions runtime_options(const Options& options) {
  docker::DockerOptions out;
  out.address = text::cat("unix:", options.docker_socket);
  out.cni.config_folder = options.cni_conf_dir;
  out.cni.plugin_folders = options.cni_bin_dirs;
  out.cni.address_folder = options.pod_addresses;
  out.node_ips = {options.node_ip};
  return out;
}

Result<> remove_everything(const Options& options) {
  const auto pods = docker::DockerRuntime(runtime_options(options)).clear();
  const auto network = remove_network(options.cni_conf_dir, kMadeFolders);
  return pods ? network : pods;
}

Result<> run(const Options& options) {
  const auto api =
      std::make_shared<client::Client>(NODAL_TRY(client::connect_following(options.kubeconfig)),
                                       text::cat("nodal-agent/", NODAL_VERSION));
  NODAL_TRY(file::make_folders(options.root_dir, 0755));
  const SystemClock clock;

  docker::DockerRuntime runtime(runtime_options(options));

  const auto capacity = read_capacity(options.root_dir);
  const NodeFactsForPods facts{options.node_name, options.node_ip, capacity.cpus * 1000,
                               allocatable_memory(capacity), capacity.disk_bytes};
  const auto dns = [&options] {
    return DnsSettings{options.cluster_dns, options.cluster_domain, host_dns(options.resolv_conf)};
  };
  client::EventRecorder events(api, "kubelet", options.node_name);
  client::Mirror<core_v1::Pod> pods;
  client::Mirror<core_v1::Service> services;
  client::Mirror<core_v1::Node> nodes;
  Volumes volumes(options.root_dir, api, facts, clock);
  const DrainGate gate(options.proxy_socket);
  PodWorkers workers(
      {runtime, api, events, pods, services, nodes, volumes, facts, dns, gate, clock});
  pods.on_synced([&workers] { workers.relist(); });

  const auto server = NODAL_TRY(AgentServer::start(NODAL_TRY(serve_options(options)), runtime, pods,
                                                   [&workers] { return workers.plans(); }));
  const auto keys = NODAL_TRY(
      FileWatch::start({options.tls_cert, options.tls_key, options.client_ca}, [&options, &server] {
        const auto reload = [&]() -> Result<> {
          return server->reload(NODAL_TRY(serve_options(options)));
        };
        const auto renewed = reload();
        if (renewed) return log::info("took the new serving keys");
        log::warn("the serving keys changed but cannot be used; going on with the old ones",
                  {{"error", renewed.error().message}});
      }));

  NodeOptions node;
  node.name = options.node_name;
  node.ip = options.node_ip;
  node.root_folder = options.root_dir;
  node.max_pods = options.max_pods;
  node.labels = options.labels;
  if (const auto at = net::SocketAddress::parse(options.listen)) node.agent_port = at->port;
  const auto network = [&options, &runtime](const core_v1::Node& seen) {
    auto why = ensure_network(options.cni_conf_dir, options.cni_bin_dirs, seen.spec.pod_cidr,
                              kMadeFolders);
    if (const auto ready = why.empty() ? runtime.network_status() : Result<>(); !ready)
      why = text::cat("container runtime network not ready: network plugin not ready: ",
                      ready.error().message);
    return why;
  };
  Registrar registrar(node, api, runtime, clock, events, network);

  // The range of pod addresses arrives in our own Node.
  nodes.on_change([&registrar](const client::Change<core_v1::Node>& change) {
    if (change.after &&
        (!change.before || change.before->spec.pod_cidr != change.after->spec.pod_cidr ||
         change.before->spec.unschedulable != change.after->spec.unschedulable))
      registrar.wake();
  });
  const client::Reflector<core_v1::Node> node_feed(
      api, nodes, {.field_selector = text::cat("metadata.name=", options.node_name)});
  const client::Reflector<core_v1::Service> service_feed(api, services, {.trim = trim_service});
  const client::Reflector<core_v1::Pod> pod_feed(
      api, pods, {.field_selector = text::cat("spec.nodeName=", options.node_name), .trim = trim});

  const ImageCollector collector(
      {options.image_gc_high, options.image_gc_low, std::chrono::seconds(options.image_least_age)},
      runtime, pods, clock, [&](std::string_view reason, std::string_view message) {
        // The uid of a node's own events is its name: that is how kubectl finds them.
        events.record({"v1", "Node", "", options.node_name, options.node_name, "", ""},
                      client::EventType::warning, reason, message);
      });

  const std::jthread watcher([&](std::stop_token stop) {
    name_thread("runtime-watch");
    bool was_up = true;
    while (!stop.stop_requested()) {
      const auto ended = runtime.watch(
          [&](const RuntimeEvent& event) {
            if (event.pod_uid.empty()) {
              workers.relist();
            } else {
              workers.wake_uid(event.pod_uid);
            }
          },
          stop);
      if (stop.stop_requested()) return;
      const bool up = runtime.version().has_value();
      if (was_up && !up)
        log::warn("the container runtime is away",
                  {{"error", ended ? "its event stream ended" : ended.error().message}});
      if (was_up != up) registrar.wake();
      if (up) workers.relist();  // what was missed between two streams
      was_up = up;
      sleep_for(kRewatch, stop);
    }
  });
  const std::jthread relister([&](std::stop_token stop) {
    name_thread("relist");
    std::minstd_rand random{std::random_device{}()};
    while (!stop.stop_requested()) {
      sleep_for(kRelist + std::chrono::seconds(random() % 60), stop);
      if (!stop.stop_requested()) workers.relist();
    }
  });
  log::info("nodal-agent is up", {{"version", NODAL_VERSION},
                                  {"node", options.node_name},
                                  {"kubeconfig", options.kubeconfig}});
  std::stop_source stop;
  wait_for_stop_signal(stop);
  log::info("nodal-agent ends; pods go on running");
  // A pod that ends may hold its worker for its whole grace. Nothing is lost by going: the next
  // start finds the pod where it is, as after a kill.
  static const std::jthread last([](const std::stop_token& over) {
    sleep_for(kOrderlyEnd, over);
    if (!over.stop_requested()) std::_Exit(0);
  });
  return {};
}

}  // namespace
}  // namespace nodal::agent

int main(int argc, char** argv) {
  nodal::block_signals();
  nodal::raise_descriptor_limit();
  nodal::tune_memory();
  const auto parsed = nodal::agent::parse_options(argc, argv);
  if (parsed.exit_code >= 0) return parsed.exit_code;
  const auto done = parsed.options.remove ? nodal::agent::remove_everything(parsed.options)
                                          : nodal::agent::run(parsed.options);
  if (!done) {
    nodal::log::error("nodal-agent cannot go on", {{"error", done.error().message}});
    return 1;
  }
  return 0;
}
