// agent/runtime/docker/runtime.cc — what there is: list, inspect, watch, and the facts remembered.
#include "agent/runtime/docker/runtime.h"

#include <algorithm>
#include <cstdlib>

#include "agent/runtime/docker/json.h"
#include "agent/runtime/docker/seen.h"
#include "base/file.h"
#include "base/http/message.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

constexpr std::size_t kMaxEventLine = 1u << 20;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// {"label": ["a", "b=c"]}, encoded for a query.
std::string label_filter(const std::vector<std::string>& labels) {
  json::bj::array list;
  for (const auto& l : labels) list.emplace_back(l);
  return http::percent_encode(json::bj::serialize(json::bj::object{{"label", std::move(list)}}));
}

}  // namespace

std::int64_t oom_score_floor() {
  constexpr std::uint64_t cap_sys_resource = 1ull << 24;
  const auto status = file::read("/proc/self/status", 1u << 16).value_or("");
  if (const auto at = status.find("CapEff:"); at != std::string::npos)
    if (std::strtoull(status.c_str() + at + 7, nullptr, 16) & cap_sys_resource) return -1000;
  const auto own = file::read("/proc/self/oom_score_adj", 64).value_or("0");
  return text::number<std::int64_t>(text::trim(own)).value_or(0);
}

Result<std::string> checked_id(std::string_view id) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  if (id.empty() || id.size() > 512 || id.find_first_not_of(allowed) != std::string_view::npos ||
      id.front() == '.')
    return fail(Errc::invalid, text::cat("'", id.substr(0, 100), "' is no container id"));
  return std::string(id);
}

DockerRuntime::DockerRuntime(DockerOptions options)
    : options_(std::move(options)),
      engine_(options_.address),
      cni_(options_.cni),
      oom_floor_(oom_score_floor()),
      node_ips_(options_.node_ips),
      seen_until_(now_ns()) {}

void DockerRuntime::set_node_ips(std::vector<std::string> ips) {
  const std::lock_guard lock(mutex_);
  node_ips_ = std::move(ips);
}

Result<Runtime::Version> DockerRuntime::version() {
  return Version{"docker", NODAL_TRY(engine_.version()).version};
}

Result<std::vector<Summary>> DockerRuntime::summaries(const std::vector<std::string>& labels) {
  const auto answer = NODAL_TRY(
      engine_.call("GET", text::cat("/containers/json?all=1&filters=", label_filter(labels))));
  return parse_summaries(answer.text());
}

Result<Details> DockerRuntime::details(std::string_view id, std::string_view state_now) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = details_.find(id);
        it != details_.end() && still_true(it->second, state_now))
      return it->second;
  }
  const auto path = text::cat("/containers/", NODAL_TRY(checked_id(id)), "/json");
  auto fresh = NODAL_TRY(parse_details(NODAL_TRY(engine_.call("GET", path)).text()));
  const std::lock_guard lock(mutex_);
  return details_.insert_or_assign(fresh.id, std::move(fresh)).first->second;
}

void DockerRuntime::forget(std::string_view id) {
  const std::lock_guard lock(mutex_);
  if (const auto it = details_.find(id); it != details_.end()) details_.erase(it);
  if (const auto it = addresses_.find(id); it != addresses_.end()) addresses_.erase(it);
}

void DockerRuntime::forget_images() {
  const std::lock_guard lock(mutex_);
  images_.clear();
  ++image_epoch_;
}

std::vector<std::string> DockerRuntime::addresses_of(const Details& sandbox) {
  {
    const std::lock_guard lock(mutex_);
    if (sandbox.network_mode == "host") return node_ips_;
    if (const auto it = addresses_.find(sandbox.id); it != addresses_.end()) return it->second;
  }
  auto found = cni_.addresses(sandbox.id);
  if (!found) return {};
  const std::lock_guard lock(mutex_);
  return addresses_.insert_or_assign(sandbox.id, std::move(*found)).first->second;
}

std::string DockerRuntime::digest_of(const Details& container) {
  const auto info = image(container.image_id);
  return info && !info->digests.empty() ? info->digests.front() : container.image_id;
}

