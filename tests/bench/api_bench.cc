// tests/bench/api_bench.cc — a running master under load: reads, lists, durable writes, watch
// latency, scheduling, memory. Each beside its floor where there is one: the same HTTP server and
// client with a ready answer.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "api-client/client/client.h"
#include "api-client/client/http_transport.h"
#include "api-client/client/kubeconfig.h"
#include "base/file.h"
#include "base/http/server.h"
#include "base/text.h"
#include "gen/core_v1.h"
#include "gen/discovery_v1.h"
#include "master/scheduler/schedule.h"
#include "master/scheduler/snapshot.h"

namespace nodal {
namespace {

using namespace std::chrono_literals;
using Watch = std::chrono::steady_clock;

constexpr int kClients = 16;

double seconds_since(Watch::time_point begun) {
  return std::chrono::duration<double>(Watch::now() - begun).count();
}

struct Bench {
  client::ClusterAccess access;
  std::string data_dir;
  int master = 0;  // its process id

  [[nodiscard]] std::shared_ptr<client::Client> connect() const {
    return std::make_shared<client::Client>(std::make_shared<client::HttpTransport>(access),
                                            "bench/1");
  }

  [[nodiscard]] double rss_mib() const {
    const auto status = file::read(text::cat("/proc/", master, "/status")).value_or("");
    const auto at = status.find("VmRSS:");
    return at == std::string::npos ? 0 : std::strtod(status.c_str() + at + 6, nullptr) / 1024;
  }

  // Requests a second of `clients` connections that each repeat `one` for `time`.
  static double rate(int clients, std::chrono::seconds time,
                     const std::function<std::function<bool()>(int)>& make) {
    std::atomic<long> done = 0;
    std::atomic<bool> failed = false;
    const auto begun = Watch::now();
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < clients; ++i)
        threads.emplace_back([&, i] {
          const auto one = make(i);
          long mine = 0;
          while (Watch::now() - begun < time) {
            if (!one()) {
              failed = true;
              break;
            }
            ++mine;
          }
          done += mine;
        });
    }
    if (failed) std::puts("  a request failed");
    return static_cast<double>(done) / seconds_since(begun);
  }

  [[nodiscard]] double get_rate(const client::ClusterAccess& where, const std::string& path,
                                std::chrono::seconds time) const {
    return rate(kClients, time, [&](int) {
      auto transport = std::make_shared<client::HttpTransport>(where);
      return [transport, path] {
        http::Request request;
        request.method = "GET";
        request.target = path;
        const auto answer = transport->send(request, {});
        return answer && answer->status == 200;
      };
    });
  }

  // A server in this process with the master's keys; null when it cannot start, which it says.
  [[nodiscard]] std::unique_ptr<http::Server> floor_server(http::Handler handler) const {
    http::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.threads = 2;
    options.tls =
        http::ServerTls{.certificate_pem = file::read(data_dir + "/pki/apiserver.crt").value_or(""),
                        .key_pem = file::read(data_dir + "/pki/apiserver.key").value_or("")};
    auto server = http::Server::start(options, std::move(handler));
    if (server) return std::move(*server);
    std::printf("  no floor: %s\n", server.error().message.c_str());
    return nullptr;
  }
  [[nodiscard]] client::ClusterAccess at(const http::Server& server) const {
    auto where = access;
    where.server = text::cat("https://127.0.0.1:", server.port());
    return where;
  }

  // The same bytes from a server that only sends them.
  [[nodiscard]] double floor_rate(const std::string& body, std::chrono::seconds time) const {
    const auto bytes = std::make_shared<const std::string>(body);
    const auto server =
        floor_server([bytes](const http::Request&, const http::ResponderPtr& responder) {
          http::Response response;
          response.status = 200;
          response.headers.set("Content-Type", "application/json");
          response.body.push_back(bytes);
          responder->send(std::move(response));
        });
    if (!server) return 0;
    const double result = get_rate(at(*server), "/", time);
    server->stop(100ms);
    return result;
  }
};

core_v1::Pod pod_named(const std::string& name) {
  core_v1::Pod pod;
  pod.metadata.namespace_ = "default";
  pod.metadata.name = name;
  pod.metadata.labels = {{"app", "bench"}};
  core_v1::Container container;
  container.name = "main";
  container.image = "web:1";
  container.resources.requests["cpu"] = Quantity::milli(100);
  container.resources.requests["memory"] = Quantity::bytes(64 << 20);
  pod.spec.containers.push_back(container);
  return pod;
}

