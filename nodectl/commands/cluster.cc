// nodectl/commands/cluster.cc — up, status, stop, delete: the life of a one-node cluster.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "api-client/client/kubeconfig.h"
#include "api-client/codec/time.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/yaml.h"
#include "gen/core_v1.h"
#include "nodectl/cluster/addons.h"
#include "nodectl/cluster/host.h"
#include "nodectl/cluster/keys.h"
#include "nodectl/cluster/parts.h"
#include "nodectl/cluster/supervisor.h"
#include "nodectl/cluster/user_kubeconfig.h"
#include "nodectl/commands.h"
#include "nodectl/manifests.h"

extern char** environ;

namespace nodal::nodectl {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto kReady = 60s;
constexpr auto kStop = 60s;

// A line of progress: what is done, and how long it took.
class Progress {
 public:
  void begin(const std::string& what) {
    what_ = what;
    since_ = Steady::now();
    if (is_terminal()) std::fputs(text::cat("  … ", what).c_str(), stdout), std::fflush(stdout);
  }
  void done(const std::string& detail = "") {
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - since_).count();
    std::fputs(text::cat(is_terminal() ? "\r" : "", "  ", good("✓"), " ", what_,
                         detail.empty() ? "" : text::cat(": ", detail), " (", took, " ms)\n")
                   .c_str(),
               stdout);
    std::fflush(stdout);
  }
  void failed() {
    std::fputs(text::cat(is_terminal() ? "\r" : "", "  ", bad("✗"), " ", what_, "\n").c_str(),
               stdout);
  }

 private:
  std::string what_;
  Steady::time_point since_;
};

pid_t supervisor_pid(const Layout& layout) {
  const auto text = file::read(layout.supervisor_pid(), 64);
  if (!text) return 0;
  const auto words = text::split(text::trim(*text), ' ');
  if (words.size() != 2) return 0;
  const auto pid = text::number<pid_t>(words[0]);
  const auto ticks = text::number<std::uint64_t>(words[1]);
  return pid && ticks && start_ticks(*pid) == *ticks ? *pid : 0;
}

Result<> spawn_supervisor(const Layout& layout) {
  const std::string self = layout.programs + "/nodectl";
  const std::string log = layout.log + "/supervisor.log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0640);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::string verb = "supervise";
  char* const arguments[] = {const_cast<char*>(self.c_str()), verb.data(), nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, self.c_str(), &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_errno(error, text::cat("start ", self));
  return {};
}

// Waits until `ready` holds; the last error when it does not in time.
template <class Ready>
Result<> await(std::chrono::seconds limit, Ready ready) {
  const auto deadline = Steady::now() + limit;
  for (;;) {
    auto done = ready();
    if (done) return {};
    if (Steady::now() >= deadline) return std::unexpected(done.error());
    std::this_thread::sleep_for(25ms);
  }
}

// The Service by which pods find DNS; the proxy answers on its address itself.
Result<> ensure_dns_service(client::Client& client, const Settings& settings) {
  const auto there = client.get<core_v1::Service>("kube-system", "kube-dns");
  if (there || there.error().code != Errc::not_found)
    return there ? Result<>{} : wrap("look for the DNS Service", there.error());
  core_v1::Service dns;
  dns.metadata.namespace_ = "kube-system";
  dns.metadata.name = "kube-dns";
  dns.metadata.labels = {{"k8s-app", "kube-dns"},
                         {"kubernetes.io/cluster-service", "true"},
                         {"kubernetes.io/name", "CoreDNS"}};
  dns.spec.cluster_ip = settings.cluster_dns;
  for (const char* protocol : {"UDP", "TCP"}) {
    core_v1::ServicePort port;
    port.name = protocol == std::string_view("UDP") ? "dns" : "dns-tcp";
    port.protocol = protocol;
    port.port = 53;
    port.target_port = IntOrString{53};
    dns.spec.ports.push_back(std::move(port));
  }
  auto created = client.create(dns);
  if (!created && created.error().code != Errc::already_exists)
    return wrap("create the DNS Service", created.error());
  return {};
}

std::string last_line(const std::string& path) {
  const auto log = file::read(path).value_or("nothing");
  const auto lines =
      text::split(std::string_view(log).substr(0, log.find_last_not_of('\n') + 1), '\n');
  return lines.empty() ? std::string() : std::string(lines.back());
}

// Ends the daemons; pods stay.
Result<> stop_parts(const Layout& where) {
  const pid_t pid = supervisor_pid(where);
  if (pid == 0) {
    // A supervisor that was killed leaves its parts: end them too.
    if (const auto parts = read_parts(where))
      for (auto part = parts->rbegin(); part != parts->rend(); ++part)
        if (is_running(*part)) ::kill(part->pid, SIGTERM);
    return {};
  }
  ::kill(pid, SIGTERM);
  return await(kStop, [&]() -> Result<> {
    if (supervisor_pid(where) == 0) return {};
    return fail(Errc::timed_out, text::cat("the supervisor (pid ", pid, ") does not end; see ",
                                           where.log, "/supervisor.log"));
  });
}

Result<bool> is_node_ready(client::Client& client, const std::string& name) {
  const auto node = NODAL_TRY(client.get<core_v1::Node>("", name));
  for (const auto& condition : node.status.conditions)
    if (condition.type == "Ready") return condition.status == "True";
  return false;
}

}  // namespace

