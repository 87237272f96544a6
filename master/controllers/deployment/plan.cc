// master/controllers/deployment/plan.cc — see plan.h.
#include "master/controllers/deployment/plan.h"

#include <algorithm>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/controllers/deployment/status.h"
#include "master/controllers/mirrors.h"

namespace nodal::master::controllers::deployment {
namespace {

constexpr const char* kHashLabel = "pod-template-hash";
constexpr const char* kRevision = "deployment.kubernetes.io/revision";
constexpr const char* kRevisionHistory = "deployment.kubernetes.io/revision-history";
constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

using Annotations = std::map<std::string, std::string>;

bool is_own_annotation(const std::string& key) {
  return key == kRevision || key == kRevisionHistory || key == kLastApplied ||
         key == "deployment.kubernetes.io/desired-replicas" ||
         key == "deployment.kubernetes.io/max-replicas" ||
         key == "deprecated.deployment.rollback.to";
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

apps_v1::ReplicaSet make_set(const apps_v1::Deployment& deployment, const std::string& hash,
                             const Annotations& annotations) {
  apps_v1::ReplicaSet set;
  set.metadata.namespace_ = deployment.metadata.namespace_;
  set.metadata.name = text::cat(deployment.metadata.name, "-", hash);
  set.metadata.labels = deployment.spec.template_.metadata.labels;
  set.metadata.labels[kHashLabel] = hash;
  set.metadata.annotations = annotations;
  set.metadata.owner_references.push_back(
      controller_reference(apps_v1::Deployment::kResource, deployment.metadata));
  set.spec.selector = deployment.spec.selector;
  set.spec.selector->match_labels[kHashLabel] = hash;
  set.spec.template_ = deployment.spec.template_;
  set.spec.template_.metadata.labels[kHashLabel] = hash;
  set.spec.min_ready_seconds = deployment.spec.min_ready_seconds;
  return set;
}

// The annotations that a Deployment's present ReplicaSet carries.
Annotations annotations_for(const apps_v1::Deployment& deployment, const apps_v1::ReplicaSet* set,
                            std::int64_t revision) {
  Annotations out = size_annotations(deployment);
  for (const auto& [key, value] : deployment.metadata.annotations)
    if (!is_own_annotation(key)) out[key] = value;
  out[kRevision] = text::cat(revision);
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

// No pod of the set is left, the terminating ones included: Recreate waits for that.
bool is_empty(const SetPtr& set) {
  return replicas_of(*set) == 0 && set->status.replicas == 0 &&
         set->status.terminating_replicas.value_or(0) == 0;
}

// The sets that keep their size learn of the Deployment's new one as well; those that change it do
// in the same write.
void note_sizes(const apps_v1::Deployment& deployment, const std::vector<SetPtr>& sets, Plan& out) {
  const auto sizes = size_annotations(deployment);
  for (const auto& set : sets) {
    if (replicas_of(*set) == 0 || has_all(set->metadata.annotations, sizes) ||
        std::ranges::any_of(out.scale, [&](const Scale& s) { return s.set == set; }))
      continue;
    out.annotate[set->metadata.name].insert(sizes.begin(), sizes.end());
  }
}

// The oldest of the empty sets, as many as there are too many.
std::vector<SetPtr> beyond(std::vector<SetPtr> history, std::size_t limit) {
  std::erase_if(history, [](const SetPtr& set) {
    return set->status.replicas != 0 || replicas_of(*set) != 0;
  });
  std::ranges::sort(history, {}, [](const SetPtr& set) { return revision_of(*set); });
  history.resize(history.size() > limit ? history.size() - limit : 0);
  return history;
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

  const bool paused = deployment.spec.paused;
  const bool scales = was_scaled(deployment, sets);
  const bool recreate = deployment.spec.strategy.type == "Recreate";
  std::int64_t newest = 0;
  for (const auto& set : old) newest = std::max(newest, revision_of(*set));
  const std::int64_t revision = current ? std::max(revision_of(*current), newest + 1) : newest + 1;
  std::string created;

  if (current) {
    const auto annotations = annotations_for(deployment, current.get(), revision);
    if (!has_all(current->metadata.annotations, annotations))
      out.annotate[current->metadata.name] = annotations;
    if (current->spec.min_ready_seconds != deployment.spec.min_ready_seconds) out.settle = current;
  }
  if (paused || scales) {
    out.scale = scaled(deployment, sets, current);
    if (scales) note_sizes(deployment, sets, out);
  } else if (recreate && !std::ranges::all_of(old, is_empty)) {
    for (const auto& set : old)
      if (replicas_of(*set) != 0) out.scale.push_back({set, 0});
  } else if (current) {
    out.scale = rolled(deployment, current, old);
  } else {
    const auto hash =
        template_hash(deployment.spec.template_, deployment.status.collision_count.value_or(0));
    auto set = make_set(deployment, hash, annotations_for(deployment, nullptr, revision));
    const std::int32_t wanted = deployment.spec.replicas.value_or(1);
    std::int32_t room = wanted + limits_of(deployment.spec).surge;
    for (const auto& s : old) room -= replicas_of(*s);
    set.spec.replicas = std::clamp(room, 0, wanted);
    created = set.metadata.name;
    out.collision =
        std::ranges::any_of(old, [&](const SetPtr& s) { return s->metadata.name == created; });
    if (!out.collision) out.create = std::move(set);
  }
  if (current || out.create) {
    const auto it = deployment.metadata.annotations.find(kRevision);
    const auto text = text::cat(revision);
    if (it == deployment.metadata.annotations.end() || it->second != text)
      out.annotate[""] = {{kRevision, text}};
  }

  auto [status, look_again] = report(deployment, current, sets, out.create ? created : "", now);
  out.look_again = look_again;
  if (is_complete(deployment, status) && deployment.spec.revision_history_limit)
    out.remove = beyond(old, static_cast<std::size_t>(*deployment.spec.revision_history_limit));
  if (out.collision) status.collision_count = status.collision_count.value_or(0) + 1;
  if (status != deployment.status) out.status = std::move(status);
  return out;
}

}  // namespace nodal::master::controllers::deployment
