// master/daemon/main.cc — nodal-master: constructs everything, serves until told to stop.
#include <unistd.h>

#include <cstdio>

#include "api-client/client/client.h"
#include "api-client/client/kubeconfig.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/http/server.h"
#include "base/log.h"
#include "base/loop/keyed_loop.h"
#include "base/loop/stop.h"
#include "base/memory.h"
#include "base/text.h"
#include "master/api/loopback.h"
#include "master/auth/keys.h"
#include "master/daemon/bootstrap.h"
#include "master/daemon/controllers.h"
#include "master/daemon/issue.h"
#include "master/daemon/options.h"
#include "master/daemon/parts.h"
#include "master/registry/object_store.h"
#include "master/store/expiry.h"
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

// The names and addresses under which the API is reached.
std::vector<std::string> hosts_of(const Options& options, const net::IpAddress& service_ip) {
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
  return hosts;
}

// As kube-apiserver's --event-ttl has it.
constexpr std::chrono::hours kEventLife{1};
constexpr std::chrono::minutes kEventLook{5};
// A certificate lives ninety days.
constexpr std::chrono::hours kRenewal{24};

Result<> renew(Keys& keys, http::Server& server, const std::string& kubeconfig,
               const std::string& address, TimePoint now) {
  if (NODAL_TRY(keys.renew(now))) NODAL_TRY(server.reload(keys.serving()));
  const auto wanted = keys.admin_kubeconfig(address);
  // Not written for nothing: a full disk must not keep the master from starting.
  if (file::read(kubeconfig).value_or("") == wanted) return {};
  return file::write(kubeconfig, wanted, 0600);
}

void renew_daily(Timers& timers, std::function<Result<>()> renewal) {
  timers.after(kRenewal, [&timers, renewal = std::move(renewal)]() mutable {
    if (auto done = renewal(); !done)
      log::error("renew the certificates", {{"error", done.error().message}});
    renew_daily(timers, std::move(renewal));
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
  const auto service_ip = options.service_cidr.base().plus(1);
  const auto keys = NODAL_TRY(Keys::open(pki, hosts_of(options, service_ip), clock.now()));
  std::unique_ptr<log::RotatedFile> audit;
  if (!options.audit_log.empty())
    audit = NODAL_TRY(
        log::RotatedFile::open(options.audit_log, options.audit_bytes, options.audit_files));
  const Foundation foundation{*store,   clock,        authenticator, facts, tokens,
                              services, pki.ca_pem(), audit.get(),   *keys};

  auto parts = make_parts(foundation);
  const auto listen = net::SocketAddress::parse(options.listen);
  parts.advertise_address = net::SocketAddress{options.advertise_address, listen->port}.text();
  Api api(std::move(parts));

  http::ServerOptions serve;
  serve.listen = options.listen;
  serve.threads = 2;
  serve.tls = keys->serving();
  serve.refusal = [&api](int status) { return api.refusal(status); };
  const auto server = NODAL_TRY(
      http::Server::start(serve, [&api](http::Request request, http::ResponderPtr responder) {
        api.serve(std::move(request), std::move(responder));
      }));

  const net::SocketAddress served_at{options.advertise_address,
                                     static_cast<std::uint16_t>(server->port())};
  LoopbackTransport own(api,
                        Caller{"system:apiserver", {"system:masters", "system:authenticated"}, ""});
  NODAL_TRY(bootstrap(own, service_ip, served_at));

  const auto renewal = [&, address = text::cat("https://", served_at.text())] {
    return renew(*keys, *server, options.kubeconfig, address, clock.now());
  };
  NODAL_TRY(renewal());
  renew_daily(api.timers(), renewal);

  Expiry expiry(*store, key_prefix(*schema::find_resource("", "v1", "events"), ""), kEventLife);
  KeyedLoop expiring({.name = "expiry"}, [&](const std::string&) -> Result<Again> {
    NODAL_TRY(expiry.run(clock.now()));
    return Again{kEventLook};
  });
  expiring.wake("events");

  Controllers controllers(api, own, {options.cluster_cidr, pki.ca_pem(), service_ip, served_at},
                          clock);
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
  raise_descriptor_limit();
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
