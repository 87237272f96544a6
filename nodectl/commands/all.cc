// nodectl/commands/all.cc — the table of all commands.
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/errors.h"

namespace nodal::nodectl {

std::string nothing_found(const Cluster& cluster, bool everywhere) {
  return everywhere ? "No resources found\n"
                    : text::cat("No resources found in ", cluster.ns, " namespace.\n");
}

void report_now(const Error& error) { report(error.message, false); }

Command all_commands(Globals& globals) {
  Command root{
      .name = "nodectl",
      .help = "Starts a node's cluster, looks at it, and works with what runs on it",
      .flags = {{.names = "--kubeconfig",
                 .value = "FILE",
                 .help = "Kubeconfig file; default $KUBECONFIG, then ~/.kube/config",
                 .target = &globals.kubeconfig,
                 .offer = Offer::files},
                {.names = "--context",
                 .value = "NAME",
                 .help = "Context in the kubeconfig",
                 .target = &globals.context,
                 .offer = Offer::contexts},
                {.names = "-n,--namespace",
                 .value = "NAME",
                 .help = "Namespace; default that of the context",
                 .target = &globals.ns,
                 .offer = Offer::namespaces}},
      .examples = {"nodectl up                                   start a cluster of one node",
                   "nodectl create deployment web --image=web:1  run something on it",
                   "nodectl get pods -o wide",
                   "nodectl service web --url                    where it answers",
                   "nodectl delete                               leave nothing behind"},
      .own = true};
  root.commands = {up_command(),
                   status_command(),
                   stop_command(),
                   supervise_command(),
                   service_command(globals),
                   docker_env_command(),
                   addons_command(),
                   get_command(globals),
                   describe_command(globals),
                   logs_command(globals),
                   exec_command(globals),
                   attach_command(globals),
                   debug_command(globals),
                   cp_command(globals),
                   port_forward_command(globals),
                   wait_command(globals),
                   diff_command(globals),
                   explain_command(globals),
                   create_command(globals),
                   run_command(globals),
                   expose_command(globals),
                   apply_command(globals),
                   edit_command(globals),
                   patch_command(globals),
                   replace_command(globals),
                   set_command(globals),
                   label_command(globals),
                   annotate_command(globals),
                   scale_command(globals),
                   cordon_command(globals),
                   uncordon_command(globals),
                   drain_command(globals),
                   taint_command(globals),
                   delete_command(globals),
                   rollout_command(globals),
                   api_resources_command(globals),
                   api_versions_command(globals),
                   auth_command(globals),
                   config_command(globals),
                   version_command(globals)};
  return root;
}

}  // namespace nodal::nodectl
