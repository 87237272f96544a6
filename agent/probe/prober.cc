// agent/probe/prober.cc — see prober.h.
#include "agent/probe/prober.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "agent/probe/dial.h"
#include "agent/probe/grpc_health.h"
#include "agent/probe/http_probe.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::size_t kMostOutput = 512;
// A probe that hangs holds its thread until its timeout, and no other probe has to wait for it:
// more than a node has probes, as a rule. Threads come when needed and go when idle.
constexpr int kThreads = 512;

const char* name(ProbeKind kind) {
  return kind == ProbeKind::liveness    ? "liveness"
         : kind == ProbeKind::readiness ? "readiness"
                                        : "startup";
}

std::optional<std::uint16_t> port_of(const IntOrString& port, const core_v1::Container& container) {
  if (port.is_int())
    return port.as_int() > 0 && port.as_int() < 65536
               ? std::optional(static_cast<std::uint16_t>(port.as_int()))
               : std::nullopt;
  for (const auto& p : container.ports)
    if (p.name == port.as_string()) return static_cast<std::uint16_t>(p.container_port);
  return text::number<std::uint16_t>(port.as_string());
}

ProbeOutcome tcp_connect(std::uint16_t port, const std::string& ip,
                         std::chrono::milliseconds timeout) {
  const auto address = net::IpAddress::parse(ip);
  if (!address) return {false, text::cat("the pod has no address: ", ip)};
  const net::SocketAddress to{*address, port};
  const auto connected = dial(to, std::chrono::steady_clock::now() + timeout);
  if (connected) return {true, ""};
  return {false,
          text::cat("dial tcp ", to.text(), ": connect: ", std::strerror(connected.error()))};
}

}  // namespace

Result<std::string> probe_address(const std::string& host, const std::string& pod_ip) {
  if (host.empty()) return pod_ip;
  const auto parsed = net::IpAddress::parse(host);
  if (!parsed)
    return fail(Errc::invalid, text::cat("host \"", host,
                                         "\" is not an address; leave host out to ask the pod, "
                                         "and name a virtual host in the header Host"));
  // The kernel connects a mapped address to the IPv4 address in it.
  const auto address = parsed->unmapped();
  if (address.text() != pod_ip && (address.is_loopback() || address.is_link_local() ||
                                   address.is_multicast() || address.is_unspecified()))
    return fail(Errc::forbidden,
                text::cat("host ", host,
                          " is refused: a probe may not ask loopback or link-local "
                          "addresses of the node; leave host out to ask the pod"));
  return address.text();
}

ProbeOutcome exec_outcome(const Result<ExecResult>& result, std::chrono::seconds timeout) {
  if (result)
    return {result->exit_code == 0, std::string(text::trim(result->output)).substr(0, kMostOutput)};
  if (result.error().code == Errc::timed_out)
    return {false, text::cat("command timed out after ", timeout.count(), "s")};
  return {.success = false, .output = result.error().message, .unknown = true};
}

ProbeOutcome run_probe(const core_v1::Probe& probe, const core_v1::Container& container,
                       const std::string& ip, const std::string& container_id, Runtime& runtime) {
  const auto timeout = std::chrono::seconds(std::max(probe.timeout_seconds, 1));
  if (probe.exec) {
    return exec_outcome(runtime.exec(container_id, probe.exec->command, timeout), timeout);
  }
  if (probe.http_get) {
    const auto port = port_of(probe.http_get->port, container);
    if (!port)
      return {false,
              text::cat("no port ", probe.http_get->port.text(), " in container ", container.name)};
    const auto address = probe_address(probe.http_get->host, ip);
    if (!address) return {false, address.error().message};
    return http_probe(*probe.http_get, *port, *address, timeout);
  }
  if (probe.tcp_socket) {
    const auto port = port_of(probe.tcp_socket->port, container);
    if (!port)
      return {false, text::cat("no port ", probe.tcp_socket->port.text(), " in container ",
                               container.name)};
    const auto address = probe_address(probe.tcp_socket->host, ip);
    if (!address) return {false, address.error().message};
    return tcp_connect(*port, *address, timeout);
  }
  if (probe.grpc) {
    const auto address = net::IpAddress::parse(ip);
    if (!address) return {false, text::cat("the pod has no address: ", ip)};
    return check_grpc_health({*address, static_cast<std::uint16_t>(probe.grpc->port)},
                             probe.grpc->service.value_or(""), timeout);
  }
  return {false, "this kind of probe is not supported on this node"};
}

Prober::Prober(Runtime& runtime, const Clock& clock, std::function<void(const Change&)> changed)
    : runtime_(runtime),
      clock_(clock),
      changed_(std::move(changed)),
      loop_({.name = "probe", .threads = kThreads},
            [this](const std::string& key) { return run(key); }) {}

