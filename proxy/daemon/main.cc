// proxy/daemon/main.cc — nodal-proxy: constructs everything and waits.

#include <netinet/in.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "api-client/client/feed.h"
#include "api-client/client/kubeconfig.h"
#include "api-client/client/reflector.h"
#include "api-client/codec/codec.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/http/server.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/memory.h"
#include "base/net/pod_addresses.h"
#include "base/netlink/conntrack.h"
#include "base/text.h"
#include "proxy/daemon/options.h"
#include "proxy/dns/resolv_conf.h"
#include "proxy/dns/server.h"
#include "proxy/host/health_ports.h"
#include "proxy/host/local_network.h"
#include "proxy/host/taken_ports.h"
#include "proxy/nft/dataplane.h"
#include "proxy/nft/host_gate.h"
#include "proxy/nft/table_watch.h"
#include "proxy/service_table.h"
#include "proxy/sync_loop.h"
#include "proxy/udp_flows.h"

namespace nodal::proxy {
namespace {

// The node's own view of itself, from its Node object.
NodeView view_of(const core_v1::Node& node, const Options& options) {
  NodeView view;
  view.name = node.metadata.name;
  for (const auto& address : node.status.addresses)
    if (address.type == "InternalIP" || address.type == "ExternalIP")
      if (const auto ip = net::IpAddress::parse(address.address)) view.addresses.push_back(*ip);
  for (const auto& text : node.spec.pod_cidrs)
    if (const auto cidr = net::Cidr::parse(text)) view.pod_cidrs.push_back(*cidr);
  view.cluster_cidrs = {options.cluster_cidr};
  view.service_cidrs = {options.service_cidr};
  return view;
}

std::string metrics_text(const SyncLoop& loop, const ServiceTable& table,
                         const dns::Server* server) {
  const auto sync = loop.figures();
  std::string out;
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help,
                       std::uint64_t value) {
    out += text::cat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n", name, " ",
                     value, "\n");
  };
  add("nodal_proxy_services", "gauge", "Services in the snapshot.",
      table.snapshot().read()->size());
  add("nodal_proxy_syncs_total", "counter", "Syncs of the dataplane.", sync.syncs);
  add("nodal_proxy_full_syncs_total", "counter", "Of those, syncs of everything.", sync.full_syncs);
  add("nodal_proxy_sync_failures_total", "counter", "Of those, failed ones.", sync.failures);
  add("nodal_proxy_last_sync_microseconds", "gauge", "How long the last sync took.",
      static_cast<std::uint64_t>(sync.last.count()));
  if (server != nullptr) {
    const auto dns = server->figures();
    add("nodal_dns_listening", "gauge", "1 when the cluster's DNS has all its addresses.",
        server->complaint().empty() ? 1 : 0);
    add("nodal_dns_queries_total", "counter", "DNS queries.", dns.queries);
    add("nodal_dns_cluster_answers_total", "counter", "Answered from the cluster.",
        dns.cluster_answers);
    add("nodal_dns_completed_total", "counter",
        "Search paths completed for pods: each saved further queries.", dns.completed);
    add("nodal_dns_forwarded_total", "counter", "Asked upstream.", dns.forwarded);
    add("nodal_dns_cache_hits_total", "counter", "Answered from the cache.", dns.cache_hits);
    add("nodal_dns_stale_answers_total", "counter",
        "Answered with stale data as upstream was away.", dns.stale_answers);
    add("nodal_dns_upstream_failures_total", "counter", "Questions that no upstream answered.",
        dns.upstream_failures);
  }
  return out;
}

// The pod that a question is about: ?pod=NAMESPACE/NAME.
std::optional<std::string> pod_of(std::string_view target) {
  const auto question = target.find('?');
  if (question == std::string_view::npos) return std::nullopt;
  const auto query = http::parse_query(target.substr(question + 1));
  if (!query) return std::nullopt;
  for (const auto& [key, value] : *query)
    if (key == "pod" && value.contains('/')) return value;
  return std::nullopt;
}

// Answers once no new connection reaches the pod: an agent that ends it waits for this before the
// signal.
void tell_when_drained(SyncLoop& sync, const std::string& pod,
                       const http::ResponderPtr& responder) {
  const auto here = std::make_shared<std::atomic<bool>>(true);
  responder->on_gone([here] { *here = false; });
  sync.when_drained(
      pod, [here] { return here->load(); },
      [responder] {
        http::Response response;
        response.append("drained\n");
        responder->send(std::move(response));
      });
}