// Creates count objects over kClients connections; how many a second.
double create_many(const Bench& bench, int count,
                   const std::function<Result<>(client::Client&, int)>& one) {
  std::atomic<int> next = 0;
  const auto begun = Watch::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kClients; ++i)
      threads.emplace_back([&] {
        const auto client = bench.connect();
        for (int n = next++; n < count; n = next++)
          if (auto done = one(*client, n); !done) {
            std::printf("  %s\n", done.error().message.c_str());
            return;
          }
      });
  }
  return count / seconds_since(begun);
}

Result<> create_pod(client::Client& client, const std::string& name) {
  NODAL_TRY(client.create(pod_named(name)));
  return {};
}

void reads(const Bench& bench) {
  const auto client = bench.connect();
  const std::string path = "/api/v1/namespaces/default/pods/bench-0";
  const auto one = client->get_text(path).value_or("");
  const double got = bench.get_rate(bench.access, path, 3s);
  const double floor = bench.floor_rate(one, 3s);
  std::printf(
      "GET pod/s, %d clients          %10.0f   floor (same bytes, ready) %10.0f   ratio %.2f\n",
      kClients, got, floor, got / floor);
  const std::string list = "/api/v1/namespaces/default/pods";
  const auto many = client->get_text(list).value_or("");
  const double lists = bench.get_rate(bench.access, list, 3s);
  const double list_floor = bench.floor_rate(many, 3s);
  std::printf(
      "LIST of 1,000 pods/s           %10.0f   floor (same bytes, ready) %10.0f   ratio %.2f   "
      "(%.1f MB each)\n",
      lists, list_floor, lists / list_floor, static_cast<double>(many.size()) / 1e6);
}

void writes(const Bench& bench) {
  std::atomic<int> serial = 0;
  const double got = Bench::rate(kClients, 3s, [&](int) {
    auto client = bench.connect();
    return [client, &serial] {
      core_v1::ConfigMap map;
      map.metadata.namespace_ = "default";
      map.metadata.name = text::cat("bench-", serial++);
      map.data["key"] = std::string(100, 'x');
      return client->create(map).has_value();
    };
  });
  // Floor: what one writer can make durable, 100 small records to a flush.
  const std::string path = bench.data_dir + "/bench.sync";
  int flushes = 0;
  {
    const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    const std::string block(4096, 'x');
    for (const auto begun = Watch::now(); seconds_since(begun) < 1.0; ++flushes) {
      if (::write(fd, block.data(), block.size()) < 0) break;
      ::fdatasync(fd);
    }
    ::close(fd);
    ::unlink(path.c_str());
  }
  std::printf(
      "CREATE ConfigMap/s, durable    %10.0f   (this disk: %d flushes/s; %d clients share each)\n",
      got, flushes, kClients);
}

struct Delays {
  double p50 = 0, p90 = 0, last = 0;  // ms
};

// From a change to its event at each of so many streams.
// @param change  makes the change whose event has that text in it; false ends it
Delays fan_out(const client::ClusterAccess& where, const std::string& target, int watchers,
               const std::function<bool(const std::string&)>& change) {
  std::mutex mutex;
  std::vector<double> delays;
  std::atomic<std::int64_t> sent = 0;
  std::atomic<int> ready = 0, seen = 0;
  std::vector<std::jthread> threads;
  const auto mine = text::cat("latency-", watchers, "-");
  for (int i = 0; i < watchers; ++i)
    threads.emplace_back([&](const std::stop_token& stop) {
      client::HttpTransport transport(where);
      http::Request request;
      request.method = "GET";
      request.target = target;
      ++ready;
      static_cast<void>(transport.stream(
          request,
          [&](std::string_view bytes) {
            if (bytes.find(mine) == std::string_view::npos) return true;
            const auto now = Watch::now().time_since_epoch().count();
            const std::lock_guard lock(mutex);
            delays.push_back(static_cast<double>(now - sent) / 1e6);
            ++seen;
            return true;
          },
          stop));
    });
  while (ready < watchers) std::this_thread::sleep_for(10ms);
  std::this_thread::sleep_for(1s);
  for (int i = 0; i < 50; ++i) {
    seen = 0;
    sent = Watch::now().time_since_epoch().count();
    if (!change(text::cat(mine, i))) break;
    for (int wait = 0; seen < watchers && wait < 2000; ++wait) std::this_thread::sleep_for(1ms);
  }
  for (auto& thread : threads) thread.request_stop();
  threads.clear();
  std::ranges::sort(delays);
  if (delays.empty()) return {};
  const auto at = [&](double share) {
    return delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))];
  };
  return {at(0.5), at(0.9), delays.back()};
}

