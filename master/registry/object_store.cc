// master/registry/object_store.cc — see object_store.h.
#include "master/registry/object_store.h"
#include "api-client/codec/codec.h"

#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <random>
#include <semaphore>

#include "api-client/codec/time.h"
#include "base/text.h"
#include "master/registry/same.h"

namespace nodal::master {
namespace json = boost::json;
namespace {

constexpr int kAttempts =
    64;  // of update_with against other writers; each loss means that another write succeeded
constexpr std::int64_t kDefaultPodGrace = 30;
/// Of one object, encoded. @source etcd's --max-request-bytes
constexpr std::size_t kMostBytes = 3u << 19;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

const json::object* object_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

std::string_view string_in(const json::object* object, std::string_view key) {
  const auto* value = object ? object->if_contains(key) : nullptr;
  const auto* text = value ? value->if_string() : nullptr;
  return text ? view(*text) : std::string_view();
}

std::optional<std::int64_t> int_in(const json::object* object, std::string_view key) {
  const auto* value = object ? object->if_contains(key) : nullptr;
  if (!value) return std::nullopt;
  if (const auto* n = value->if_int64()) return *n;
  if (const auto* n = value->if_uint64()) return static_cast<std::int64_t>(*n);
  return std::nullopt;
}

bool has_items(const json::object* object, std::string_view key) {
  const auto* value = object ? object->if_contains(key) : nullptr;
  const auto* list = value ? value->if_array() : nullptr;
  return list && !list->empty();
}

// Copies a member from one object to another, or its absence.
void carry(json::object& to, const json::object* from, std::string_view key) {
  const auto* value = from ? from->if_contains(key) : nullptr;
  if (value) {
    if (const auto* present = to.if_contains(key); !present || *present != *value) to[key] = *value;
  } else {
    to.erase(key);
  }
}

// The kinds whose generations are counted: somebody reports which one was acted upon.
bool counts_generations(const schema::Resource& resource) {
  struct Counted {
    std::string_view group, kind;
  };
  constexpr Counted kCounted[] = {{"", "Pod"},
                                  {"apps", "Deployment"},
                                  {"apps", "ReplicaSet"},
                                  {"discovery.k8s.io", "EndpointSlice"},
                                  {"networking.k8s.io", "Ingress"},
                                  {"networking.k8s.io", "IngressClass"}};
  return std::ranges::any_of(kCounted, [&](const Counted& counted) {
    return counted.group == resource.group && counted.kind == resource.kind;
  });
}

// Anything but metadata and status differs.
bool spec_differs(const json::object& a, const json::object& b) {
  const auto one_way = [](const json::object& x, const json::object& y) {
    for (const auto& [key, value] : x) {
      if (key == "metadata" || key == "status" || key == "kind" || key == "apiVersion") continue;
      const auto* other = y.if_contains(key);
      if (!other || !same(*other, value)) return true;
    }
    return false;
  };
  return one_way(a, b) || one_way(b, a);
}

bool same_but_revision(const json::object& a, const json::object& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a) {
    const auto* other = b.if_contains(key);
    if (!other) return false;
    if (key != "metadata") {
      if (!same(*other, value)) return false;
      continue;
    }
    const auto* m = value.if_object();
    const auto* n = other->if_object();
    if (!m || !n) return false;
    for (const auto& [k, v] : *m)
      if (k != "resourceVersion" && (!n->if_contains(k) || !same(*n->if_contains(k), v)))
        return false;
    for (const auto& [k, v] : *n)
      if (k != "resourceVersion" && !m->if_contains(k)) return false;
  }
  return true;
}

// Nothing holds the object any more.
bool may_leave(const json::object& object) {
  const auto* metadata = object_at(object, "metadata");
  return !string_in(metadata, "deletionTimestamp").empty() && !has_items(metadata, "finalizers") &&
         int_in(metadata, "deletionGracePeriodSeconds").value_or(0) == 0 &&
         !(object.contains("kind") && string_in(&object, "kind") == "Namespace" &&
           has_items(object_at(object, "spec"), "finalizers"));
}

void set_finalizer(json::object& metadata, std::string_view finalizer, bool wanted) {
  auto* value = metadata.if_contains("finalizers");
  auto* list = value ? value->if_array() : nullptr;
  if (list) {
    const auto end = std::remove_if(list->begin(), list->end(), [&](const json::value& v) {
      return v.is_string() && view(v.get_string()) == finalizer;
    });
    list->erase(end, list->end());
    if (list->empty() && !wanted) metadata.erase("finalizers");
  }
  if (!wanted) return;
  if (!list) list = &metadata["finalizers"].emplace_array();
  list->emplace_back(finalizer);
}

std::uint64_t random_bits() {
  thread_local std::mt19937_64 generator([] {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = std::random_device{}();
    return seed;
  }());
  return generator();
}

}  // namespace

