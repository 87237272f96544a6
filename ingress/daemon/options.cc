// ingress/daemon/options.cc — see options.h.
#include "ingress/daemon/options.h"

#include <CLI/CLI.hpp>

namespace nodal::ingress {

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  auto& o = out.options;
  CLI::App app(
      "nodal-ingress — brings HTTP from outside to Services as Ingresses say, through nginx.");
  app.set_version_flag("--version", NODAL_VERSION);
  app.add_option("--kubeconfig", o.kubeconfig,
                 "File that says where the API server is and who we are to it; default "
                 "$KUBECONFIG, ~/.kube/config");
  app.add_option("--node-ip", o.node_ip, "Address that Ingresses tell their users");
  app.add_option("--folder", o.folder, "Configuration, certificates and pid file of nginx")
      ->capture_default_str();
  app.add_option("--error-log", o.error_log, "Where nginx writes what goes wrong")
      ->capture_default_str();
  app.add_option("--nginx", o.nginx, "The program")->capture_default_str();
  app.add_option("--user", o.user, "Who nginx's workers run as; \"\" as its master")
      ->capture_default_str();
  app.add_option("--ingress-class", o.ingress_class,
                 "IngressClass that is made when it is not there; \"\" for none")
      ->capture_default_str();
  app.add_option("--http-port", o.http_port, "Port of HTTP")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  app.add_option("--https-port", o.https_port, "Port of HTTPS")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  app.add_flag("--remove", o.remove,
               "End the nginx that an earlier nodal-ingress has started, then end");
  app.footer(
      "Example:\n  nodal-ingress --kubeconfig /var/lib/nodal/ingress.kubeconfig --node-ip "
      "192.0.2.1\n\n"
      "Ending nodal-ingress leaves nginx serving; the next one takes it over.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    out.exit_code = app.exit(e) == 0 ? 0 : 2;
    return out;
  }
  if (!o.remove && o.node_ip.empty()) {
    std::fprintf(stderr, "nodal-ingress: --node-ip is needed: Ingresses tell that address\n");
    out.exit_code = 2;
  }
  return out;
}

}  // namespace nodal::ingress