// Of a server that makes one record durable and sends ready bytes to everybody.
Delays fan_out_floor(const Bench& bench, int watchers, std::size_t size) {
  std::mutex mutex;
  std::vector<http::ResponderPtr> streams;
  const auto server = bench.floor_server([&](const http::Request&, http::ResponderPtr responder) {
    const std::lock_guard lock(mutex);
    http::Response response;
    response.status = 200;
    responder->begin(std::move(response));
    streams.push_back(std::move(responder));
  });
  if (!server) return {};
  const std::string path = bench.data_dir + "/bench.sync";
  const UniqueFd fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600));
  const auto out = fan_out(bench.at(*server), "/", watchers, [&](const std::string& text) {
    const auto bytes = std::make_shared<const std::string>(text + std::string(size, 'x') + "\n");
    if (::write(fd.get(), bytes->data(), bytes->size()) < 0 || ::fdatasync(fd.get()) != 0)
      return false;
    const std::lock_guard lock(mutex);
    for (const auto& stream : streams) stream->write(bytes);
    return true;
  });
  static_cast<void>(file::remove(path));
  server->stop(100ms);
  streams.clear();
  return out;
}

void watch_latency(const Bench& bench, int watchers) {
  const auto client = bench.connect();
  const auto got =
      fan_out(bench.access, "/api/v1/namespaces/default/secrets?watch=true&resourceVersion=0",
              watchers, [&](const std::string& name) {
                core_v1::Secret secret;
                secret.metadata.namespace_ = "default";
                secret.metadata.name = name;
                return client->create(secret).has_value();
              });
  const auto floor = fan_out_floor(bench, watchers, 500);
  std::printf(
      "create → event, %3d watchers   p50 %.2f ms   p90 %.2f ms   last %.2f ms   floor (one flush, "
      "ready bytes) p50 %.2f ms   p90 %.2f ms   ratio %.2f\n",
      watchers, got.p50, got.p90, got.last, floor.p50, floor.p90, got.p50 / floor.p50);
}

void create_nodes(client::Client& client, int count) {
  for (int i = 0; i < count; ++i) {
    core_v1::Node node;
    node.metadata.name = text::cat("node-", i);
    for (auto* amounts : {&node.status.allocatable, &node.status.capacity})
      *amounts = {{"cpu", Quantity::of(16)},
                  {"memory", Quantity::bytes(64LL << 30)},
                  {"pods", Quantity::of(110)}};
    core_v1::NodeCondition ready;
    ready.type = "Ready";
    ready.status = "True";
    ready.last_heartbeat_time =
        std::chrono::time_point_cast<TimePoint::duration>(std::chrono::system_clock::now());
    node.status.conditions.push_back(ready);
    if (auto made = client.create(node); !made) std::printf("  %s\n", made.error().message.c_str());
  }
}

// Sees which pods are bound, and when.
class BindingWatch {
 public:
  BindingWatch(const Bench& bench, std::string prefix)
      : thread_([this, &bench, prefix = text::cat("\"name\":\"", prefix)](std::stop_token stop) {
          client::HttpTransport transport(bench.access);
          http::Request request;
          request.method = "GET";
          request.target =
              "/api/v1/namespaces/default/"
              "pods?watch=true&resourceVersion=0&labelSelector=app%3Dbench"
              "&fieldSelector=spec.nodeName%21%3D";
          std::string rest;
          static_cast<void>(transport.stream(
              request,
              [&](std::string_view bytes) {
                const auto now = Watch::now();
                rest += bytes;
                for (std::size_t end; (end = rest.find('\n')) != std::string::npos;
                     rest.erase(0, end + 1)) {
                  const auto name = rest.find(prefix);
                  if (name == std::string::npos || name > end) continue;
                  const std::lock_guard lock(mutex_);
                  if (!bound_.insert(rest.substr(name, prefix.size() + 6)).second) continue;
                  if (bound_.size() == 1) first_ = now;
                  last_ = now;
                }
                return true;
              },
              stop));
        }) {
    std::this_thread::sleep_for(200ms);
  }
  int wait(int count) {
    for (int i = 0; i < 30000; ++i, std::this_thread::sleep_for(1ms)) {
      const std::lock_guard lock(mutex_);
      if (std::cmp_greater_equal(bound_.size(), count)) break;
    }
    const std::lock_guard lock(mutex_);
    return static_cast<int>(bound_.size());
  }
  [[nodiscard]] Watch::time_point first() const { return first_; }
  [[nodiscard]] Watch::time_point last() const { return last_; }

 private:
  std::mutex mutex_;
  std::set<std::string> bound_;
  Watch::time_point first_{}, last_{};
  std::jthread thread_;
};