Result<> up(const UpOptions& options) {
  const auto where = NODAL_TRY(layout());
  Settings settings = options.settings;
  // A second `up` is the same node.
  if (const auto before = read_settings(where))
    settings = NODAL_TRY(continue_with(*before, settings));
  NODAL_TRY(check_settings(settings));
  if (settings.node_name.empty()) {
    char host[256] = "node";
    ::gethostname(host, sizeof host - 1);
    settings.node_name = text::lower(host);
  }
  if (settings.node_ip.empty()) settings.node_ip = NODAL_TRY(own_address());
  if (settings.listen.empty() || settings.listen.starts_with("127."))
    settings.listen = "0.0.0.0:6443";

  const auto started = Steady::now();
  Progress progress;
  std::puts(
      text::cat("Nodal ", NODAL_VERSION, " on ", settings.node_name, " (", settings.node_ip, ")")
          .c_str());
  if (options.start_docker && !docker_answers(settings.docker_socket)) {
    progress.begin("start Docker");
    if (auto done = start_docker(settings); !done) {
      progress.failed();
      return done;
    }
    progress.done();
  }
  progress.begin("look at the host");
  std::string lacking;
  for (const auto& finding : examine(where, settings))
    if (!finding.good)
      lacking += text::cat("\n  ", bad("✗"), " not so: ", finding.what, " — ", finding.remedy);
  if (!lacking.empty()) {
    progress.failed();
    return fail(Errc::unavailable, text::cat("this host lacks something:", lacking));
  }
  progress.done();

  for (const auto& [folder, mode] : {std::pair{where.state, 0711},
                                     {where.run, 0755},
                                     {where.log, 0750},
                                     {where.state + "/pki", 0700}})
    NODAL_TRY(file::make_folders(folder, static_cast<mode_t>(mode)));
  NODAL_TRY(write_settings(where, settings));

  const std::string port = settings.listen.substr(settings.listen.rfind(':') + 1);
  progress.begin("keys and kubeconfigs");
  if (auto issued = issue_keys(where, settings); !issued) {
    progress.failed();
    return issued;
  }
  progress.done();

  const bool running = supervisor_pid(where) != 0;
  progress.begin(running ? "the parts run already" : "start master, agent and proxy");
  if (!running) NODAL_TRY(spawn_supervisor(where));
  progress.done();

  progress.begin("API server");
  std::shared_ptr<client::Client> client;
  auto ready = await(kReady, [&]() -> Result<> {
    if (!client) {
      const auto access = NODAL_TRY(client::load_kubeconfig(where.admin_kubeconfig()));
      client = std::make_shared<client::Client>(NODAL_TRY(client::connect(access)),
                                                text::cat("nodectl/", NODAL_VERSION));
    }
    NODAL_TRY(client->get_text("/readyz"));
    return {};
  });
  if (!ready) {
    progress.failed();
    return wrap(text::cat("the API server does not become ready (", where.log,
                          "/master.log ends with: ", last_line(where.log + "/master.log"), ")"),
                ready.error());
  }
  progress.done(text::cat("https://127.0.0.1:", port));
  NODAL_TRY(ensure_dns_service(*client, settings));

  progress.begin("node");
  ready = await(kReady, [&]() -> Result<> {
    if (NODAL_TRY(is_node_ready(*client, settings.node_name))) return {};
    return fail(Errc::unavailable, "the node is not Ready");
  });
  if (!ready) {
    progress.failed();
    return wrap(text::cat("the node does not become ready (see ", where.log, "/agent.log)"),
                ready.error());
  }
  progress.done("Ready");
  NODAL_TRY(join_user_kubeconfig(where));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - started).count();
  std::puts(text::cat("The cluster is up after ", took, " ms. kubectl uses it: context \"",
                      kContext, "\" in ", user_kubeconfig(), ".")
                .c_str());
  return {};
}

