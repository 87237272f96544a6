// agent/node/registrar.cc — see registrar.h.
#include "agent/node/registrar.h"

#include <algorithm>

#include "api-client/codec/merge_diff.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookAgain = 10s;
constexpr auto kRetry = 200ms;
constexpr auto kFullReport = std::chrono::minutes(5);
constexpr std::size_t kMostImages = 50;

void set(std::vector<core_v1::NodeCondition>& conditions, const char* type, bool holds,
         const char* reason, std::string message, TimePoint now) {
  auto it = std::ranges::find(conditions, type, &core_v1::NodeCondition::type);
  if (it == conditions.end()) {
    core_v1::NodeCondition fresh;
    fresh.type = type;
    conditions.push_back(std::move(fresh));
    it = conditions.end() - 1;
  }
  const std::string status = holds ? "True" : "False";
  if (it->status != status) it->last_transition_time = now;
  it->status = status;
  it->reason = reason;
  it->message = std::move(message);
  it->last_heartbeat_time = now;
}

// Equal but for the heartbeat, which the lease gives.
bool same_but_heartbeat(core_v1::NodeStatus a, core_v1::NodeStatus b) {
  for (auto* status : {&a, &b})
    for (auto& condition : status->conditions) condition.last_heartbeat_time.reset();
  return a == b;
}

}  // namespace

core_v1::Node make_node(const NodeOptions& options, const core_v1::NodeSystemInfo& info) {
  core_v1::Node node;
  node.metadata.name = options.name;
  node.metadata.labels = {{"kubernetes.io/hostname", options.name},
                          {"kubernetes.io/os", "linux"},
                          {"kubernetes.io/arch", info.architecture}};
  for (const auto& [key, value] : options.labels) node.metadata.labels[key] = value;
  return node;
}

core_v1::NodeStatus node_status(const core_v1::Node& node, const NodeOptions& options,
                                const Capacity& capacity, const core_v1::NodeSystemInfo& info,
                                const std::vector<ImageInfo>& images,
                                const std::string& runtime_version,
                                const std::string& runtime_error, const std::string& network_error,
                                TimePoint now) {
  core_v1::NodeStatus out = node.status;
  out.capacity = {
      {"cpu", Quantity::of(capacity.cpus)},
      {"memory", *Quantity::parse(text::cat(capacity.memory_bytes / 1024, "Ki"))},
      {"ephemeral-storage", *Quantity::parse(text::cat(capacity.disk_bytes / 1024, "Ki"))},
      {"pods", Quantity::of(options.max_pods)}};
  out.allocatable = out.capacity;
  out.allocatable["memory"] =
      *Quantity::parse(text::cat(allocatable_memory(capacity) / 1024, "Ki"));
  out.addresses.clear();
  for (const auto& [type, address] :
       {std::pair{"InternalIP", options.ip}, {"Hostname", options.name}}) {
    core_v1::NodeAddress a;
    a.type = type;
    a.address = address;
    out.addresses.push_back(std::move(a));
  }
  out.node_info = info;
  out.node_info.container_runtime_version =
      runtime_version.empty() ? node.status.node_info.container_runtime_version : runtime_version;
  out.node_info.kubelet_version = text::cat("v1.33.0+nodal-", NODAL_VERSION);
  out.node_info.kube_proxy_version = out.node_info.kubelet_version;
  out.daemon_endpoints.kubelet_endpoint.port = options.agent_port;
  if (runtime_error.empty()) {
    out.images.clear();
    for (const auto& image : images) {
      if (out.images.size() == kMostImages) break;
      core_v1::ContainerImage i;
      i.names = image.digests;
      i.names.insert(i.names.end(), image.tags.begin(), image.tags.end());
      i.size_bytes = image.size_bytes;
      if (!i.names.empty()) out.images.push_back(std::move(i));
    }
  }
  const bool low_memory = capacity.memory_available_bytes < kLeastMemory;
  set(out.conditions, "MemoryPressure", low_memory,
      low_memory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
      low_memory ? "kubelet has insufficient memory available"
                 : "kubelet has sufficient memory available",
      now);
  const bool low_disk =
      capacity.disk_bytes > 0 && capacity.disk_free_bytes < capacity.disk_bytes / 20;
  set(out.conditions, "DiskPressure", low_disk,
      low_disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
      low_disk ? "kubelet has disk pressure" : "kubelet has no disk pressure", now);
  const bool low_pids =
      capacity.most_pids > 0 && capacity.most_pids - capacity.pids < capacity.most_pids / 20;
  set(out.conditions, "PIDPressure", low_pids,
      low_pids ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
      low_pids ? "kubelet has insufficient PID available" : "kubelet has sufficient PID available",
      now);
  const std::string why = !runtime_error.empty()
                              ? text::cat("container runtime is down: ", runtime_error)
                              : network_error;
  set(out.conditions, "Ready", why.empty(), why.empty() ? "KubeletReady" : "KubeletNotReady",
      why.empty() ? "kubelet is posting ready status" : why, now);
  return out;
}