void forget_stale(const Synced& synced) {
  const auto flows = udp_flows(synced);
  if (!flows) return;
  const auto removed = netlink::forget_flows(IPPROTO_UDP, [&](const netlink::TrackedFlow& flow) {
    return flows->is_stale(flow.to, flow.by);
  });
  if (!removed)
    log::warn("UDP flows to endpoints that are gone stay", {{"error", removed.error().message}});
}

// A nodePort is taken from whoever listens there; not without a word.
void say_taken(const Synced& synced) {
  for (const auto& [protocol, port, service] : new_node_ports(synced))
    for (const auto& ip : synced.node.addresses)
      if (is_taken(protocol, {ip, port}))
        log::warn("a program of this host listens on a nodePort and is not reached there any more",
                  {{"service", service},
                   {"address", net::SocketAddress{ip, port}.text()},
                   {"protocol", name(protocol)}});
}

nft::HostGate::Options gate_options(const Options& options) {
  return {{options.cluster_cidr}, options.cluster_dns};
}

// Of whole objects only what is served stays in memory.
template <class Record, class Read>
client::Watcher::Callbacks records(client::Mirror<Record>& mirror, Read read_object) {
  return client::feed<Record>(
      mirror,
      [read_object](const boost::json::value& value) -> Result<std::shared_ptr<const Record>> {
        return std::make_shared<const Record>(NODAL_TRY(read_object(value)));
      });
}

Result<> remove_everything(const Options& options) {
  auto dataplane = NODAL_TRY(nft::NftDataplane::open({.dns = options.cluster_dns}));
  NODAL_TRY(dataplane->remove());
  NODAL_TRY(nft::HostGate(NODAL_TRY(nft::Applier::open()), gate_options(options)).close());
  return LocalNetwork::remove(options.cluster_dns, options.service_cidr);
}

