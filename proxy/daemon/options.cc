// proxy/daemon/options.cc — see options.h.
#include "proxy/daemon/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>

namespace nodal::proxy {

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  auto& o = out.options;
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  o.node_name = host;
  std::string cluster_cidr = "10.244.0.0/16";
  std::string service_cidr = "10.96.0.0/16";
  std::vector<std::string> dns, upstreams;
  CLI::App app(
      "nodal-proxy — programs Services into nftables and answers the cluster's DNS on this node.");
  app.set_version_flag("--version", NODAL_VERSION);
  app.add_option("--kubeconfig", o.kubeconfig,
                 "File that says where the API server is and who we are to it; default "
                 "$KUBECONFIG, ~/.kube/config");
  app.add_option("--node-name", o.node_name, "Name of this node's Node object")
      ->capture_default_str();
  app.add_option("--cluster-cidr", cluster_cidr, "Range of all pods")->capture_default_str();
  app.add_option("--service-cidr", service_cidr, "Range of all cluster IPs")->capture_default_str();
  app.add_option("--cluster-dns", dns,
                 "Addresses on which this node answers the cluster's DNS; none: no DNS")
      ->delimiter(',');
  app.add_option("--cluster-domain", o.cluster_domain, "The cluster's DNS domain")
      ->capture_default_str();
  app.add_option("--upstream", upstreams,
                 "DNS servers (IP:PORT) for all other names; default: those of --resolv-conf")
      ->delimiter(',');
  app.add_option("--resolv-conf", o.resolv_conf, "Where upstream DNS servers are read from")
      ->capture_default_str();
  app.add_option("--health-listen", o.health_listen,
                 "Address of /healthz and /metrics; \"\" for none")
      ->capture_default_str();
  app.add_option("--debug-socket", o.debug_socket,
                 "Unix socket for `nodectl`: what is programmed; \"\" for none")
      ->capture_default_str();
  app.add_option(
         "--pod-addresses", o.pod_addresses,
         "Folder in which the agent says whose a pod's address is: the search paths of these "
         "pods are completed")
      ->capture_default_str();
  app.add_flag("--remove", o.remove,
               "Take everything that a proxy ever put into the kernel out again, then end");
  app.footer(
      "Example:\n  nodal-proxy --kubeconfig /var/lib/nodal/proxy.kubeconfig --cluster-dns "
      "10.96.0.10\n\nNeeds CAP_NET_ADMIN and the right to bind port 53.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    out.exit_code = app.exit(e);
    return out;
  }
  const auto refuse = [&](const std::string& flag, const std::string& value, const char* want) {
    std::fprintf(stderr, "nodal-proxy: %s: \"%s\" is no %s\n", flag.c_str(), value.c_str(), want);
    out.exit_code = 2;
  };
  if (const auto cidr = net::Cidr::parse(cluster_cidr)) {
    o.cluster_cidr = *cidr;
  } else {
    refuse("--cluster-cidr", cluster_cidr, "range such as 10.244.0.0/16");
  }
  if (const auto cidr = net::Cidr::parse(service_cidr)) {
    o.service_cidr = *cidr;
  } else {
    refuse("--service-cidr", service_cidr, "range such as 10.96.0.0/16");
  }
  for (const auto& text : dns) {
    if (const auto ip = net::IpAddress::parse(text)) {
      o.cluster_dns.push_back(*ip);
    } else {
      refuse("--cluster-dns", text, "IP address");
    }
  }
  for (const auto& text : upstreams) {
    if (const auto at = net::SocketAddress::parse(text)) {
      o.upstreams.push_back(*at);
    } else {
      refuse("--upstream", text, "address and port such as 192.0.2.1:53");
    }
  }
  return out;
}

}  // namespace nodal::proxy
