// tests/bench/node_bench.cc — how soon pods are Ready and gone on a running node; the floor is the
// same sandbox, CNI call and container through the same socket, one after another and in parallel.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>

#include "agent/runtime/docker/runtime.h"
#include "api-client/client/client.h"
#include "api-client/client/http_transport.h"
#include "api-client/client/kubeconfig.h"
#include "api-client/client/mirror.h"
#include "api-client/client/reflector.h"
#include "base/text.h"
#include "gen/apps_v1.h"

namespace nodal {
namespace {

using namespace std::chrono_literals;
using Watch = std::chrono::steady_clock;

constexpr const char* kImage = "web:1";
constexpr int kFloorThreads = 8;

double seconds(Watch::time_point begun) {
  return std::chrono::duration<double>(Watch::now() - begun).count();
}

core_v1::PodSpec spec() {
  core_v1::PodSpec out;
  out.termination_grace_period_seconds = 1;
  core_v1::Container container;
  container.name = "main";
  container.image = kImage;
  container.command = {"/bin/sh", "-c", "trap '' TERM; while true; do sleep 1000; done"};
  out.containers.push_back(container);
  return out;
}

bool is_ready(const core_v1::Pod& pod) {
  return std::ranges::any_of(pod.status.conditions, [](const auto& condition) {
    return condition.type == "Ready" && condition.status == "True";
  });
}

template <class Fact>
bool wait_for(std::chrono::seconds limit, Fact fact) {
  for (const auto begun = Watch::now(); Watch::now() - begun < limit;
       std::this_thread::sleep_for(1ms))
    if (fact()) return true;
  return false;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

struct Floor {
  explicit Floor(agent::docker::DockerOptions options) : runtime(std::move(options)) {}

  agent::docker::DockerRuntime runtime;

  Result<> one(const std::string& name) {
    agent::SandboxConfig sandbox;
    sandbox.pod = {"floor", name, "uid-" + name};
    sandbox.hostname = name;
    const auto id = NODAL_TRY(runtime.run_sandbox(sandbox));
    agent::ContainerConfig container;
    container.pod = sandbox.pod;
    container.name = "main";
    container.image = kImage;
    container.command = {"/bin/sh", "-c", "sleep 1000"};
    NODAL_TRY(runtime.start_container(id, container));
    return {};
  }
  void clear() {
    const auto seen = runtime.list();
    if (!seen) return;
    std::vector<std::jthread> threads;
    for (const auto& pod : *seen) {
      if (pod.pod.namespace_ != "floor") continue;
      threads.emplace_back([this, pod] {
        for (const auto& container : pod.containers) {
          static_cast<void>(runtime.stop_container(container.id, 0s));
          static_cast<void>(runtime.remove_container(container.id));
        }
        for (const auto& sandbox : pod.sandboxes)
          static_cast<void>(runtime.remove_sandbox(sandbox.id));
      });
    }
  }
};

}  // namespace
}  // namespace nodal

int main(int argc, char** argv) {
  using namespace nodal;
  if (argc != 5) {
    std::puts("bench_node KUBECONFIG DOCKER-SOCKET CNI-CONFIG-FOLDER CNI-PROGRAM-FOLDER");
    return 2;
  }
  const auto access = client::load_kubeconfig(argv[1]);
  if (!access) {
    std::printf("%s\n", access.error().message.c_str());
    return 1;
  }
  const auto client =
      std::make_shared<client::Client>(std::make_shared<client::HttpTransport>(*access), "bench/1");
  client::Mirror<core_v1::Pod> pods;
  const client::Reflector<core_v1::Pod> reflector(client, pods, {.namespace_ = "default"});
  wait_for(10s, [&] { return pods.has_synced(); });

  Floor floor(agent::docker::DockerOptions{.address = text::cat("unix:", argv[2]),
                                           .cni = {.config_folder = argv[3],
                                                   .plugin_folders = {argv[4], "/usr/lib/cni"},
                                                   .record_folder = "/tmp/nodal-bench-records",
                                                   .timeout = 20s},
                                           .log = {},
                                           .node_ips = {"192.0.2.1"}});

  constexpr int kRounds = 7;
  std::vector<double> made, gone, floors;
  for (int i = 0; i < kRounds; ++i) {
    auto begun = Watch::now();
    if (auto one = floor.one(text::cat("f", i)); !one) {
      std::printf("floor: %s\n", one.error().message.c_str());
      return 1;
    }
    floors.push_back(seconds(begun));
    core_v1::Pod pod;
    pod.metadata.namespace_ = "default";
    pod.metadata.name = text::cat("one-", i);
    pod.spec = spec();
    const auto key = "default/" + pod.metadata.name;
    begun = Watch::now();
    if (auto created = client->create(pod); !created) {
      std::printf("%s\n", created.error().message.c_str());
      return 1;
    }
    if (!wait_for(30s, [&] {
          const auto now = pods.get(key);
          return now && is_ready(*now);
        }))
      return 1;
    made.push_back(seconds(begun));
    begun = Watch::now();
    if (auto removed = client->remove<core_v1::Pod>("default", pod.metadata.name); !removed)
      return 1;
    if (!wait_for(30s, [&] { return !pods.get(key); })) return 1;
    gone.push_back(seconds(begun));
  }
  floor.clear();
  std::printf(
      "pod create → Ready             %.2f s   floor %.2f s   ratio %.2f   (target 1.3; median of "
      "%d)\n",
      median(made), median(floors), median(made) / median(floors), kRounds);
  std::printf("pod delete, grace 1 s → gone   %.2f s   (target 1.6)\n", median(gone));

  constexpr int kMany = 30;
  auto begun = Watch::now();
  {
    std::atomic<int> next = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < kFloorThreads; ++t)
      threads.emplace_back([&] {
        for (int i = next++; i < kMany; i = next++)
          if (auto one = floor.one(text::cat("many", i)); !one)
            std::printf("floor: %s\n", one.error().message.c_str());
      });
  }
  const double many_floor = seconds(begun);
  floor.clear();
  apps_v1::Deployment deployment;
  deployment.metadata.namespace_ = "default";
  deployment.metadata.name = "many";
  deployment.spec.replicas = kMany;
  deployment.spec.selector.emplace().match_labels = {{"app", "many"}};
  deployment.spec.template_.metadata.labels = {{"app", "many"}};
  deployment.spec.template_.spec = spec();
  begun = Watch::now();
  if (auto created = client->create(deployment); !created) {
    std::printf("%s\n", created.error().message.c_str());
    return 1;
  }
  const auto ready = [&] {
    int count = 0;
    for (const auto& pod : pods.all()) count += is_ready(*pod) ? 1 : 0;
    return count;
  };
  if (!wait_for(120s, [&] { return ready() == kMany; })) return 1;
  const double many = seconds(begun);
  std::printf(
      "Deployment 0 → 30, all Ready   %.2f s   floor (%d at a time) %.2f s   ratio %.2f   (target "
      "1.3)\n",
      many, kFloorThreads, many_floor, many / many_floor);
  begun = Watch::now();
  if (!client->remove<apps_v1::Deployment>("default", "many", {.propagation_policy = "Background"}))
    return 1;
  if (!wait_for(120s, [&] { return pods.size() == 0; })) return 1;
  std::printf("the same, deleted → all gone   %.2f s\n", seconds(begun));
  return 0;
}