void Prober::watch(const core_v1::Pod& pod, const core_v1::Container& container,
                   const std::string& container_id, const std::string& ip, TimePoint started_at,
                   bool was_ready, bool was_started) {
  const auto begin = [&](ProbeKind kind, const Box<core_v1::Probe>& probe, bool initial) {
    if (!probe) return;
    const std::string key = text::cat(container_id, "/", name(kind));
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.contains(key)) return;
      tasks_.emplace(key, Task{pod.metadata.uid, container_id, ip, container, *probe, kind,
                               started_at, ProbeState(initial)});
    }
    const auto first =
        started_at + std::chrono::seconds(probe->initial_delay_seconds) - clock_.now();
    loop_.wake_after(key, std::max<std::chrono::nanoseconds>(first, std::chrono::nanoseconds(0)));
  };
  begin(ProbeKind::startup, container.startup_probe, was_started);
  begin(ProbeKind::liveness, container.liveness_probe, true);
  begin(ProbeKind::readiness, container.readiness_probe, was_ready);
}

void Prober::keep_only(const std::string& pod_uid, const std::vector<std::string>& container_ids) {
  const std::lock_guard lock(mutex_);
  std::erase_if(tasks_, [&](const auto& entry) {
    const Task& task = entry.second;
    if (task.pod_uid != pod_uid ||
        std::ranges::find(container_ids, task.container_id) != container_ids.end())
      return false;
    loop_.forget(entry.first);
    return true;
  });
}

void Prober::end_liveness(const std::string& pod_uid) {
  const std::lock_guard lock(mutex_);
  std::erase_if(tasks_, [&](const auto& entry) {
    const bool ends = entry.second.pod_uid == pod_uid && entry.second.kind == ProbeKind::liveness;
    if (ends) loop_.forget(entry.first);
    return ends;
  });
}

bool Prober::has_started(const std::string& container_id) const {
  const auto it = tasks_.find(text::cat(container_id, "/startup"));
  return it == tasks_.end() || it->second.state.good();
}

Result<Again> Prober::run(const std::string& key) {
  std::optional<Task> task;
  {
    const std::lock_guard lock(mutex_);
    const auto it = tasks_.find(key);
    if (it == tasks_.end()) return Again{};
    if (it->second.kind == ProbeKind::startup && it->second.state.good())
      return Again{};  // done for good
    if (it->second.kind != ProbeKind::startup && !has_started(it->second.container_id))
      return Again{std::chrono::milliseconds(100)};
    task = it->second;
  }
  auto outcome = run_probe(task->probe, task->container, task->ip, task->container_id, runtime_);
  Change change{.pod_uid = task->pod_uid,
                .container_id = task->container_id,
                .container = task->container.name,
                .kind = task->kind,
                .good = outcome.success,
                .verdict = false,
                .warning = outcome.warning,
                .known = !outcome.unknown,
                .output = std::move(outcome.output)};
  {
    const std::lock_guard lock(mutex_);
    const auto it = tasks_.find(key);
    if (it == tasks_.end()) return Again{};
    // A startup probe that never succeeds begins as not good: its failures are told once they reach
    // the threshold.
    if (!change.known) {
      change.verdict = false;
    } else if (task->kind == ProbeKind::startup && !outcome.success) {
      static_cast<void>(it->second.state.count(false, task->probe));
      change.verdict =
          it->second.state.failures_in_a_row() == std::max(task->probe.failure_threshold, 1);
    } else {
      change.verdict = it->second.state.count(outcome.success, task->probe);
    }
  }
  if (change.verdict || change.warning || !change.good) changed_(change);
  return Again{std::chrono::seconds(std::max(task->probe.period_seconds, 1))};
}

std::map<std::string, bool> Prober::ready_of(const std::string& pod_uid) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, bool> out;
  for (const auto& [key, task] : tasks_)
    if (task.pod_uid == pod_uid && task.kind == ProbeKind::readiness)
      out[task.container_id] = task.state.good();
  return out;
}

std::map<std::string, bool> Prober::started_of(const std::string& pod_uid) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, bool> out;
  for (const auto& [key, task] : tasks_)
    if (task.pod_uid == pod_uid && task.kind == ProbeKind::startup)
      out[task.container_id] = task.state.good();
  return out;
}

std::vector<std::string> Prober::failed_of(const std::string& pod_uid) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [key, task] : tasks_) {
    if (task.pod_uid != pod_uid) continue;
    const bool failed =
        (task.kind == ProbeKind::liveness && !task.state.good()) ||
        (task.kind == ProbeKind::startup &&
         task.state.failures_in_a_row() >= std::max(task.probe.failure_threshold, 1));
    if (failed) out.push_back(task.container_id);
  }
  return out;
}

}  // namespace nodal::agent