void scheduling(const Bench& bench) {
  const auto client = bench.connect();
  const auto create = [&](const char* prefix) {
    return create_many(bench, 1000, [prefix](client::Client& c, int i) {
      return create_pod(c, text::cat(prefix, 100000 + i));
    });
  };
  create_nodes(*client, 100);
  // The decisions alone: the same nodes and pods, without a server.
  {
    master::scheduler::ClusterSnapshot cluster;
    const auto nodes = client->list<core_v1::Node>();
    if (!nodes) return;
    for (const auto& node : nodes->items)
      cluster.put_node(std::make_shared<const core_v1::Node>(node));
    const auto begun = Watch::now();
    int fit = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto name = text::cat("pure-", i);
      auto facts =
          master::scheduler::facts_of(std::make_shared<const core_v1::Pod>(pod_named(name)));
      const auto decision = master::scheduler::schedule(facts, cluster);
      fit += decision.node.empty() ? 0 : 1;
      cluster.put_pod(name, std::move(facts), decision.node);
      cluster.mark_chosen(decision.node);
    }
    std::printf("scheduler, 1,000 decisions on 100 nodes: %d fit, %.0f pods/s without the API\n",
                fit, 1000 / seconds_since(begun));
  }
  // Pods that come one by one: the whole way.
  BindingWatch watch(bench, "coming-");
  const auto begun = Watch::now();
  const double created = create("coming-");
  const int bound = watch.wait(1000);
  std::printf(
      "create and schedule 1,000 pods: %d bound, %.0f pods/s from the first POST to the last "
      "binding seen (POSTs alone: %.0f/s; target 2,000)\n",
      bound, bound / std::chrono::duration<double>(watch.last() - begun).count(), created);
}

int main_of(const std::string& what, Bench& bench) {
  if (what == "api") {
    std::printf("RSS of the master, empty       %10.1f MiB\n", bench.rss_mib());
    create_many(bench, 1000,
                [](client::Client& c, int i) { return create_pod(c, text::cat("bench-", i)); });
    reads(bench);
    watch_latency(bench, 1);
    watch_latency(bench, 100);
    writes(bench);
  } else if (what == "pods") {
    create_many(bench, 5000,
                [](client::Client& c, int i) { return create_pod(c, text::cat("bench-", i)); });
    std::this_thread::sleep_for(2s);
    std::printf("RSS of the master, 5,000 pods  %10.1f MiB   (target 80)\n", bench.rss_mib());
  } else if (what == "scheduler") {
    scheduling(bench);
  } else if (what == "services") {
    // The proxy's own, without which it loads nothing.
    core_v1::Node node;
    node.metadata.name = "node1";
    node.status.addresses.push_back({.type = "InternalIP", .address = "192.0.2.1"});
    if (auto made = bench.connect()->create(node); !made)
      std::printf("  %s\n", made.error().message.c_str());
    create_many(bench, 10000, [](client::Client& c, int i) -> Result<> {
      core_v1::Service service;
      service.metadata.namespace_ = "default";
      service.metadata.name = text::cat("s", i);
      core_v1::ServicePort port;
      port.port = 80;
      port.protocol = "TCP";
      service.spec.ports.push_back(port);
      NODAL_TRY(c.create(service));
      discovery_v1::EndpointSlice slice;
      slice.metadata.namespace_ = "default";
      slice.metadata.name = text::cat("s", i);
      slice.metadata.labels = {{"kubernetes.io/service-name", service.metadata.name}};
      slice.address_type = "IPv4";
      for (int e = 1; e <= 2; ++e) {
        discovery_v1::Endpoint endpoint;
        endpoint.addresses = {text::cat("10.244.", i / 100, ".", (i % 100) * 2 + e)};
        slice.endpoints.push_back(endpoint);
      }
      discovery_v1::EndpointPort target;
      target.name = "";
      target.port = 8080;
      target.protocol = "TCP";
      slice.ports.push_back(target);
      NODAL_TRY(c.create(slice));
      return {};
    });
  } else {
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace nodal

int main(int argc, char** argv) {
  if (argc != 4) {
    std::puts("bench_api api|pods|scheduler|services DATA-DIR MASTER-PID");
    return 2;
  }
  nodal::Bench bench;
  bench.data_dir = argv[2];
  bench.master = std::atoi(argv[3]);
  auto access = nodal::client::load_kubeconfig(bench.data_dir + "/admin.kubeconfig");
  if (!access) {
    std::printf("%s\n", access.error().message.c_str());
    return 1;
  }
  bench.access = *access;
  return nodal::main_of(argv[1], bench);
}
