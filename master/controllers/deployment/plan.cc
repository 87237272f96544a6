// master/controllers/deployment/plan.cc — see plan.h.
#include "master/controllers/deployment/plan.h"

#include <algorithm>

#include "api-client/codec/codec.h"
#include "base/text.h"

namespace nodal::master::controllers::deployment {
namespace {

constexpr const char* kHashLabel = "pod-template-hash";
constexpr const char* kRevision = "deployment.kubernetes.io/revision";
constexpr const char* kRevisionHistory = "deployment.kubernetes.io/revision-history";
constexpr const char* kDesired = "deployment.kubernetes.io/desired-replicas";
constexpr const char* kMost = "deployment.kubernetes.io/max-replicas";
constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

using Annotations = std::map<std::string, std::string>;

bool is_own_annotation(const std::string& key) {
  return key == kRevision || key == kRevisionHistory || key == kDesired || key == kMost ||
         key == kLastApplied || key == "deprecated.deployment.rollback.to";
}

std::int64_t revision_of(const apps_v1::ReplicaSet& set) {
  const auto it = set.metadata.annotations.find(kRevision);
  return it == set.metadata.annotations.end() ? 0
                                              : text::number<std::int64_t>(it->second).value_or(0);
}

bool older(const SetPtr& a, const SetPtr& b) {
  const auto at = [](const SetPtr& set) {
    return set->metadata.creation_timestamp.value_or(TimePoint{});
  };
  return std::pair(at(a), a->metadata.name) < std::pair(at(b), b->metadata.name);
}

struct Limits {
  std::int32_t surge = 0, unavailable = 0;
};

Limits limits_of(const apps_v1::DeploymentSpec& spec) {
  const std::int32_t replicas = spec.replicas.value_or(1);
  Limits limits;
  if (spec.strategy.type == "Recreate") return {0, 0};
  const IntOrString quarter{std::string("25%")};
  const auto& rolling = spec.strategy.rolling_update;
  const IntOrString surge = rolling && rolling->max_surge ? *rolling->max_surge : quarter;
  const IntOrString unavailable =
      rolling && rolling->max_unavailable ? *rolling->max_unavailable : quarter;
  limits.surge = surge.scaled(replicas, true).value_or(0);
  limits.unavailable = std::min(unavailable.scaled(replicas, false).value_or(0), replicas);
  // Both zero would stand still (percentages of few replicas round so).
  if (limits.surge == 0 && limits.unavailable == 0) limits.unavailable = 1;
  return limits;
}

std::int32_t replicas_of(const apps_v1::ReplicaSet& set) { return set.spec.replicas.value_or(1); }

std::int32_t sum(const std::vector<SetPtr>& sets, auto value) {
  std::int32_t total = 0;
  for (const auto& set : sets) total += value(*set);
  return total;
}

apps_v1::ReplicaSet make_set(const apps_v1::Deployment& deployment, const std::string& hash,
                             const Annotations& annotations) {
  apps_v1::ReplicaSet set;
  set.metadata.namespace_ = deployment.metadata.namespace_;
  set.metadata.name = text::cat(deployment.metadata.name, "-", hash);
  set.metadata.labels = deployment.spec.template_.metadata.labels;
  set.metadata.labels[kHashLabel] = hash;
  set.metadata.annotations = annotations;
  meta_v1::OwnerReference owner;
  owner.api_version = "apps/v1";
  owner.kind = "Deployment";
  owner.name = deployment.metadata.name;
  owner.uid = deployment.metadata.uid;
  owner.controller = true;
  owner.block_owner_deletion = true;
  set.metadata.owner_references.push_back(std::move(owner));
  set.spec.selector = deployment.spec.selector;
  set.spec.selector->match_labels[kHashLabel] = hash;
  set.spec.template_ = deployment.spec.template_;
  set.spec.template_.metadata.labels[kHashLabel] = hash;
  set.spec.min_ready_seconds = deployment.spec.min_ready_seconds;
  return set;
}

// The annotations that a Deployment's present ReplicaSet carries.
Annotations annotations_for(const apps_v1::Deployment& deployment, const apps_v1::ReplicaSet* set,
                            std::int64_t revision, const Limits& limits) {
  Annotations out;
  for (const auto& [key, value] : deployment.metadata.annotations)
    if (!is_own_annotation(key)) out[key] = value;
  const auto replicas = deployment.spec.replicas.value_or(1);
  out[kRevision] = text::cat(revision);
  out[kDesired] = text::cat(replicas);
  out[kMost] = text::cat(replicas + limits.surge);
  if (set != nullptr) {
    const auto it = set->metadata.annotations.find(kRevisionHistory);
    std::string history = it == set->metadata.annotations.end() ? "" : it->second;
    if (revision_of(*set) != 0 && revision_of(*set) != revision)
      history += text::cat(history.empty() ? "" : ",", revision_of(*set));
    if (!history.empty()) out[kRevisionHistory] = history;
  }
  return out;
}

bool has_all(const Annotations& have, const Annotations& want) {
  return std::ranges::all_of(want, [&](const auto& entry) {
    const auto it = have.find(entry.first);
    return it != have.end() && it->second == entry.second;
  });
}

// The step of a rolling update: first up within the surge, then down within what may be
// unavailable, broken pods first.
void roll(const apps_v1::Deployment& deployment, const SetPtr& current,
          const std::vector<SetPtr>& old, const Limits& limits, std::vector<Scale>& scale) {
  const std::int32_t wanted = deployment.spec.replicas.value_or(1);
  const std::int32_t total = sum(old, replicas_of) + replicas_of(*current);
  std::int32_t current_replicas = replicas_of(*current);
  if (current_replicas > wanted) {
    scale.push_back({current, wanted});
    current_replicas = wanted;
  } else if (current_replicas < wanted) {
    const std::int32_t room = wanted + limits.surge - total;
    const std::int32_t up = std::min(room, wanted - current_replicas);
    if (up > 0) {
      scale.push_back({current, current_replicas + up});
      return;
    }
  }
  const std::int32_t least_available = wanted - limits.unavailable;
  const std::int32_t new_unavailable = current_replicas - current->status.available_replicas;
  std::int32_t may_go = total - least_available - std::max(new_unavailable, 0);
  if (may_go <= 0) return;
  // Pods of old sets that do not serve go first: they cost nothing.
  std::map<std::string, std::int32_t> target;
  for (const auto& set : old) {
    const std::int32_t broken = std::max(replicas_of(*set) - set->status.available_replicas, 0);
    const std::int32_t down = std::min(broken, may_go);
    target[set->metadata.name] = replicas_of(*set) - down;
    may_go -= down;
  }
  const std::int32_t available =
      sum(old, [](const auto& s) { return s.status.available_replicas; }) +
      current->status.available_replicas;
  std::int32_t healthy_may_go = std::min(may_go, available - least_available);
  for (const auto& set : old) {
    if (healthy_may_go <= 0) break;
    const std::int32_t down = std::min(target[set->metadata.name], healthy_may_go);
    target[set->metadata.name] -= down;
    healthy_may_go -= down;
  }
  for (const auto& set : old)
    if (target[set->metadata.name] != replicas_of(*set))
      scale.push_back({set, target[set->metadata.name]});
}

// While paused only the size follows: that of the one set with pods, or without any that of the
// present set, else the newest. Between several sets nothing moves.
void resize(const std::vector<SetPtr>& sets, const SetPtr& current, std::int32_t wanted,
            std::vector<Scale>& scale) {
  SetPtr only = current ? current : sets.empty() ? nullptr : sets.back();
  int active = 0;
  for (const auto& set : sets)
    if (replicas_of(*set) > 0) {
      only = set;
      ++active;
    }
  if (active <= 1 && only && replicas_of(*only) != wanted) scale.push_back({only, wanted});
}

void set_condition(std::vector<apps_v1::DeploymentCondition>& conditions, std::string_view type,
                   std::string_view status, std::string_view reason, std::string message,
                   TimePoint now) {
  const auto it = std::ranges::find(conditions, type, &apps_v1::DeploymentCondition::type);
  apps_v1::DeploymentCondition next;
  if (it != conditions.end()) next = *it;
  if (next.status == status && next.reason == reason && next.message == message) return;
  if (next.status != status) next.last_transition_time = now;
  next.type = type;
  next.status = status;
  next.reason = reason;
  next.message = std::move(message);
  next.last_update_time = now;
  if (it == conditions.end()) {
    conditions.push_back(std::move(next));
  } else {
    *it = std::move(next);
  }
}

bool is_complete(const apps_v1::Deployment& deployment, const apps_v1::DeploymentStatus& status) {
  const auto wanted = deployment.spec.replicas.value_or(1);
  return status.updated_replicas == wanted && status.replicas == wanted &&
         status.available_replicas == wanted;
}

apps_v1::DeploymentStatus report(const apps_v1::Deployment& deployment, const SetPtr& current,
                                 const std::vector<SetPtr>& sets, const std::string& created,
                                 const Limits& limits, TimePoint now,
                                 std::optional<TimePoint>& look_again) {
  const auto& before = deployment.status;
  auto status = before;
  status.observed_generation = deployment.metadata.generation;
  status.replicas = sum(sets, [](const auto& s) { return s.status.replicas; });
  status.updated_replicas = current ? current->status.replicas : 0;
  status.ready_replicas = sum(sets, [](const auto& s) { return s.status.ready_replicas; });
  status.available_replicas = sum(sets, [](const auto& s) { return s.status.available_replicas; });
  status.unavailable_replicas = std::max(sum(sets, replicas_of) - status.available_replicas, 0);

  const auto wanted = deployment.spec.replicas.value_or(1);
  if (status.available_replicas >= wanted - limits.unavailable) {
    set_condition(status.conditions, "Available", "True", "MinimumReplicasAvailable",
                  "Deployment has minimum availability.", now);
  } else {
    set_condition(status.conditions, "Available", "False", "MinimumReplicasUnavailable",
                  "Deployment does not have minimum availability.", now);
  }

  if (!deployment.spec.progress_deadline_seconds) return status;
  const std::string name = current ? current->metadata.name : created;
  const auto progressing =
      std::ranges::find(before.conditions, "Progressing", &apps_v1::DeploymentCondition::type);
  const bool known = progressing != before.conditions.end();
  if (deployment.spec.paused) {
    if (!known || progressing->reason != "DeploymentPaused")
      set_condition(status.conditions, "Progressing", "Unknown", "DeploymentPaused",
                    "Deployment is paused", now);
    return status;
  }
  if (known && progressing->reason == "DeploymentPaused")
    set_condition(status.conditions, "Progressing", "Unknown", "DeploymentResumed",
                  "Deployment is resumed", now);
  if (!created.empty()) {
    set_condition(status.conditions, "Progressing", "True", "NewReplicaSetCreated",
                  text::cat("Created new replica set \"", name, "\""), now);
  } else if (is_complete(deployment, status)) {
    set_condition(status.conditions, "Progressing", "True", "NewReplicaSetAvailable",
                  text::cat("ReplicaSet \"", name, "\" has successfully progressed."), now);
  } else if (known && progressing->reason == "NewReplicaSetAvailable" &&
             status.updated_replicas == before.updated_replicas &&
             before.observed_generation == deployment.metadata.generation) {
    // A finished rollout whose pods come and go: that is no rollout.
  } else {
    const bool moved =
        status.updated_replicas > before.updated_replicas ||
        status.ready_replicas > before.ready_replicas ||
        status.available_replicas > before.available_replicas ||
        (status.replicas - status.updated_replicas) < (before.replicas - before.updated_replicas);
    if (!known || moved || progressing->reason == "NewReplicaSetAvailable") {
      const auto it =
          std::ranges::find(status.conditions, "Progressing", &apps_v1::DeploymentCondition::type);
      if (it != status.conditions.end()) it->last_update_time = now;
      set_condition(status.conditions, "Progressing", "True", "ReplicaSetUpdated",
                    text::cat("ReplicaSet \"", name, "\" is progressing."), now);
    } else if (progressing->reason != "ProgressDeadlineExceeded") {
      const auto deadline = progressing->last_update_time.value_or(now) +
                            std::chrono::seconds(*deployment.spec.progress_deadline_seconds);
      if (now >= deadline) {
        set_condition(status.conditions, "Progressing", "False", "ProgressDeadlineExceeded",
                      text::cat("ReplicaSet \"", name, "\" has timed out progressing."), now);
      } else {
        look_again = deadline;
      }
    }
  }
  return status;
}

}  // namespace

std::string template_hash(const core_v1::PodTemplateSpec& tmpl, std::int32_t collisions) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
  const auto eat = [&](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  };
  auto plain = tmpl;
  plain.metadata.labels.erase(kHashLabel);
  eat(codec::encode(plain));
  if (collisions != 0) eat(text::cat("#", collisions));
  std::string out;
  for (int i = 0; i < 10; ++i) {
    out += kLetters[hash % kLetters.size()];
    hash /= kLetters.size();
  }
  return out;
}

