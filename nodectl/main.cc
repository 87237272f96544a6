// nodectl/main.cc — the command line: parses, then calls one function of commands.h.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/completion.h"

namespace {

using namespace nodal;
using namespace nodal::nodectl;

int finish(const Result<>& done) {
  if (done) return 0;
  std::fprintf(stderr, "%s %s\n", bad("nodectl:").c_str(), printable(done.error().message).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("nodectl — starts a node's cluster, looks at it, and works with what runs on it.");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of all commands");
  app.fallthrough();
  app.footer(
      "Examples:\n"
      "  nodectl up                                   start a cluster of one node\n"
      "  nodectl create deployment web --image=web:1  run something on it\n"
      "  nodectl get pods -o wide\n"
      "  nodectl service web --url                    where it answers\n"
      "  nodectl delete                               leave nothing behind");
  Globals globals;
  app.add_option("--kubeconfig", globals.kubeconfig,
                 "Kubeconfig file; default $KUBECONFIG, then ~/.kube/config");
  app.add_option("--context", globals.context, "Context in the kubeconfig");
  app.add_option("-n,--namespace", globals.ns, "Namespace");

  int code = 0;
  const auto on = [&code](CLI::App* command, auto run) {
    command->callback([&code, run] { code = finish(run()); });
  };

  UpOptions up_options;
  bool no_docker = false;
  auto* up_command =
      app.add_subcommand("up", "Start the cluster of this node, or what of it does not run");
  up_command->add_option("--node-name", up_options.settings.node_name,
                         "Name of the node; default: the host's");
  up_command->add_option("--node-ip", up_options.settings.node_ip,
                         "Address of the node; default: that of the default route's interface");
  up_command->add_option("--listen", up_options.settings.listen,
                         "Address of the API server; default: all, port 6443");
  up_command->add_option("--docker-socket", up_options.settings.docker_socket, "Docker's socket")
      ->capture_default_str();
  up_command->add_option("--service-cidr", up_options.settings.service_cidr, "Range of cluster IPs")
      ->capture_default_str();
  up_command->add_option("--cluster-cidr", up_options.settings.cluster_cidr, "Range of pods")
      ->capture_default_str();
  up_command
      ->add_option("--cluster-dns", up_options.settings.cluster_dns, "Address of the cluster's DNS")
      ->capture_default_str();
  up_command->add_flag("--no-start-docker", no_docker, "Do not start Docker when it does not run");
  on(up_command, [&] {
    up_options.start_docker = !no_docker;
    return up(up_options);
  });

  std::string status_output;
  auto* status_command = app.add_subcommand("status", "How the parts of this node are");
  status_command->add_option("-o,--output", status_output, "json or yaml");
  on(status_command, [&] { return status(status_output); });
  on(app.add_subcommand("stop", "Stop the parts; pods go on running"), [] { return stop(); });
  auto* supervise_command =
      app.add_subcommand("supervise", "Keep the parts running (what `up` starts)");
  supervise_command->group("");
  on(supervise_command, [] { return supervise(); });

  GetOptions get_options;
  auto* get_command = app.add_subcommand("get", "Show objects");
  get_command->add_option("what", get_options.what, "TYPE [NAME …], TYPE/NAME, TYPE,TYPE")
      ->required();
  get_command->add_option("-o,--output", get_options.output, "wide, yaml, json or name");
  get_command->add_option("-l,--selector", get_options.selector, "Label selector");
  get_command->add_flag("-A,--all-namespaces", get_options.all_namespaces, "Of all namespaces");
  get_command->add_flag("-w,--watch", get_options.watch, "Go on with changes");
  get_command->add_flag("--no-headers", get_options.no_headers, "Without the head line");
  on(get_command, [&] { return get(globals, get_options); });

  std::vector<std::string> described;
  auto* describe_command = app.add_subcommand("describe", "Show objects whole, with their events");
  describe_command->add_option("what", described, "TYPE [NAME …] or TYPE/NAME")->required();
  on(describe_command, [&] { return describe(globals, described); });

  std::vector<std::string> apply_files, create_files, delete_files, deleted;
  auto* apply_command = app.add_subcommand("apply", "Make objects be as files say");
  apply_command->add_option("-f,--filename", apply_files, "File, folder, or - for standard input")
      ->required();
  on(apply_command, [&] { return nodal::nodectl::apply(globals, apply_files); });

  auto* create_command =
      app.add_subcommand("create", "Create objects from files, or a deployment or namespace");
  create_command->add_option("-f,--filename", create_files,
                             "File, folder, or - for standard input");
  CreateDeployment deployment;
  auto* create_deployment_command = create_command->add_subcommand("deployment", "Run an image");
  create_deployment_command->add_option("name", deployment.name, "Name")->required();
  create_deployment_command->add_option("--image", deployment.image, "Image")->required();
  create_deployment_command->add_option("--replicas", deployment.replicas, "How many pods")
      ->capture_default_str();
  create_deployment_command->add_option("--port", deployment.port, "Port that the container opens");
  std::string new_namespace;
  auto* create_namespace_command = create_command->add_subcommand("namespace", "Make a namespace");
  create_namespace_command->add_option("name", new_namespace, "Name")->required();
  on(create_command, [&]() -> Result<> {
    if (create_deployment_command->parsed()) return create_deployment(globals, deployment);
    if (create_namespace_command->parsed()) return create_namespace(globals, new_namespace);
    if (create_files.empty())
      return fail(Errc::invalid, "say what to create: -f FILE, deployment or namespace");
    return create(globals, create_files);
  });

  auto* delete_command = app.add_subcommand(
      "delete", "Delete objects; without arguments: the whole cluster of this node");
  delete_command->add_option("what", deleted, "TYPE NAME … or TYPE/NAME");
  delete_command->add_option("-f,--filename", delete_files, "What files name");
  on(delete_command, [&] {
    return deleted.empty() && delete_files.empty()
               ? delete_cluster()
               : nodal::nodectl::remove(globals, deleted, delete_files);
  });

  LogOptions log_options;
  auto* logs_command = app.add_subcommand("logs", "What a pod has printed");
  logs_command->add_option("pod", log_options.pod, "Pod")->required();
  logs_command->add_option("-c,--container", log_options.container,
                           "Container, when the pod has several");
  logs_command->add_flag("-f,--follow", log_options.follow, "Go on with what is printed");
  logs_command->add_flag("-p,--previous", log_options.previous,
                         "Of the container before the last restart");
  logs_command->add_flag("--timestamps", log_options.timestamps, "With the time of each line");
  logs_command->add_option("--tail", log_options.tail, "Only the last lines");
  on(logs_command, [&] { return logs(globals, log_options); });

  std::string service_name;
  bool url_only = false;
  auto* service_command = app.add_subcommand("service", "Where a Service answers on this node");
  service_command->add_option("name", service_name, "Service")->required();
  service_command->add_flag("--url", url_only, "Only the URL");
  on(service_command, [&] { return service_url(globals, service_name, url_only); });
  on(app.add_subcommand("docker-env", "For eval: use the node's Docker in this shell"),
     [] { return docker_env(); });

  bool client_only = false;
  auto* version_command = app.add_subcommand("version", "Versions of nodectl and of the server");
  version_command->add_flag("--client", client_only, "Only nodectl's");
  on(version_command, [&] { return print_version(globals, client_only); });

  std::string shell = "bash";
  auto* completion_command = app.add_subcommand(
      "completion", "A script that completes nodectl's commands and flags in a shell");
  completion_command->add_option("shell", shell, "bash or zsh")
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->capture_default_str();
  completion_command->footer("Example:\n  source <(nodectl completion bash)");
  completion_command->callback([&] { std::fputs(completion(app, shell).c_str(), stdout); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    // An unknown word stands where the subcommand is wanted.
    const auto rest = app.remaining();
    if (rest.empty()) return app.exit(error);
    return finish(fail(Errc::invalid, text::cat("unknown command \"", rest.front(),
                                                "\"; `nodectl --help` lists them all")));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return code;
}