std::string key_prefix(const schema::Resource& resource, std::string_view ns) {
  std::string key = text::cat(resource.group.empty() ? std::string_view("core") : resource.group,
                              "/", resource.plural, "/");
  if (!ns.empty()) key += text::cat(ns, "/");
  return key;
}

std::string object_key(const schema::Resource& resource, std::string_view ns,
                       std::string_view name) {
  std::string key = key_prefix(resource, resource.namespaced ? ns : std::string_view());
  key += name;
  return key;
}

std::string EncodedObject::with(Revision revision) const {
  const std::string digits = std::to_string(revision);
  std::string out;
  out.reserve(text.size() + digits.size());
  out.append(text, 0, gap);
  out += digits;
  out.append(text, gap);
  return out;
}

EncodedObject encode_object(const schema::Resource& resource, const json::object& object) {
  EncodedObject out;
  std::string& text = out.text;
  text = text::cat(R"({"kind":")", resource.kind, R"(","apiVersion":")", resource.group,
                   resource.group.empty() ? "" : "/", resource.version, R"(","metadata":{)");
  const auto* metadata = object_at(object, "metadata");
  bool first = true;
  const auto member = [&](std::string_view key) {
    if (!first) text += ',';
    first = false;
    codec::append_string(text, key);
    text += ':';
  };
  for (const std::string_view key : {"name", "generateName", "namespace", "uid"})
    if (const auto* value = metadata ? metadata->if_contains(key) : nullptr) {
      member(key);
      text += json::serialize(*value);
    }
  member("resourceVersion");
  text += '"';
  out.gap = text.size();
  text += '"';
  if (metadata)
    for (const auto& [key, value] : *metadata) {
      if (key == "name" || key == "generateName" || key == "namespace" || key == "uid" ||
          key == "resourceVersion")
        continue;
      member(key);
      text += json::serialize(value);
    }
  text += '}';
  for (const auto& [key, value] : object) {
    if (key == "kind" || key == "apiVersion" || key == "metadata") continue;
    first = false;
    member(key);
    text += json::serialize(value);
  }
  text += '}';
  return out;
}

json::object parse_object(std::string_view stored) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 256;
  auto value = json::parse({stored.data(), stored.size()}, error, {}, options);
  if (error || !value.is_object()) return {};
  return std::move(value.get_object());
}

std::string_view string_at(const json::object& object, std::string_view a, std::string_view b) {
  return string_in(object_at(object, a), b);
}

json::object& metadata_of(json::object& object) {
  auto& value = object["metadata"];
  return value.is_object() ? value.get_object() : value.emplace_object();
}

std::string make_uid() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    const std::uint64_t parts[2] = {random_bits(), random_bits()};
    std::memcpy(bytes.data(), parts, sizeof parts);
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = text::hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return text::cat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                   hex.substr(16, 4), "-", hex.substr(20));
}

std::string generate_name(std::string_view prefix) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string name(prefix.substr(0, 58));
  auto bits = random_bits();
  for (int i = 0; i < 5; ++i, bits /= kAlphabet.size()) name += kAlphabet[bits % kAlphabet.size()];
  return name;
}

Answer<Entry> ObjectStore::get(const schema::Resource& resource, std::string_view ns,
                               std::string_view name) {
  auto entry = kv_.get(object_key(resource, ns, name));
  if (!entry) return errors::from(entry.error(), resource, name);
  return std::move(*entry);
}

Answer<Entry> ObjectStore::await(const schema::Resource& resource, std::string_view ns,
                                 std::string_view name, std::chrono::milliseconds wait) {
  auto entry = get(resource, ns, name);
  if (entry || entry.error().reason != "NotFound") return entry;
  std::binary_semaphore made{0};
  std::atomic<bool> told = false;
  const std::string key = object_key(resource, ns, name);
  const auto watch = kv_.watch(key, kv_.revision(), [&](const Event& event) {
    if (event.entry.key == key && event.type == Event::Type::put && !told.exchange(true))
      made.release();
  });
  entry = get(resource, ns, name);  // made before the watch began
  if (!watch || entry || !made.try_acquire_for(wait)) return entry;
  return get(resource, ns, name);
}