bool same_template(const core_v1::PodTemplateSpec& a, const core_v1::PodTemplateSpec& b) {
  auto x = a;
  auto y = b;
  x.metadata.labels.erase(kHashLabel);
  y.metadata.labels.erase(kHashLabel);
  return x == y;
}

Plan plan(const apps_v1::Deployment& deployment, const std::vector<SetPtr>& owned, TimePoint now) {
  Plan out;
  if (deployment.metadata.deletion_timestamp || !deployment.spec.selector) return out;
  std::vector<SetPtr> sets = owned;
  std::erase_if(sets,
                [](const SetPtr& set) { return set->metadata.deletion_timestamp.has_value(); });
  std::ranges::sort(sets, older);
  const auto found = std::ranges::find_if(sets, [&](const SetPtr& set) {
    return same_template(set->spec.template_, deployment.spec.template_);
  });
  const SetPtr current = found == sets.end() ? nullptr : *found;
  std::vector<SetPtr> old;
  for (const auto& set : sets)
    if (set != current) old.push_back(set);

  const Limits limits = limits_of(deployment.spec);
  const std::int32_t wanted = deployment.spec.replicas.value_or(1);
  const bool recreate = deployment.spec.strategy.type == "Recreate";
  std::int64_t newest = 0;
  for (const auto& set : old) newest = std::max(newest, revision_of(*set));
  const std::int64_t revision = current ? std::max(revision_of(*current), newest + 1) : newest + 1;
  std::string created;

  if (!current) {
    const bool old_gone = sum(old, [](const auto& s) { return s.status.replicas; }) == 0 &&
                          sum(old, replicas_of) == 0;
    if (!deployment.spec.paused && (!recreate || old_gone)) {
      const auto hash =
          template_hash(deployment.spec.template_, deployment.status.collision_count.value_or(0));
      auto set = make_set(deployment, hash, annotations_for(deployment, nullptr, revision, limits));
      const std::int32_t room = recreate ? wanted : wanted + limits.surge - sum(old, replicas_of);
      set.spec.replicas = std::clamp(room, 0, wanted);
      created = set.metadata.name;
      out.collision =
          std::ranges::any_of(old, [&](const SetPtr& s) { return s->metadata.name == created; });
      if (!out.collision) out.create = std::move(set);
    } else if (deployment.spec.paused) {
      resize(sets, nullptr, wanted, out.scale);
    } else if (recreate) {
      for (const auto& set : old)
        if (replicas_of(*set) != 0) out.scale.push_back({set, 0});
    }
  } else {
    const auto annotations = annotations_for(deployment, current.get(), revision, limits);
    if (!has_all(current->metadata.annotations, annotations))
      out.annotate[current->metadata.name] = annotations;
    if (current->spec.min_ready_seconds != deployment.spec.min_ready_seconds) out.settle = current;
    if (deployment.spec.paused) {
      resize(sets, current, wanted, out.scale);
    } else if (recreate) {
      for (const auto& set : old)
        if (replicas_of(*set) != 0) out.scale.push_back({set, 0});
      const bool old_gone = sum(old, [](const auto& s) { return s.status.replicas; }) == 0;
      if (out.scale.empty() && old_gone && replicas_of(*current) != wanted)
        out.scale.push_back({current, wanted});
    } else {
      roll(deployment, current, old, limits, out.scale);
    }
  }
  if (created.empty() ? current != nullptr : out.create.has_value()) {
    const auto it = deployment.metadata.annotations.find(kRevision);
    const auto text = text::cat(revision);
    if (it == deployment.metadata.annotations.end() || it->second != text)
      out.annotate[""] = {{kRevision, text}};
  }

  auto status =
      report(deployment, current, sets, out.create ? created : "", limits, now, out.look_again);
  if (is_complete(deployment, status) && deployment.spec.revision_history_limit) {
    auto history = old;
    std::erase_if(history,
                  [](const SetPtr& s) { return s->status.replicas != 0 || replicas_of(*s) != 0; });
    std::ranges::sort(history, {}, [](const SetPtr& s) { return revision_of(*s); });
    const auto limit = static_cast<std::size_t>(*deployment.spec.revision_history_limit);
    if (history.size() > limit)
      out.remove.assign(history.begin(), history.end() - static_cast<std::ptrdiff_t>(limit));
  }
  if (out.collision) status.collision_count = status.collision_count.value_or(0) + 1;
  if (status != deployment.status) out.status = std::move(status);
  return out;
}

}  // namespace nodal::master::controllers::deployment
