// master/registry/managed/ownership.h — who owns which fields after a write: the rules of
// server-side apply and of all other writes. Pure.
//
// Fields have owners in metadata.managedFields. Any write but apply takes what it changes from
// whoever had it. An apply says the whole of what its manager wants: what another manager owns and
// the apply would change is a conflict unless forced, and what the manager's last apply had and
// this one has not goes, if nobody else owns it.
// @source API concepts, "Server-Side Apply"
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "api-client/codec/schema.h"
#include "master/registry/api_error.h"

namespace nodal::master::managed {

/// Who writes, through what, and when.
struct Writer {
  std::string manager;
  std::string subresource;  ///< "" the object itself
  std::string time;         ///< RFC 3339
};

/// Sets the owners of a new object: the writer has all that is in it (but status where that is a
/// subresource), unless the client sent owners.
/// @errors 422 for owners that do not parse
Answer<> own_new(const schema::Resource& resource, boost::json::object& object,
                 const Writer& writer);

/// Sets the owners of `after`. Owners that the client sent take the place of the stored ones, but
/// through a subresource; an object without owners stays without until it is applied. A write that
/// changes nothing changes no owner.
/// @errors 422 for owners that do not parse
Answer<> own_changed(const schema::Resource& resource, const boost::json::object& before,
                     boost::json::object& after, const Writer& writer);

/// Sets the owners of a new object that comes by apply: only what `applied` names.
/// @errors 400 for lists whose items have no keys, or the same
Answer<> own_applied(const schema::Resource& resource, boost::json::object& object,
                     const boost::json::object& applied, const Writer& writer);

/// The live object with what is applied, without what the last apply had and this one has not, and
/// with its owners.
/// @errors 409 with one cause FieldManagerConflict for each field; 400 as own_applied()
Answer<boost::json::object> apply(const schema::Resource& resource, const boost::json::object& live,
                                  const boost::json::object& applied, const Writer& writer,
                                  bool force);

/// Turns what a client may write but never reads into what the store keeps (a Secret's stringData
/// into data), so that it has owners under the name it is read by.
void settle_written(const schema::Resource& resource, boost::json::object& object);

/// Takes the times of the owners back to what they were when nothing but them and the
/// resourceVersion differs: such a write is none.
void keep_times(const boost::json::object& before, boost::json::object& after);

}  // namespace nodal::master::managed
