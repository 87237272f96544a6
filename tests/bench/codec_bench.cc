// tests/bench/codec_bench.cc — how many pods a second are read and written, beside parsing alone,
// which is the floor.
#include <benchmark/benchmark.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api-client/codec/codec.h"
#include "base/file.h"
#include "gen/coordination_v1.h"
#include "gen/core_v1.h"

namespace nodal {
namespace {

/// A pod as a server answers it: 30 labels, managedFields, three containers with probes and status.
const std::string& pod_json() {
  static const std::string json = [] {
    core_v1::Pod pod;
    const TimePoint time(std::chrono::seconds(1795418304));
    pod.metadata = {.name = "recipe-api-6d5f7c9b8-x2x7q", .namespace_ = "shop"};
    pod.metadata.uid = "0b5f6a0e-1111-4222-8333-444455556666";
    pod.metadata.resource_version = "123456";
    pod.metadata.creation_timestamp = time;
    for (int i = 0; i < 5; ++i)
      pod.metadata.labels["example.org/label-" + std::to_string(i)] = "value-of-it";
    meta_v1::ManagedFieldsEntry managed;
    managed.manager = "kube-controller-manager";
    managed.operation = "Update";
    managed.time = time;
    managed.fields_v1 =
        R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c0\"}":)"
        R"({".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{}}},"f:restartPolicy":{}}})";
    pod.metadata.managed_fields = {managed, managed};
    for (int i = 0; i < 3; ++i) {
      core_v1::Container container;
      container.name = "c" + std::to_string(i);
      container.image = "registry.example.org/shop/recipe-api:1.2.3";
      container.args = {"--listen=:8080", "--log-format=json"};
      container.env = {{.name = "MODE", .value = "production"}, {.name = "REGION", .value = "eu"}};
      container.ports = {{.name = "http", .container_port = 8080, .protocol = "TCP"}};
      container.resources.limits = {{"cpu", Quantity::milli(500)},
                                    {"memory", Quantity::bytes(256 << 20)}};
      container.resources.requests = container.resources.limits;
      container.volume_mounts = {{.name = "token",
                                  .read_only = true,
                                  .mount_path = "/var/run/secrets/kubernetes.io/serviceaccount"}};
      auto& probe = container.liveness_probe.emplace();
      probe.http_get.emplace().path = "/healthz";
      probe.http_get->port = IntOrString{8080};
      probe.period_seconds = 10;
      probe.failure_threshold = 3;
      container.readiness_probe = container.liveness_probe;
      pod.spec.containers.push_back(container);
      core_v1::ContainerStatus status;
      status.name = container.name;
      status.ready = true;
      status.image = container.image;
      status.container_id = "containerd://5a0d1b0f5a0d1b0f5a0d1b0f5a0d1b0f5a0d1b0f";
      status.state.running.emplace().started_at = time;
      pod.status.container_statuses.push_back(status);
    }
    for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"})
      pod.status.conditions.push_back(
          {.type = type, .status = "True", .last_transition_time = time});
    pod.status.phase = "Running";
    pod.status.pod_ip = "10.244.0.17";
    pod.spec.node_name = "node-1";
    return codec::encode(pod);
  }();
  return json;
}

void report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(pod_json().size()));
}

void parse_alone(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(boost::json::parse(pod_json()));
  report(state);
}
void parse_within_limits(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(codec::parse(pod_json()));
  report(state);
}
void decode_text(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(codec::decode<core_v1::Pod>(pod_json()));
  report(state);
}
void decode_document(benchmark::State& state) {
  const auto document = boost::json::parse(pod_json());
  for (auto _ : state) benchmark::DoNotOptimize(codec::decode<core_v1::Pod>(document));
  report(state);
}
void serialize_alone(benchmark::State& state) {
  const auto document = boost::json::parse(pod_json());
  for (auto _ : state) benchmark::DoNotOptimize(boost::json::serialize(document));
  report(state);
}
void to_text(benchmark::State& state) {
  const auto document = boost::json::parse(pod_json());
  for (auto _ : state) benchmark::DoNotOptimize(codec::to_text(document));
  report(state);
}
void encode(benchmark::State& state) {
  const auto pod = codec::decode<core_v1::Pod>(pod_json());
  for (auto _ : state) benchmark::DoNotOptimize(codec::encode(*pod));
  report(state);
}

BENCHMARK(parse_alone);
BENCHMARK(parse_within_limits);
BENCHMARK(decode_text);
BENCHMARK(decode_document);
BENCHMARK(serialize_alone);
BENCHMARK(to_text);
BENCHMARK(encode);

}  // namespace
}  // namespace nodal

BENCHMARK_MAIN();
