// master/daemon/options.cc — see options.h.
#include "master/daemon/options.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/text.h"

namespace nodal::master {
namespace {

constexpr const char* kHelp =
    "nodal-master: API server, controllers and scheduler in one process.\n"
    "\n"
    "  --data-dir DIR            store, keys and kubeconfig (/var/lib/nodal/master)\n"
    "  --listen ADDRESS:PORT     where the API is served (127.0.0.1:6443)\n"
    "  --store sqlite|memory     durable, or forgotten at the end (sqlite)\n"
    "  --service-cidr CIDR       addresses of Services (10.96.0.0/16)\n"
    "  --cluster-cidr CIDR       addresses of pods, a part for each node (10.244.0.0/16)\n"
    "  --node-port-range A-B     ports of NodePort Services (30000-32767)\n"
    "  --advertise-address IP    where pods and nodes reach the API (the listen address)\n"
    "  --kubeconfig FILE         the administrator's, written at start (DIR/admin.kubeconfig)\n"
    "  --audit-log-path FILE     who changed what, a JSON line each; \"\" for none "
    "(DIR/audit.log)\n"
    "  --audit-log-maxsize MB    of that file before it is rotated (50)\n"
    "  --audit-log-maxbackup N   rotated ones that are kept (3)\n"
    "  --version                 print the version\n"
    "\n"
    "  nodal-master issue-node --help    keys and kubeconfigs for a node\n";

constexpr std::string_view kFlags[] = {"data-dir",
                                       "listen",
                                       "store",
                                       "service-cidr",
                                       "cluster-cidr",
                                       "node-port-range",
                                       "advertise-address",
                                       "kubeconfig",
                                       "audit-log-path",
                                       "audit-log-maxsize",
                                       "audit-log-maxbackup"};

}  // namespace

Result<std::optional<Options>> parse_options(int count, char** arguments) {
  std::map<std::string, std::string> given{{"service-cidr", "10.96.0.0/16"},
                                           {"cluster-cidr", "10.244.0.0/16"}};
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      std::fputs(kHelp, stdout);
      return std::nullopt;
    }
    if (argument == "--version") {
      std::puts("nodal-master " NODAL_VERSION);
      return std::nullopt;
    }
    const auto equals = argument.find('=');
    const auto name = argument.substr(0, equals);
    if (!name.starts_with("--") || std::ranges::find(kFlags, name.substr(2)) == std::end(kFlags))
      return fail(Errc::invalid,
                  text::cat("unknown argument ", argument, "; --help lists the flags"));
    if (equals == std::string_view::npos && i + 1 == count)
      return fail(Errc::invalid, text::cat(argument, " needs a value"));
    given[std::string(name.substr(2))] = equals == std::string_view::npos
                                             ? std::string(arguments[++i])
                                             : std::string(argument.substr(equals + 1));
  }

  Options out;
  if (given.contains("data-dir")) out.data_dir = given["data-dir"];
  if (given.contains("listen")) out.listen = given["listen"];
  const auto listen = net::SocketAddress::parse(out.listen);
  if (!listen) return fail(Errc::invalid, text::cat("--listen ", out.listen, ": not ADDRESS:PORT"));
  if (given.contains("store")) out.store = given["store"];
  if (out.store != "sqlite" && out.store != "memory")
    return fail(Errc::invalid, text::cat("--store ", out.store, ": sqlite and memory are known"));
  const auto cidr = [&](const char* flag) -> Result<net::Cidr> {
    const auto parsed = net::Cidr::parse(given[flag]);
    if (!parsed || !parsed->base().is_v4() || parsed->prefix_length() < 8 ||
        parsed->prefix_length() > 28)
      return fail(Errc::invalid, text::cat("--", flag, " ", given[flag],
                                           ": an IPv4 range of /8 to /28 is needed"));
    return *parsed;
  };
  out.service_cidr = NODAL_TRY(cidr("service-cidr"));
  out.cluster_cidr = NODAL_TRY(cidr("cluster-cidr"));
  if (out.service_cidr.overlaps(out.cluster_cidr))
    return fail(Errc::invalid, "--service-cidr and --cluster-cidr overlap");
  if (given.contains("node-port-range")) {
    const std::string_view range = given["node-port-range"];
    const auto dash = range.find('-');
    const auto first = text::number<std::uint16_t>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos
                          ? std::nullopt
                          : text::number<std::uint16_t>(range.substr(dash + 1));
    if (!first || !last || *first == 0 || *first > *last)
      return fail(Errc::invalid,
                  text::cat("--node-port-range ", range, ": two ports FIRST-LAST are needed"));
    out.node_port_first = *first;
    out.node_port_last = *last;
  }
  out.audit_log = given.contains("audit-log-path") ? given["audit-log-path"]
                                                   : text::cat(out.data_dir, "/audit.log");
  const auto count_of = [&](const char* flag, std::size_t otherwise) -> Result<std::size_t> {
    if (!given.contains(flag)) return otherwise;
    const auto number = text::number<std::uint16_t>(given[flag]);
    if (!number || *number == 0)
      return fail(Errc::invalid, text::cat("--", flag, " ", given[flag], ": a number from 1 on"));
    return std::size_t{*number};
  };
  out.audit_bytes = NODAL_TRY(count_of("audit-log-maxsize", 50)) << 20;
  out.audit_files = NODAL_TRY(count_of("audit-log-maxbackup", 3));
  out.advertise_address = listen->ip;
  if (given.contains("advertise-address")) {
    const auto address = net::IpAddress::parse(given["advertise-address"]);
    if (!address || address->is_unspecified())
      return fail(Errc::invalid, text::cat("--advertise-address ", given["advertise-address"],
                                           ": not an IP address"));
    out.advertise_address = *address;
  } else if (listen->ip.is_unspecified()) {
    return fail(Errc::invalid, "--listen on all addresses needs --advertise-address");
  }
  out.kubeconfig = given.contains("kubeconfig") ? given["kubeconfig"]
                                                : text::cat(out.data_dir, "/admin.kubeconfig");
  return out;
}

}  // namespace nodal::master