void ObjectStore::stamp_new(const schema::Resource& resource, json::object& object) const {
  auto& metadata = metadata_of(object);
  for (const std::string_view key : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
                                     "resourceVersion", "generation"})
    metadata.erase(key);
  if (!resource.namespaced) metadata.erase("namespace");
  metadata["uid"] = make_uid();
  if (counts_generations(resource)) metadata["generation"] = 1;
  metadata["creationTimestamp"] = format_time(clock_.now());
}

Answer<Written> ObjectStore::create(const schema::Resource& resource, const json::object& object,
                                    bool dry_run) {
  const std::string_view name = string_at(object, "metadata", "name");
  const std::string key = object_key(resource, string_at(object, "metadata", "namespace"), name);
  const EncodedObject encoded = encode_object(resource, object);
  if (encoded.text.size() > kMostBytes)
    return errors::object_too_large(resource, name, encoded.text.size(), kMostBytes);
  if (dry_run) {
    if (kv_.get(key)) return errors::already_exists(resource, name);
    json::object copy = parse_object(encoded.with(0));
    metadata_of(copy).erase("resourceVersion");
    return Written{std::make_shared<const std::string>(json::serialize(copy)), false, true};
  }
  auto entry = kv_.put(
      key, [&](Revision revision) { return encoded.with(revision); }, Expect::absent());
  if (!entry) return errors::from(entry.error(), resource, name);
  return Written{std::move(entry->value), false, true};
}

Answer<Written> ObjectStore::update_with(const schema::Resource& resource, std::string_view ns,
                                         std::string_view name, const Change& change,
                                         bool dry_run) {
  const std::string key = object_key(resource, ns, name);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto entry = kv_.get(key);
    if (!entry) return errors::from(entry.error(), resource, name);
    const json::object old = parse_object(*entry->value);
    const auto* old_metadata = object_at(old, "metadata");
    json::object object = NODAL_TRY(change(old));
    auto& metadata = metadata_of(object);

    if (const auto revision = string_in(&metadata, "resourceVersion");
        !revision.empty() && revision != "0" &&
        revision != string_in(old_metadata, "resourceVersion"))
      return errors::modified(resource, name);
    if (const auto uid = string_in(&metadata, "uid");
        !uid.empty() && uid != string_in(old_metadata, "uid"))
      return errors::conflict(resource, name,
                              text::cat("Precondition failed: UID in precondition: ", uid,
                                        ", UID in object meta: ", string_in(old_metadata, "uid")));
    for (const std::string_view owned :
         {"name", "generateName", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
          "deletionGracePeriodSeconds", "generation", "selfLink", "resourceVersion"})
      carry(metadata, old_metadata, owned);
    object["kind"] = resource.kind;
    object["apiVersion"] = resource.api_version();

    if (!string_in(old_metadata, "deletionTimestamp").empty() &&
        has_items(&metadata, "finalizers")) {
      std::string added;
      const auto* before = old_metadata->if_contains("finalizers");
      for (const auto& finalizer : metadata["finalizers"].get_array()) {
        const bool known =
            before && before->is_array() &&
            std::ranges::find(before->get_array(), finalizer) != before->get_array().end();
        if (known || !finalizer.is_string()) continue;
        if (!added.empty()) added += ", ";
        added += quoted(view(finalizer.get_string()));
      }
      if (!added.empty())
        return errors::invalid(
            resource, name,
            {{"FieldValueForbidden", "metadata.finalizers",
              text::cat("Forbidden: no new finalizers can be added if the object is being deleted, "
                        "found new finalizers []string{",
                        added, "}")}});
    }
    if (same_but_revision(object, old)) return Written{entry->value, false, false};
    // Where a pod runs is no change of what its owner wants.
    const bool binds = resource.group.empty() && resource.plural == "pods" &&
                       string_at(object, "spec", "nodeName") != string_at(old, "spec", "nodeName");
    if (counts_generations(resource) && !binds && spec_differs(object, old))
      metadata["generation"] = int_in(old_metadata, "generation").value_or(0) + 1;

    if (may_leave(object)) {
      auto gone = erase(resource, *entry, old, object, dry_run);
      if (gone || gone.error().reason != "Conflict") return gone;
      continue;
    }
    const EncodedObject encoded = encode_object(resource, object);
    // One that is too large already may become smaller.
    if (encoded.text.size() > kMostBytes && encoded.text.size() > entry->value->size())
      return errors::object_too_large(resource, name, encoded.text.size(), kMostBytes);
    if (dry_run)
      return Written{std::make_shared<const std::string>(encoded.with(entry->modified)), false,
                     true};
    auto put = kv_.put(
        key, [&](Revision revision) { return encoded.with(revision); },
        Expect::at(entry->modified));
    if (put) return Written{std::move(put->value), false, true};
    if (put.error().code != Errc::conflict) return errors::from(put.error(), resource, name);
  }
  return errors::modified(resource, name);
}

