// nodectl/cluster/system_pods.cc — see system_pods.h.
#include "nodectl/cluster/system_pods.h"

#include <map>
#include <mutex>

#include "api-client/client/client.h"
#include "api-client/client/kubeconfig.h"
#include "api-client/codec/merge_diff.h"
#include "base/text.h"
#include "gen/core_v1.h"

namespace nodal::nodectl {
namespace {

// A pod that somebody deleted comes back after so long.
constexpr std::chrono::seconds kLookAgain{30};

constexpr const char* kNamespace = "kube-system";
constexpr const char* kMirror = "kubernetes.io/config.mirror";

core_v1::Pod make_pod(const Part& part, const Settings& settings) {
  core_v1::Pod pod;
  pod.metadata.namespace_ = kNamespace;
  pod.metadata.name = text::cat("nodal-", part.name, "-", settings.node_name);
  pod.metadata.labels = {{"component", text::cat("nodal-", part.name)}, {"tier", "control-plane"}};
  pod.metadata.annotations = {{kMirror, text::cat("nodal-", part.name)},
                              {"kubernetes.io/config.source", "host"},
                              {"nodal.dev/what", part.title}};
  core_v1::Container container;
  container.name = text::cat("nodal-", part.name);
  container.image = text::cat("host/nodal-", part.name, ":", NODAL_VERSION);
  container.command = part.command;
  pod.spec.containers.push_back(std::move(container));
  pod.spec.node_name = settings.node_name;
  pod.spec.host_network = true;
  pod.spec.restart_policy = "Always";
  pod.spec.priority_class_name = "";
  core_v1::Toleration all;
  all.operator_ = "Exists";
  pod.spec.tolerations.push_back(std::move(all));
  pod.spec.automount_service_account_token = false;
  return pod;
}

core_v1::PodStatus make_status(const core_v1::Pod& pod, const PartState& part,
                               const Settings& settings) {
  core_v1::PodStatus status = pod.status;
  const bool running = part.pid != 0;
  status.phase = "Running";
  status.host_ip = status.pod_ip = settings.node_ip;
  core_v1::HostIP host_ip;
  host_ip.ip = settings.node_ip;
  status.host_ips = {host_ip};
  core_v1::PodIP pod_ip;
  pod_ip.ip = settings.node_ip;
  status.pod_ips = {pod_ip};
  if (!status.start_time) status.start_time = part.started_at;
  core_v1::ContainerStatus container;
  container.name = pod.spec.containers.at(0).name;
  container.image = pod.spec.containers.at(0).image;
  container.container_id = text::cat("process://", part.pid);
  container.restart_count = part.restarts;
  container.ready = running;
  container.started = running;
  core_v1::ContainerStateTerminated ended;
  ended.exit_code = part.last_exit_code;
  ended.reason = part.last_exit_code == 0 ? "Completed" : "Error";
  ended.finished_at = part.last_exit_at;
  ended.message = part.last_exit;
  if (running) {
    container.state.running.emplace().started_at = part.started_at;
    if (!part.last_exit.empty()) container.last_state.terminated = ended;
  } else {
    container.state.terminated = ended;
  }
  status.container_statuses = {container};
  const auto set = [&](const char* type) {
    core_v1::PodCondition next;
    for (auto& condition : status.conditions)
      if (condition.type == type) next = condition;
    std::erase_if(status.conditions, [&](const auto& c) { return c.type == type; });
    const char* want = running || std::string_view(type) == "PodScheduled" ||
                               std::string_view(type) == "Initialized"
                           ? "True"
                           : "False";
    if (next.status != want)
      next.last_transition_time = running ? part.started_at : part.last_exit_at;
    next.type = type;
    next.status = want;
    status.conditions.push_back(std::move(next));
  };
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) set(type);
  return status;
}

}  // namespace

struct SystemPods::State {
  Layout layout;
  Settings settings;
  std::vector<Part> parts;
  std::mutex mutex;
  std::map<std::string, PartState> shown;  // under mutex
  std::shared_ptr<client::Client> client;  // the loop's thread

  Result<Again> write(const std::string& name) {
    PartState part;
    {
      const std::lock_guard lock(mutex);
      part = shown.at(name);
    }
    if (!client) {
      const auto access = NODAL_TRY(client::load_kubeconfig(layout.admin_kubeconfig()));
      client = std::make_shared<client::Client>(NODAL_TRY(client::connect(access)),
                                                text::cat("nodectl/", NODAL_VERSION));
    }
    for (const auto& what : parts) {
      if (what.name != name) continue;
      const auto want = make_pod(what, settings);
      auto pod = client->get<core_v1::Pod>(kNamespace, want.metadata.name);
      if (pod && pod->metadata.deletion_timestamp) {
        // Somebody deleted what stands for a running process: it is shown anew.
        auto removed = client->remove<core_v1::Pod>(
            kNamespace, want.metadata.name, {.grace_period_seconds = 0, .uid = pod->metadata.uid});
        if (!removed && removed.error().code != Errc::not_found)
          return std::unexpected(removed.error());
        pod = client->create(want);
      }
      if (!pod && pod.error().code == Errc::not_found) pod = client->create(want);
      if (!pod) return std::unexpected(pod.error());
      auto after = *pod;
      after.status = make_status(*pod, part, settings);
      const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(*pod), codec::encode(after)));
      if (patch != "{}")
        NODAL_TRY(client->patch<core_v1::Pod>(kNamespace, want.metadata.name,
                                              client::PatchType::merge, patch, "status"));
    }
    return Again{kLookAgain};
  }
};

SystemPods::SystemPods(Layout layout, Settings settings)
    : state_(std::make_shared<State>()),
      loop_(
          {.name = "system-pods", .threads = 1, .longest_backoff = std::chrono::milliseconds(5000)},
          [state = state_](const std::string& key) { return state->write(key); }) {
  state_->parts = parts_of(layout, settings);
  state_->layout = std::move(layout);
  state_->settings = std::move(settings);
}

SystemPods::~SystemPods() { loop_.stop(); }

void SystemPods::show(std::vector<PartState> parts) {
  std::vector<std::string> changed;
  {
    const std::lock_guard lock(state_->mutex);
    for (auto& part : parts) {
      auto& shown = state_->shown[part.name];
      if (shown == part) continue;
      changed.push_back(part.name);
      shown = std::move(part);
    }
  }
  for (const auto& name : changed) loop_.wake(name);
}

void SystemPods::hide() { loop_.stop(); }

}  // namespace nodal::nodectl