Result<> status(std::string_view output) {
  const auto where = NODAL_TRY(layout());
  const auto settings = read_settings(where);
  if (!settings) return fail(Errc::not_found, "no cluster on this node; `nodectl up` starts one");
  const auto parts = read_parts(where);
  const auto now = SystemClock().now();
  const bool supervised = supervisor_pid(where) != 0;
  bool all = supervised;
  std::vector<std::vector<std::string>> rows{
      {"PART", "STATUS", "PID", "RESTARTS", "AGE", "LAST END"}};
  json::array list;
  if (parts)
    for (const auto& part : *parts) {
      const bool running = is_running(part);
      all = all && running;
      const auto age =
          human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - part.started_at));
      rows.push_back({part.name, running ? good("Running") : bad("Stopped"),
                      running ? text::cat(part.pid) : "-", text::cat(part.restarts),
                      running ? age : "-", part.last_exit.empty() ? "-" : part.last_exit});
      list.push_back(json::object{{"name", part.name},
                                  {"running", running},
                                  {"pid", running ? part.pid : 0},
                                  {"restarts", part.restarts},
                                  {"lastExit", part.last_exit}});
    }
  std::string node = "unknown";
  if (const auto access = client::load_kubeconfig(where.admin_kubeconfig()))
    if (auto transport = client::connect(*access)) {
      client::Client client(*transport, text::cat("nodectl/", NODAL_VERSION));
      const auto ready = is_node_ready(client, settings->node_name);
      node = !ready ? "unknown" : *ready ? "Ready" : "NotReady";
    }
  all = all && node == "Ready";
  if (output == "json" || output == "yaml") {
    const json::object document{{"node", settings->node_name},
                                {"nodeStatus", node},
                                {"supervised", supervised},
                                {"docker", docker_answers(settings->docker_socket)},
                                {"parts", list}};
    std::fputs(output == "json" ? text::cat(pretty_json(document), "\n").c_str()
                                : NODAL_TRY(json_to_yaml(json::serialize(document))).c_str(),
               stdout);
  } else {
    std::puts(
        text::cat("node ", settings->node_name, ": ", node == "Ready" ? good(node) : bad(node))
            .c_str());
    std::fputs(text::table(rows).c_str(), stdout);
    if (!docker_answers(settings->docker_socket))
      std::puts(bad(text::cat("Docker does not answer on ", settings->docker_socket)).c_str());
  }
  if (!all)
    return fail(Errc::unavailable, "not everything runs; `nodectl up` starts what is missing");
  return {};
}

Result<> stop() {
  NODAL_TRY(stop_parts(NODAL_TRY(layout())));
  std::puts(
      "The cluster is stopped. Pods go on running; `nodectl up` takes them up again, `nodectl "
      "delete` removes them.");
  return {};
}

// Nobody is there to be asked in a script, nor by one whose output goes into a file.
bool is_meant(const char* question) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return true;
  std::fputs(text::cat(question, " [y/N] ").c_str(), stderr);
  char answer[16] = "";
  if (std::fgets(answer, sizeof answer, stdin) == nullptr) return false;
  const auto word = text::lower(text::trim(answer));
  return word == "y" || word == "yes";
}

Result<> delete_cluster(bool sure) {
  if (::geteuid() != 0)
    return fail(Errc::forbidden, "run it with sudo: a cluster's traces are in the kernel");
  const auto where = NODAL_TRY(layout());
  if (!sure && file::exists(where.state) &&
      !is_meant("This deletes the whole cluster of this node, with all its pods and data. Go on?"))
    return fail(Errc::forbidden, "nothing was deleted");
  const auto settings = read_settings(where).value_or(Settings{});
  NODAL_TRY(stop_parts(where));
  NODAL_TRY(clean(where, settings));
  NODAL_TRY(leave_user_kubeconfig());
  std::puts("Nothing of the cluster is left on this node.");
  return {};
}