Result<> run(const Options& options) {
  const auto api =
      std::make_shared<client::Client>(NODAL_TRY(client::connect_following(options.kubeconfig)),
                                       text::cat("nodal-proxy/", NODAL_VERSION));

  NODAL_TRY(LocalNetwork::enable_forwarding(options.cluster_cidr.base().is_v6()));
  NODAL_TRY(LocalNetwork::add_addresses(options.cluster_dns));
  std::mutex gate_mutex;
  auto gate = nft::HostGate(NODAL_TRY(nft::Applier::open()), gate_options(options));
  const auto said = [](const Result<>& opened) {
    if (!opened)
      log::warn("the cluster's traffic may be dropped by the host's firewall",
                {{"error", opened.error().message}});
  };
  said(gate.open());

  SyncLoop* loop = nullptr;
  ServiceTable table([&loop] {
    if (loop != nullptr) loop->wake();
  });
  HealthPorts health_ports(
      [&table](const std::string& key) { return table.snapshot().read()->find(key); });
  SyncLoop sync(table, NODAL_TRY(nft::NftDataplane::open({.dns = options.cluster_dns})),
                [&](const Synced& synced) {
                  forget_stale(synced);
                  health_ports.follow(synced);
                  say_taken(synced);
                  const std::lock_guard lock(gate_mutex);
                  said(gate.follow(synced));
                });
  loop = &sync;

  const auto watch = NODAL_TRY(
      nft::TableWatch::start({"nodal", "filter"}, [&](const std::set<std::string>& touched) {
        if (touched.empty()) sync.verify();
        if (touched.contains("nodal")) sync.reload();
        if (!touched.empty() && !touched.contains("filter")) return;
        const std::lock_guard lock(gate_mutex);
        said(gate.open());
      }));

  client::Mirror<core_v1::Node> nodes;
  nodes.on_change([&](const client::Change<core_v1::Node>& change) {
    if (!change.after) return;  // keep what we know: our own node is not gone while we run
    auto view = view_of(*change.after, options);
    if (view.addresses.empty()) return;
    if (auto routed = LocalNetwork::add_service_route(options.service_cidr, view.addresses.front());
        !routed)
      log::warn("no route to the Services' range", {{"error", routed.error().message}});
    sync.set_node(std::move(view));
  });

  std::unique_ptr<dns::Server> server;
  if (!options.cluster_dns.empty()) {
    dns::ServerOptions dns_options;
    for (const auto& ip : options.cluster_dns) dns_options.listen.push_back({ip, 53});
    dns_options.zone.domain = dns::normalize(options.cluster_domain);
    dns_options.zone.reverse = {options.cluster_cidr, options.service_cidr};
    dns_options.zone.servers = options.cluster_dns;
    dns_options.namespace_of = [addresses = net::PodAddresses(options.pod_addresses)](
                                   const net::IpAddress& ip) { return addresses.namespace_of(ip); };
    dns_options.upstreams = options.upstreams;
    if (const auto text = file::read(options.resolv_conf, 1 << 16)) {
      if (dns_options.upstreams.empty())
        dns_options.upstreams = dns::nameservers(*text, options.cluster_dns);
      dns_options.zone.searches = dns::search_domains(*text);
    }
    server = dns::Server::start(std::move(dns_options), table.snapshot());
  }

  const auto answer = [&](const http::Request& request, const http::ResponderPtr& responder,
                          bool local) {
    http::Response response;
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    const auto path = request.target.substr(0, request.target.find('?'));
    if (path == "/drained" && local && request.method == "GET") {
      if (const auto pod = pod_of(request.target)) return tell_when_drained(sync, *pod, responder);
      response.status = 400;
      response.append("/drained?pod=NAMESPACE/NAME\n");
      return responder->send(std::move(response));
    }
    if (request.method != "GET") {
      response.status = 405;
    } else if (path == "/healthz" || path == "/livez" || path == "/readyz") {
      response.status = sync.has_synced() ? 200 : 503;
      response.append(sync.has_synced() ? "ok\n" : "the dataplane is not loaded yet\n");
      // Services go on without it, so it makes nobody restart us.
      if (const auto complaint = server ? server->complaint() : ""; !complaint.empty())
        response.append(text::cat("the cluster's DNS: ", complaint, "\n"));
    } else if (path == "/metrics") {
      response.append(metrics_text(sync, table, server.get()));
    } else if (path == "/dump" && local) {
      auto dump = sync.dump();
      response.status = dump ? 200 : 500;
      response.append(dump ? *dump : dump.error().message + "\n");
    } else {
      response.status = 404;
    }
    responder->send(std::move(response));
  };
  std::unique_ptr<http::Server> health, debug;
  if (!options.health_listen.empty())
    health =
        NODAL_TRY(http::Server::start({.listen = options.health_listen},
                                      [&](http::Request request, http::ResponderPtr responder) {
                                        answer(request, responder, false);
                                      }));
  if (!options.debug_socket.empty()) {
    NODAL_TRY(
        file::make_folders(options.debug_socket.substr(0, options.debug_socket.rfind('/')), 0755));
    debug = NODAL_TRY(http::Server::start({.listen = text::cat("unix:", options.debug_socket)},
                                          [&](http::Request request, http::ResponderPtr responder) {
                                            answer(request, responder, true);
                                          }));
  }

  const client::Reflector<core_v1::Node> node_feed(
      api, nodes, {.field_selector = text::cat("metadata.name=", options.node_name)});
  const client::Watcher service_feed(
      api, core_v1::Service::kResource, {},
      records(
          table.services(), [&options](const boost::json::value& value) -> Result<ServiceRecord> {
            return read(NODAL_TRY(codec::decode<core_v1::Service>(value)), {options.service_cidr});
          }));
  const client::Watcher slice_feed(
      api, discovery_v1::EndpointSlice::kResource, {},
      records(table.slices(), [&options](const boost::json::value& value) -> Result<SliceRecord> {
        return read(NODAL_TRY(codec::decode<discovery_v1::EndpointSlice>(value)),
                    options.node_name);
      }));
  log::info("nodal-proxy is up", {{"version", NODAL_VERSION},
                                  {"node", options.node_name},
                                  {"kubeconfig", options.kubeconfig}});

  std::stop_source stop;
  wait_for_stop_signal(stop);
  // What is programmed stays: connections go on while a new proxy starts.
  log::info("nodal-proxy ends; Services stay as they are");
  return {};
}

}  // namespace
}  // namespace nodal::proxy

int main(int argc, char** argv) {
  nodal::block_signals();
  nodal::raise_descriptor_limit();
  nodal::tune_memory();
  const auto parsed = nodal::proxy::parse_options(argc, argv);
  if (parsed.exit_code >= 0) return parsed.exit_code;
  const auto done = parsed.options.remove ? nodal::proxy::remove_everything(parsed.options)
                                          : nodal::proxy::run(parsed.options);
  if (!done) {
    nodal::log::error("nodal-proxy cannot go on", {{"error", done.error().message}});
    return 1;
  }
  return 0;
}
