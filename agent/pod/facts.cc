// agent/pod/facts.cc — see facts.h.
#include "agent/pod/facts.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::agent {
namespace {

// "docker://ID" is of ID.
bool is_id_of(std::string_view container_id, std::string_view id) {
  return container_id.substr(container_id.rfind('/') + 1) == id;
}

}  // namespace

PodRef ref_of(const core_v1::Pod& pod) {
  return {pod.metadata.namespace_, pod.metadata.name, pod.metadata.uid};
}

std::string spec_hash(const core_v1::Container& container) {
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (const char c : container.image)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(hash >> shift);
  return text::hex(bytes);
}

bool has_ended_itself(const core_v1::Pod& pod) {
  return pod.status.phase == "Succeeded" ||
         (pod.status.phase == "Failed" && pod.status.reason != kDeadlineExceeded);
}

bool is_outdated(const SeenContainer& seen, const core_v1::Container& container) {
  const auto hash = annotation(seen, kSpecHash);
  return !hash.empty() && hash != spec_hash(container);
}

bool is_sidecar(const core_v1::Container& container) {
  return container.restart_policy.value_or("") == "Always";
}

const SeenContainer* newest(const SeenPod& seen, std::string_view name) {
  const SeenContainer* out = nullptr;
  for (const auto& container : seen.containers)
    if (container.name == name && (out == nullptr || container.attempt > out->attempt))
      out = &container;
  return out;
}

const SeenContainer* previous(const SeenPod& seen, std::string_view name) {
  const SeenContainer* last = newest(seen, name);
  const SeenContainer* out = nullptr;
  for (const auto& container : seen.containers)
    if (container.name == name && &container != last && container.state == ContainerState::exited &&
        (out == nullptr || container.attempt > out->attempt))
      out = &container;
  return out;
}

std::string annotation(const SeenContainer& container, const char* key) {
  const auto it = container.annotations.find(key);
  return it == container.annotations.end() ? std::string() : it->second;
}

const core_v1::ContainerStatus* told_of(const core_v1::PodStatus& status, std::string_view name) {
  for (const auto* list : {&status.container_statuses, &status.init_container_statuses,
                           &status.ephemeral_container_statuses})
    if (const auto it = std::ranges::find(*list, name, &core_v1::ContainerStatus::name);
        it != list->end())
      return &*it;
  return nullptr;
}

bool tells_end(const core_v1::PodStatus& status, const SeenContainer& ended) {
  const auto* told = told_of(status, ended.name);
  const auto of_it = [&](const core_v1::ContainerState& state) {
    return state.terminated && is_id_of(state.terminated->container_id, ended.id);
  };
  return told != nullptr && (of_it(told->state) || of_it(told->last_state));
}

bool has_untold_end(const core_v1::Pod& pod, const SeenPod& seen) {
  return std::ranges::any_of(seen.containers, [&](const auto& container) {
    return container.state == ContainerState::exited &&
           newest(seen, container.name) == &container && find_container(pod, container.name) &&
           !tells_end(pod.status, container);
  });
}

const SeenContainer* last_ended(const core_v1::PodStatus& status, const SeenPod& seen,
                                std::string_view name) {
  const auto* told = told_of(status, name);
  if (told != nullptr && told->last_state.terminated)
    for (const auto& container : seen.containers)
      if (is_id_of(told->last_state.terminated->container_id, container.id)) return &container;
  return previous(seen, name);
}

const SeenSandbox* ready_sandbox(const SeenPod& seen) {
  const SeenSandbox* out = nullptr;
  for (const auto& sandbox : seen.sandboxes)
    if (sandbox.ready && (out == nullptr || sandbox.attempt > out->attempt)) out = &sandbox;
  return out;
}

std::optional<core_v1::Container> find_container(const core_v1::Pod& pod, std::string_view name) {
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers})
    for (const auto& container : *list)
      if (container.name == name) return container;
  if (const auto* added = find_ephemeral(pod, name)) return as_container(*added);
  return std::nullopt;
}

const core_v1::EphemeralContainer* find_ephemeral(const core_v1::Pod& pod, std::string_view name) {
  const auto& all = pod.spec.ephemeral_containers;
  const auto it = std::ranges::find(all, name, &core_v1::EphemeralContainer::name);
  return it == all.end() ? nullptr : &*it;
}

core_v1::Container as_container(const core_v1::EphemeralContainer& container) {
  core_v1::Container out;
  out.name = container.name;
  out.image = container.image;
  out.command = container.command;
  out.args = container.args;
  out.working_dir = container.working_dir;
  out.env = container.env;
  out.env_from = container.env_from;
  out.volume_mounts = container.volume_mounts;
  out.volume_devices = container.volume_devices;
  out.termination_message_path = container.termination_message_path;
  out.termination_message_policy = container.termination_message_policy;
  out.image_pull_policy = container.image_pull_policy;
  out.security_context = container.security_context;
  out.stdin = container.stdin;
  out.stdin_once = container.stdin_once;
  out.tty = container.tty;
  return out;
}

}  // namespace nodal::agent