Result<std::vector<SeenPod>> DockerRuntime::seen(const std::vector<Summary>& summaries) {
  std::map<PodRef, SeenPod> pods;
  for (const auto& summary : summaries) {
    const auto found = details(summary.id, summary.state);
    if (!found) {
      if (found.error().code == Errc::not_found) continue;  // removed meanwhile
      return std::unexpected(found.error());
    }
    const auto ref = pod_of(found->labels);
    auto& pod = pods[ref];
    pod.pod = ref;
    if (is_sandbox(*found))
      pod.sandboxes.push_back(seen_sandbox(*found, addresses_of(*found)));
    else
      pod.containers.push_back(seen_container(*found, digest_of(*found)));
  }
  std::vector<SeenPod> out;
  for (auto& [ref, pod] : pods) {
    order(pod);
    out.push_back(std::move(pod));
  }
  return out;
}

Result<std::vector<SeenPod>> DockerRuntime::list() {
  // Before the containers: a record that is older than the list and has no container is an orphan.
  const auto recorded = cni_.recorded();
  const auto present = NODAL_TRY(summaries({std::string(kTypeLabel)}));
  {
    std::set<std::string_view> ids;
    for (const auto& s : present) ids.insert(s.id);
    const std::lock_guard lock(mutex_);
    std::erase_if(details_, [&](const auto& entry) { return !ids.contains(entry.first); });
    std::erase_if(addresses_, [&](const auto& entry) { return !ids.contains(entry.first); });
  }
  if (recorded)
    if (auto released = release_orphans(*recorded, present); !released)
      log::warn("release of a lost sandbox's network", {{"error", released.error().message}});
  return seen(present);
}

Result<> DockerRuntime::release_orphans(const std::vector<std::string>& recorded,
                                        const std::vector<Summary>& present) {
  Result<> first;
  for (const auto& id : recorded)
    if (std::ranges::find(present, id, &Summary::id) == present.end())
      if (auto removed = cni_.remove(id, ""); !removed && first) first = std::move(removed);
  if (!swept_.exchange(true)) {
    std::vector<std::string> live;
    for (const auto& container : present) live.push_back(container.id);
    if (auto swept = cni_.collect_garbage(live); !swept) {
      swept_ = false;
      if (first) first = std::move(swept);
    }
  }
  return first;
}

Result<SeenPod> DockerRuntime::inspect(const PodRef& pod) {
  const auto present =
      NODAL_TRY(summaries({std::string(kTypeLabel), text::cat(kPodUidLabel, "=", pod.uid),
                           text::cat(kPodNamespaceLabel, "=", pod.namespace_),
                           text::cat(kPodNameLabel, "=", pod.name)}));
  auto pods = NODAL_TRY(seen(present));
  if (pods.empty()) return SeenPod{pod, {}, {}};
  return std::move(pods.front());
}

Result<> DockerRuntime::watch(const std::function<void(const RuntimeEvent&)>& sink,
                              std::stop_token stop) {
  const json::bj::object filters{
      {"type", json::bj::array{"container", "image"}},
      {"event", json::bj::array{"start", "die", "destroy", "oom", "pull", "delete", "untag", "tag",
                                "import", "load"}}};
  // From the last event on: what happened while nobody listened comes again.
  const auto path = text::cat("/events?since=", engine_time(seen_until_),
                              "&filters=", http::percent_encode(json::bj::serialize(filters)));

  // Images are remembered only while their events arrive.
  struct Watching {
    DockerRuntime& self;
    explicit Watching(DockerRuntime& s) : self(s) { count(1); }
    ~Watching() { count(-1); }
    void count(int by) {
      self.forget_images();
      const std::lock_guard lock(self.mutex_);
      self.watching_ += by;
    }
  };

  LineReader lines(kMaxEventLine);
  Result<> broken;
  const auto on_line = [&](std::string_view line) -> Result<> {
    const auto event = NODAL_TRY(parse_event(line));
    if (event.time_ns > seen_until_) seen_until_ = event.time_ns;
    if (event.type == "image") {
      forget_images();
    } else if (event.ours) {
      forget(event.id);
      sink(RuntimeEvent{event.pod_uid});
    }
    return {};
  };
  NODAL_TRY(engine_.version());  // away is an error at once, whatever the stream makes of it
  const Watching watching(*this);
  auto ended = engine_.stream(
      "GET", path, {}, {},
      [&](std::string_view bytes) {
        broken = lines.feed(bytes, on_line);
        return broken.has_value();
      },
      stop, std::chrono::hours(24));
  if (stop.stop_requested()) return {};
  if (!broken) return wrap("Docker's events", std::move(broken).error());
  if (!ended) return ended;
  return fail(Errc::unavailable, "Docker's events ended: the engine went away");
}

}  // namespace nodal::agent::docker