std::vector<NodeEvent> node_events(const core_v1::Node& node, const core_v1::NodeStatus& after,
                                   bool cordoned) {
  struct Words {
    std::string_view type, when_true, when_false;
  };
  constexpr Words kWords[] = {
      {"MemoryPressure", "NodeHasInsufficientMemory", "NodeHasSufficientMemory"},
      {"DiskPressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"},
      {"PIDPressure", "NodeHasInsufficientPID", "NodeHasSufficientPID"},
      {"Ready", "NodeReady", "NodeNotReady"},
  };
  std::vector<NodeEvent> out;
  const auto now_is = [&](std::string_view reason) {
    out.push_back({client::EventType::normal, std::string(reason),
                   text::cat("Node ", node.metadata.name, " status is now: ", reason)});
  };
  const auto& boot = node.status.node_info.boot_id;
  if (!boot.empty() && boot != after.node_info.boot_id)
    out.push_back({client::EventType::warning, "Rebooted",
                   text::cat("Node ", node.metadata.name,
                             " has been rebooted, boot id: ", after.node_info.boot_id)});
  for (const auto& words : kWords) {
    const auto is = std::ranges::find(after.conditions, words.type, &core_v1::NodeCondition::type);
    if (is == after.conditions.end()) continue;
    const auto was =
        std::ranges::find(node.status.conditions, words.type, &core_v1::NodeCondition::type);
    if (was == node.status.conditions.end() || was->status != is->status)
      now_is(is->status == "True" ? words.when_true : words.when_false);
  }
  if (node.spec.unschedulable != cordoned)
    now_is(cordoned ? "NodeSchedulable" : "NodeNotSchedulable");
  return out;
}

Registrar::Registrar(NodeOptions options, std::shared_ptr<client::Client> client, Runtime& runtime,
                     const Clock& clock, client::EventRecorder& events,
                     std::function<std::string(const core_v1::Node&)> network)
    : options_(std::move(options)),
      client_(std::move(client)),
      runtime_(runtime),
      clock_(clock),
      events_(events),
      network_(std::move(network)),
      info_(read_system_info()),
      lease_(options_.name, client_, clock_) {
  thread_ = std::jthread([this](std::stop_token stop) {
    name_thread("node");
    run(stop);
  });
}

Registrar::~Registrar() {
  thread_.request_stop();
  thread_.join();
}

void Registrar::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Registrar::run(const std::stop_token& stop) {
  bool registered = false;
  std::chrono::milliseconds retry = kRetry;
  while (!stop.stop_requested()) {
    Result<> done;
    if (!registered) {
      done = register_node();
      registered = done.has_value();
    }
    if (done) done = update_status(false);
    if (!done) {
      log::warn("the node cannot be reported; trying again",
                {{"error", done.error().message}, {"wait_ms", retry.count()}});
      if (done.error().code == Errc::not_found) {  // somebody deleted the Node
        registered = false;
        lease_.release();
      }
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, done ? std::chrono::milliseconds(kLookAgain) : retry,
                      [this] { return woken_; });
    woken_ = false;
    retry = done ? std::chrono::milliseconds(kRetry)
                 : std::min<std::chrono::milliseconds>(retry * 2, kLookAgain);
  }
}

Result<> Registrar::register_node() {
  const auto want = make_node(options_, info_);
  auto node = client_->create(want);
  if (!node && node.error().code == Errc::already_exists) {
    node = client_->get<core_v1::Node>("", options_.name);
    if (node) {
      auto after = *node;
      for (const auto& [key, value] : want.metadata.labels) after.metadata.labels[key] = value;
      const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(*node), codec::encode(after)));
      if (patch != "{}")
        NODAL_TRY(
            client_->patch<core_v1::Node>("", options_.name, client::PatchType::merge, patch));
    }
  }
  if (!node) return wrap("register the node", node.error());
  lease_.hold(node->metadata.uid);
  if (!told_start_) tell({client::EventType::normal, "Starting", "Starting kubelet."});
  told_start_ = true;
  NODAL_TRY(update_status(true));
  log::info("node registered", {{"node", options_.name}, {"podCIDR", node->spec.pod_cidr}});
  return {};
}

void Registrar::tell(const NodeEvent& event) {
  // The uid of a node's own events is its name: that is how kubectl finds them.
  events_.record({"v1", "Node", "", options_.name, options_.name, "", ""}, event.type, event.reason,
                 event.message);
}

Result<> Registrar::update_status(bool force) {
  const auto node = NODAL_TRY(client_->get<core_v1::Node>("", options_.name));
  const auto version = runtime_.version();
  const auto images =
      version ? runtime_.images() : Result<std::vector<ImageInfo>>(std::vector<ImageInfo>{});
  const auto now = clock_.now();
  auto after = node;
  after.status = node_status(node, options_, read_capacity(options_.root_folder), info_,
                             images.value_or(std::vector<ImageInfo>{}),
                             version ? text::cat(version->name, "://", version->version) : "",
                             version ? "" : version.error().message, network_(node), now);
  for (const auto& event : node_events(node, after.status, cordoned_)) tell(event);
  cordoned_ = node.spec.unschedulable;
  if (!force && same_but_heartbeat(node.status, after.status) && now - reported_ < kFullReport)
    return {};
  const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(node), codec::encode(after)));
  if (patch != "{}")
    NODAL_TRY(client_->patch<core_v1::Node>("", options_.name, client::PatchType::merge, patch,
                                            "status"));
  reported_ = now;
  return {};
}

}  // namespace nodal::agent