Answer<Written> ObjectStore::erase(const schema::Resource& resource, const Entry& entry,
                                   const json::object& stored, const json::object& object,
                                   bool dry_run) {
  if (!dry_run) {
    const auto erased = kv_.erase(entry.key, Expect::at(entry.modified));
    if (!erased)
      return errors::from(erased.error(), resource, string_at(object, "metadata", "name"));
    if (on_removed_) on_removed_(resource, stored);
  }
  return Written{
      std::make_shared<const std::string>(encode_object(resource, object).with(entry.modified)),
      true, true};
}

Answer<Written> ObjectStore::remove(const schema::Resource& resource, std::string_view ns,
                                    std::string_view name, const DeleteRequest& request) {
  const std::string key = object_key(resource, ns, name);
  const bool is_pod = resource.group.empty() && resource.kind == "Pod";
  const bool is_namespace = resource.group.empty() && resource.kind == "Namespace";
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto entry = kv_.get(key);
    if (!entry) return errors::from(entry.error(), resource, name);
    json::object object = parse_object(*entry->value);
    const json::object before = object;
    auto& metadata = metadata_of(object);

    if (const auto uid = string_in(&metadata, "uid"); !request.uid.empty() && request.uid != uid)
      return errors::conflict(resource, name,
                              text::cat("Precondition failed: UID in precondition: ", request.uid,
                                        ", UID in object meta: ", uid));
    if (const auto revision = string_in(&metadata, "resourceVersion");
        !request.resource_version.empty() && request.resource_version != revision)
      return errors::conflict(
          resource, name,
          text::cat("Precondition failed: ResourceVersion in precondition: ",
                    request.resource_version, ", ResourceVersion in object meta: ", revision));

    // Nothing depends on an Event, and nobody would take the finalizer off again.
    if (!request.propagation_policy.empty() && resource.kind != "Event") {
      set_finalizer(metadata, "foregroundDeletion", request.propagation_policy == "Foreground");
      set_finalizer(metadata, "orphan", request.propagation_policy == "Orphan");
    }

    std::int64_t grace = 0;
    if (is_pod) {
      const auto* spec = object_at(object, "spec");
      const auto phase = string_at(object, "status", "phase");
      grace = request.grace_period_seconds.value_or(
          int_in(spec, "terminationGracePeriodSeconds").value_or(kDefaultPodGrace));
      if (grace < 0) grace = 1;
      if (string_in(spec, "nodeName").empty() || phase == "Succeeded" || phase == "Failed")
        grace = 0;
    }

    const auto now = clock_.now();
    if (string_in(&metadata, "deletionTimestamp").empty()) {
      metadata["deletionTimestamp"] = format_time(now + std::chrono::seconds(grace));
      metadata["deletionGracePeriodSeconds"] = grace;
      if (const auto generation = int_in(&metadata, "generation"); generation && *generation > 0)
        metadata["generation"] = *generation + 1;
    } else if (const auto left = int_in(&metadata, "deletionGracePeriodSeconds").value_or(0);
               grace < left && (request.grace_period_seconds || grace == 0)) {
      // Only ever shorter.
      const auto deadline = parse_time(string_in(&metadata, "deletionTimestamp")).value_or(now) -
                            std::chrono::seconds(left) + std::chrono::seconds(grace);
      metadata["deletionTimestamp"] = format_time(deadline);
      metadata["deletionGracePeriodSeconds"] = grace;
    }
    if (is_namespace) {
      auto& status = object["status"];
      if (!status.is_object()) status.emplace_object();
      status.get_object()["phase"] = "Terminating";
    }

    if (may_leave(object)) {
      auto gone = erase(resource, *entry, before, before, request.dry_run);
      if (gone || gone.error().reason != "Conflict") return gone;
      continue;
    }
    if (same_but_revision(object, before)) return Written{entry->value, false, false};
    const EncodedObject encoded = encode_object(resource, object);
    if (request.dry_run)
      return Written{std::make_shared<const std::string>(encoded.with(entry->modified)), false,
                     true};
    auto put = kv_.put(
        key, [&](Revision revision) { return encoded.with(revision); },
        Expect::at(entry->modified));
    if (put) return Written{std::move(put->value), false, true};
    if (put.error().code != Errc::conflict) return errors::from(put.error(), resource, name);
  }
  return errors::modified(resource, name);
}

}  // namespace nodal::master