Result<> set_addon(const std::string& name, bool on) {
  if (::geteuid() != 0)
    return fail(Errc::forbidden, "run it with sudo: addons are daemons of this node");
  const auto where = NODAL_TRY(layout());
  auto settings = read_settings(where);
  if (!settings) return fail(Errc::not_found, "no cluster on this node; `nodectl up` starts one");
  const auto& known = known_addons();
  const auto addon = std::ranges::find(known, name, &Addon::name);
  if (addon == known.end())
    return fail(Errc::not_found,
                text::cat("there is no addon ", name, "; `nodectl addons list` shows them"));
  auto names = addons_of(*settings);
  const bool was = std::ranges::find(names, name) != names.end();
  if (was == on) {
    std::puts(text::cat(name, " is ", on ? "enabled" : "disabled", " already").c_str());
    return {};
  }
  if (on && ::access(addon->needs.c_str(), R_OK) != 0)
    return fail(
        Errc::unavailable,
        text::cat(addon->needs, " is not there; install it: apt-get install ", addon->package));
  if (on) NODAL_TRY(issue_keys(where, *settings));
  if (on)
    names.push_back(name);
  else
    std::erase(names, name);
  settings->addons = text::join(names, ",");
  NODAL_TRY(write_settings(where, *settings));
  const pid_t pid = supervisor_pid(where);
  if (pid != 0) ::kill(pid, SIGHUP);
  // The supervisor takes it up, or ends it.
  const auto settled = await(kReady, [&]() -> Result<> {
    const auto parts = read_parts(where).value_or(std::vector<PartState>{});
    const auto part = std::ranges::find(parts, name, &PartState::name);
    const bool runs = part != parts.end() && is_running(*part);
    if (pid == 0 || runs == on) return {};
    return fail(Errc::timed_out, text::cat(name, " does not ", on ? "start" : "end", "; see ",
                                           where.log, "/", name, ".log"));
  });
  NODAL_TRY(settled);
  if (!on) {
    NODAL_TRY(remove_addon(where, name));
    if (const auto access = client::load_kubeconfig(where.admin_kubeconfig()))
      if (const auto transport = client::connect(*access))
        static_cast<void>(
            client::Client(*transport, text::cat("nodectl/", NODAL_VERSION))
                .remove<core_v1::Pod>(
                    "kube-system", text::cat("nodal-", name, "-", settings->node_name),
                    {.grace_period_seconds = 0, .uid = "", .propagation_policy = ""}));
  }
  std::puts(text::cat("The addon ", name, " is ", on ? "enabled." : "disabled.").c_str());
  return {};
}

Result<> supervise() {
  block_signals();
  tune_memory();
  const auto where = NODAL_TRY(layout());
  const auto settings = NODAL_TRY(read_settings(where));
  const auto lock = file::lock(where.run + "/supervisor.lock", 2000ms);
  if (!lock) return wrap("another supervisor runs", lock.error());
  NODAL_TRY(file::write(where.supervisor_pid(),
                        text::cat(::getpid(), " ", start_ticks(::getpid()).value_or(0), "\n"),
                        0644));
  std::stop_source stop;
  bool reload = false;
  std::thread waiter([&stop, &reload] { reload = wait_for_stop_or_reload(stop); });
  Supervisor supervisor(where, settings);
  auto done = supervisor.run(stop.get_token());
  if (!done) ::kill(::getpid(), SIGTERM);  // for the waiter
  waiter.join();
  if (reload) {
    // The same process begins anew: the parts stay its children, the new settings say which.
    const std::string self = where.programs + "/nodectl";
    std::string verb = "supervise";
    char* const arguments[] = {const_cast<char*>(self.c_str()), verb.data(), nullptr};
    ::execv(self.c_str(), arguments);
    return fail_errno(errno, text::cat("start ", self, " again"));
  }
  supervisor.end();
  NODAL_TRY(file::remove(where.supervisor_pid()));
  return done;
}

}  // namespace nodal::nodectl
