// master/daemon/issue.cc — see issue.h.
#include "master/daemon/issue.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "api-client/client/kubeconfig.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "master/auth/pki.h"

namespace nodal::master {
namespace {

struct Flags {
  std::string data_dir = "/var/lib/nodal/master";
  std::string node_name, node_ip, server, out;
};

// Daemons that follow a file read it again when it is written.
Result<> write_new(const std::string& path, const std::string& bytes, mode_t mode) {
  if (const auto there = file::read(path); there && *there == bytes) return {};
  return file::write(path, bytes, mode);
}

Result<> issue(const Flags& flags) {
  const TimePoint now = SystemClock().now();
  const auto pki = NODAL_TRY(Pki::open(text::cat(flags.data_dir, "/pki"), now));
  NODAL_TRY(file::make_folders(text::cat(flags.out, "/pki"), 0700));
  client::ClusterAccess access;
  access.server = flags.server;
  access.ca_pem = pki.ca_pem();
  const auto write_access = [&](const std::string& name,
                                const CertificateRequest& request) -> Result<> {
    const auto pair = NODAL_TRY(pki.keep(text::cat(name, "-", flags.node_name), request, now));
    access.certificate_pem = pair.certificate_pem;
    access.key_pem = pair.key_pem;
    return write_new(text::cat(flags.out, "/", name, ".kubeconfig"),
                     client::render_kubeconfig(access, "nodal"), 0600);
  };
  NODAL_TRY(write_access("agent",
                         {text::cat("system:node:", flags.node_name), {"system:nodes"}, {}, true}));
  NODAL_TRY(write_access("proxy", {"system:kube-proxy", {"system:node-proxier"}, {}, true}));
  NODAL_TRY(write_access("ingress", {"system:nodal-ingress", {}, {}, true}));
  const auto serving =
      NODAL_TRY(pki.keep(text::cat("agent-serving-", flags.node_name),
                         {text::cat("system:node:", flags.node_name),
                          {"system:nodes"},
                          {flags.node_name, flags.node_ip, "localhost", "127.0.0.1"},
                          false},
                         now));
  NODAL_TRY(write_new(text::cat(flags.out, "/pki/ca.crt"), pki.ca_pem(), 0644));
  NODAL_TRY(write_new(text::cat(flags.out, "/pki/agent.key"), serving.key_pem, 0600));
  return write_new(text::cat(flags.out, "/pki/agent.crt"), serving.certificate_pem, 0644);
}

}  // namespace

int issue_node(int count, char** arguments) {
  Flags flags;
  CLI::App app("Makes the keys and kubeconfigs of one node's agent and proxy.",
               "nodal-master issue-node");
  app.add_option("--data-dir", flags.data_dir, "The master's folder")->capture_default_str();
  app.add_option("--node-name", flags.node_name, "Name of the Node object")->required();
  app.add_option("--node-ip", flags.node_ip, "Its address: the master calls the agent there")
      ->required();
  app.add_option("--server", flags.server, "URL of the API server, as the node reaches it")
      ->required();
  app.add_option("--out", flags.out, "Folder to write to")->required();
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (auto done = issue(flags); !done) {
    std::fprintf(stderr, "nodal-master issue-node: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}

}  // namespace nodal::master
