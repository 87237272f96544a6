// master/api/handlers.h — one function per verb; each answers its call, at once or later.
#pragma once

#include <memory>

#include "master/api/api.h"
#include "master/registry/managed/ownership.h"

namespace nodal::master::handlers {

// Never block.
void get(Call& call);
void list(const CallPtr& call);
void watch(const CallPtr& call);

// May wait for the disk.
void create(Call& call);
void review(Call& call);
/// The kind is a question: created, answered, never stored.
bool is_review(const schema::Resource& resource);
void update(Call& call);
void patch(Call& call);
/// PATCH with an apply patch: creates or merges, and keeps account of who owns which fields.
void apply(Call& call);
void remove(Call& call);
void remove_collection(Call& call);

// Subresources.
void get_scale(Call& call);
void write_scale(Call& call);   ///< PUT and PATCH
void update_added(Call& call);  ///< PUT of a pod's ephemeral containers
void bind(Call& call);
void evict(Call& call);
void finalize(Call& call);
void token(Call& call);
void log(const CallPtr& call);
void stream(const CallPtr& call);  ///< exec, attach, portforward
void proxy(const CallPtr& call);   ///< of pods, services and nodes

// No resources. False: not theirs.
bool discovery(Call& call);
bool openapi(const CallPtr& call);
bool health(Call& call);
bool key_discovery(Call& call);

// Kinds that are not served. False: nothing is said of them.
bool absent(Call& call);

// Shared by several verbs.

/// The object in the request's body, in whichever of the three encodings.
/// @errors 415 for another content type; those of decode_body()
Answer<boost::json::object> posted(Call& call, const Expected& expected);
/// The query's resourceVersion; nothing when it is absent or "0".
/// @errors 400 no number; 504 when the store is not there yet
Answer<std::optional<Revision>> asked_revision(const RequestInfo& info, KvStore& kv);
/// The options of a delete: body, then query.
Answer<DeleteRequest> delete_request(Call& call);
/// The longest name of a field manager, in bytes.
inline constexpr std::size_t kMaxManager = 128;
/// Who writes, for metadata.managedFields: the query's fieldManager, else what stands before the
/// first '/' of the User-Agent.
managed::Writer writer_of(const Call& call);
/// What sets the owners of the fields of a change.
enum class Owners {
  writer,  ///< whoever sends the request takes what it changes
  change   ///< the change itself
};
/// The object of a change has the name and the namespace of the URL, where it says them.
/// @errors 400
Answer<> check_identity(const Call& call, const boost::json::object& object);
/// The rules and side effects of a write around ObjectStore::update_with: preparation, owners of
/// fields, Service addresses.
Answer<Written> write_change(Call& call, std::string_view subresource,
                             const ObjectStore::Change& change, Owners owners = Owners::writer);
/// The document of an apply patch, with the name and namespace of the request. It has to say what
/// it is; an unknown field has no owner, so it is an error however lenient the request is.
/// @errors 422 without a fieldManager; 400
Answer<boost::json::object> applied_document(Call& call, const Expected& expected);
/// Names, admits, defaults, validates and stores a new object of the request's namespace. `own`
/// sets the owners of its fields, once it has its defaults and before it is admitted.
Answer<Written> store_new(Call& call, boost::json::object object,
                          const std::function<Answer<>(boost::json::object&)>& own);
/// The same for an object as its writer sent it: all that it says belongs to the writer.
Answer<Written> store_written(Call& call, boost::json::object object);
/// 403 unless the caller may create what the request names: a PUT or an apply of what is not there.
Answer<> may_create(const Call& call);
/// 404 or 403 unless a new object may be made in the namespace.
Answer<> namespace_open(Call& call, std::string_view ns, std::string_view name);
/// Service account, token volume, tolerations: what admission adds to a new Pod.
Answer<> admit_pod(Call& call, boost::json::object& pod);
/// The priority of the class that a new Pod names.
/// @errors 403 for a PriorityClass or RuntimeClass that there is not
Answer<> admit_classes(const Call& call, boost::json::object& pod);
/// What every Pod tolerates for a while, where it does not say itself. A change gets it too: who
/// replaces or applies the list as he once wrote it does not mean to take that away.
void tolerate_node_faults(boost::json::object& pod);
/// The default class, where a new Ingress names none.
/// @errors 422 for a class named in both ways
Answer<> admit_ingress(Call& call, boost::json::object& ingress);
inline bool is_ingress(const schema::Resource& resource) {
  return resource.group == "networking.k8s.io" && resource.kind == "Ingress";
}
/// Warns the client of what is no error and will not work: routes that another Ingress of the class
/// has, ports that their Service or its pods lack, what a pod's spec says twice.
/// @param object  as it was stored
void warn_of(Call& call, const boost::json::object& object);
/// Whether there is anything to look at in objects of the kind.
bool may_warn_of(const schema::Resource& resource);
/// 403 when a node writes another's Node or Lease, or of its own Node what is not its own to say.
/// @param old  null for a creation
Answer<> admit_own(const Call& call, const boost::json::object& object,
                   const boost::json::object* old);

}  // namespace nodal::master::handlers
