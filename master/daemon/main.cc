// master/daemon/main.cc — nodal-master: constructs everything, serves until told to stop.
#include <unistd.h>

#include <cstdio>

#include "api-client/client/client.h"
#include "api-client/client/kubeconfig.h"
#include "base/file.h"
#include "base/http/server.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/text.h"
#include "master/api/loopback.h"
#include "master/daemon/bootstrap.h"
#include "master/daemon/controllers.h"
#include "master/daemon/issue.h"
#include "master/daemon/options.h"
#include "master/daemon/parts.h"
#include "master/store/memory_kv.h"
#include "master/store/sqlite_kv.h"

namespace nodal::master {
namespace {

constexpr std::string_view kIssuer = "https://kubernetes.default.svc.cluster.local";

Result<std::unique_ptr<KvStore>> open_store(const Options& options) {
  if (options.store == "memory") return std::make_unique<MemoryKv>();
  SqliteKv::Options sqlite;
  sqlite.path = text::cat(options.data_dir, "/store.db");
  sqlite.seal =
      NODAL_TRY(Seal::open(text::cat(options.data_dir, "/secrets.key"), {"core/secrets/"}));
  return NODAL_TRY(SqliteKv::open(std::move(sqlite)));
}

Result<http::ServerTls> serving_keys(const Pki& pki, const Options& options,
                                     const net::IpAddress& service_ip, TimePoint now) {
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  const auto listen = net::SocketAddress::parse(options.listen);
  std::vector<std::string> hosts{"localhost",
                                 "127.0.0.1",
                                 "::1",
                                 "kubernetes",
                                 "kubernetes.default",
                                 "kubernetes.default.svc",
                                 "kubernetes.default.svc.cluster.local",
                                 service_ip.text(),
                                 options.advertise_address.text()};
  for (const std::string& extra : {std::string(host), listen ? listen->ip.text() : std::string()})
    if (!extra.empty() && extra != "0.0.0.0" && extra != "::" &&
        std::ranges::find(hosts, extra) == hosts.end())
      hosts.push_back(extra);
  const auto pair = NODAL_TRY(pki.keep("apiserver", {"kube-apiserver", {}, hosts, false}, now));
  return http::ServerTls{pair.certificate_pem, pair.key_pem, pki.ca_pem(), false};
}

// Signs the server's certificate anew when three quarters of its life are over.
void renew_later(Timers& timers, http::Server& server, const Pki& pki, const Options& options,
                 const net::IpAddress& service_ip, const Clock& clock,
                 const std::string& certificate) {
  const auto when = renew_after(certificate);
  if (!when) return;
  const auto delay = std::max<std::chrono::nanoseconds>(*when - clock.now(), std::chrono::hours(1));
  timers.after(delay, [&, service_ip] {
    const auto tls = serving_keys(pki, options, service_ip, clock.now());
    if (!tls) return log::error("renew the serving certificate", {{"error", tls.error().message}});
    if (const auto reloaded = server.reload(*tls); !reloaded)
      log::error("renew the serving certificate", {{"error", reloaded.error().message}});
    renew_later(timers, server, pki, options, service_ip, clock, tls->certificate_pem);
  });
}

Result<> run(const Options& options) {
  NODAL_TRY(file::make_folders(options.data_dir, 0700));
  const SystemClock clock;
  const auto pki = NODAL_TRY(Pki::open(text::cat(options.data_dir, "/pki"), clock.now()));
  const auto tokens = NODAL_TRY(
      Tokens::open(text::cat(options.data_dir, "/pki/service-accounts.key"), std::string(kIssuer)));
  const auto store = NODAL_TRY(open_store(options));

  ServiceAllocator services(
      {options.service_cidr, options.node_port_first, options.node_port_last});
  NODAL_TRY(restore_services(*store, services));
  const NodeFacts facts = node_facts(*store);
  const Authenticator authenticator(tokens, std::string(kIssuer), clock, still_bound(*store));
  const auto agent_client = NODAL_TRY(
      pki.keep("kubelet-client", {"kube-apiserver-kubelet-client", {"system:masters"}, {}, true},
               clock.now()));
  const Foundation foundation{*store, clock,    authenticator, facts,
                              tokens, services, pki.ca_pem(),  agent_client};

  auto parts = make_parts(foundation);
  const auto listen = net::SocketAddress::parse(options.listen);
  parts.advertise_address = net::SocketAddress{options.advertise_address, listen->port}.text();
  Api api(std::move(parts));

  const auto service_ip = options.service_cidr.base().plus(1);
  http::ServerOptions serve;
  serve.listen = options.listen;
  serve.threads = 2;
  serve.tls = NODAL_TRY(serving_keys(pki, options, service_ip, clock.now()));
  serve.refusal = [&api](int status) { return api.refusal(status); };
  const std::string certificate = serve.tls->certificate_pem;
  const auto server = NODAL_TRY(
      http::Server::start(serve, [&api](http::Request request, http::ResponderPtr responder) {
        api.serve(std::move(request), std::move(responder));
      }));
  renew_later(api.timers(), *server, pki, options, service_ip, clock, certificate);

  const net::SocketAddress served_at{options.advertise_address,
                                     static_cast<std::uint16_t>(server->port())};
  LoopbackTransport own(api,
                        Caller{"system:apiserver", {"system:masters", "system:authenticated"}, ""});
  NODAL_TRY(bootstrap(own, service_ip, served_at));

  const auto admin =
      NODAL_TRY(pki.keep("admin", {"kubernetes-admin", {"system:masters"}, {}, true}, clock.now()));
  client::ClusterAccess access;
  access.server = text::cat("https://", served_at.text());
  access.ca_pem = pki.ca_pem();
  access.certificate_pem = admin.certificate_pem;
  access.key_pem = admin.key_pem;
  NODAL_TRY(file::write(options.kubeconfig, client::render_kubeconfig(access, "nodal"), 0600));

  Controllers controllers(api, options.cluster_cidr, pki.ca_pem(), clock);
  api.set_ready();
  log::info("master ready",
            {{"listen", options.listen}, {"port", server->port()}, {"store", options.store}});

  std::stop_source stop;
  wait_for_stop_signal(stop);
  log::info("master stops");
  controllers.stop();
  server->stop(std::chrono::seconds(5));
  return {};
}

}  // namespace
}  // namespace nodal::master

int main(int count, char** arguments) {
  using namespace nodal;
  if (count > 1 && std::string_view(arguments[1]) == "issue-node")
    return master::issue_node(count - 1, arguments + 1);
  block_signals();
  tune_memory();
  const auto options = master::parse_options(count, arguments);
  if (!options) {
    std::fprintf(stderr, "nodal-master: %s\n", options.error().message.c_str());
    return 2;
  }
  if (!*options) return 0;
  if (const auto ran = master::run(**options); !ran) {
    log::error("master cannot run", {{"error", ran.error().message}});
    return 1;
  }
  return 0;
}
