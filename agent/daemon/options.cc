// agent/daemon/options.cc — see options.h.
#include "agent/daemon/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/net/address.h"
#include "base/text.h"

namespace nodal::agent {

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  auto& o = out.options;
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  o.node_name = text::lower(host);
  std::string bin_dirs = "/opt/cni/bin:/usr/lib/cni", labels;
  CLI::App app("nodal-agent — runs the pods of this node through Docker.");
  app.set_version_flag("--version", NODAL_VERSION);
  app.add_option("--kubeconfig", o.kubeconfig,
                 "File that says where the API server is and who we are to it; default "
                 "$KUBECONFIG, ~/.kube/config");
  app.add_option("--node-name", o.node_name, "Name of the Node object")->capture_default_str();
  app.add_option("--node-ip", o.node_ip, "Address of this node");
  app.add_option("--docker-socket", o.docker_socket, "Socket of the Docker Engine")
      ->capture_default_str();
  app.add_option("--root-dir", o.root_dir, "Folder of volumes and pod files")
      ->capture_default_str();
  app.add_option("--cni-conf-dir", o.cni_conf_dir, "Folder of CNI configurations")
      ->capture_default_str();
  app.add_option("--cni-bin-dir", bin_dirs, "Folders of CNI plugins, separated by colons")
      ->capture_default_str();
  app.add_option("--cluster-dns", o.cluster_dns, "DNS servers of the cluster, for pods")
      ->delimiter(',');
  app.add_option("--cluster-domain", o.cluster_domain, "The cluster's DNS domain")
      ->capture_default_str();
  app.add_option("--resolv-conf", o.resolv_conf,
                 "The node's own DNS settings, for pods with dnsPolicy Default")
      ->capture_default_str();
  app.add_option("--listen", o.listen, "Address that the API server calls; default NODE-IP:10250");
  app.add_option("--tls-cert", o.tls_cert, "Certificate for that");
  app.add_option("--tls-key", o.tls_key, "Its key");
  app.add_option("--client-ca", o.client_ca, "CA of the callers' certificates");
  app.add_option("--debug-socket", o.debug_socket,
                 "Unix socket that tells the last plan of each pod; \"\" for none")
      ->capture_default_str();
  app.add_option("--proxy-socket", o.proxy_socket,
                 "Unix socket of this node's nodal-proxy: a pod gets its stop signal once the "
                 "proxy sends it no "
                 "new connections; \"\" with another proxy")
      ->capture_default_str();
  app.add_option("--pod-addresses", o.pod_addresses,
                 "Folder in which the DNS of nodal-proxy finds whose a pod's address is; \"\" with "
                 "another proxy")
      ->capture_default_str();
  app.add_option("--max-pods", o.max_pods, "Most pods on this node")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  app.add_option("--image-gc-high-threshold", o.image_gc_high,
                 "Percent of the images' disk in use from which images that nobody uses are "
                 "removed; 100: never")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  app.add_option("--image-gc-low-threshold", o.image_gc_low,
                 "Percent in use down to which they are removed")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  app.add_option("--minimum-image-ttl", o.image_least_age,
                 "Seconds that an image is kept at least, used or not")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--register-labels", labels, "Labels of the Node object: key=value,…");
  app.add_flag(
      "--remove", o.remove,
      "Take all pods of this node away, with their networks and the network's configuration, "
      "and end");
  app.footer(
      "Example:\n  nodal-agent --kubeconfig agent.kubeconfig --node-ip 192.0.2.1 --cluster-dns "
      "10.96.0.10 \\\n"
      "    --tls-cert agent.crt --tls-key agent.key --client-ca ca.crt\n\nNeeds root. Ending the "
      "agent ends no container.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    out.exit_code = app.exit(e);
    return out;
  }
  const auto needed = [&](const char* flag, const std::string& value) {
    if (o.remove || !value.empty()) return;
    std::fprintf(stderr, "nodal-agent: %s is required\n", flag);
    out.exit_code = 2;
  };
  needed("--node-ip", o.node_ip);
  needed("--tls-cert", o.tls_cert);
  needed("--tls-key", o.tls_key);
  needed("--client-ca", o.client_ca);
  if (!o.node_ip.empty() && !net::IpAddress::parse(o.node_ip)) {
    std::fprintf(stderr, "nodal-agent: --node-ip: \"%s\" is no IP address\n", o.node_ip.c_str());
    out.exit_code = 2;
  }
  if (o.image_gc_low > o.image_gc_high) {
    std::fprintf(stderr,
                 "nodal-agent: --image-gc-low-threshold is above --image-gc-high-threshold; give a "
                 "smaller one\n");
    out.exit_code = 2;
  }
  for (const auto folder : text::split(bin_dirs, ':'))
    if (!folder.empty()) o.cni_bin_dirs.emplace_back(folder);
  for (const auto pair : text::split(labels, ',')) {
    const auto equals = pair.find('=');
    if (!pair.empty())
      o.labels[std::string(pair.substr(0, equals))] =
          equals == std::string_view::npos ? "" : std::string(pair.substr(equals + 1));
  }
  if (o.listen.empty())
    o.listen = text::cat(
        o.node_ip.find(':') == std::string::npos ? o.node_ip : text::cat("[", o.node_ip, "]"),
        ":10250");
  return out;
}

}  // namespace nodal::agent
