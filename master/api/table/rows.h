// master/api/table/rows.h — one function per kind writes the cells of a row, without the name in
// front. Pure: `now` gives the ages.
// @source REQUIREMENTS of the API, section 9
#pragma once

#include "master/api/table/cells.h"

namespace nodal::master::table {

void pod_row(const Object& object, TimePoint now, Cells& cells);
void service_row(const Object& object, TimePoint now, Cells& cells);
void endpoints_row(const Object& object, TimePoint now, Cells& cells);
void endpoint_slice_row(const Object& object, TimePoint now, Cells& cells);
void ingress_row(const Object& object, TimePoint now, Cells& cells);
void ingress_class_row(const Object& object, TimePoint now, Cells& cells);
void deployment_row(const Object& object, TimePoint now, Cells& cells);
void replica_set_row(const Object& object, TimePoint now, Cells& cells);
void scale_row(const Object& object, TimePoint now, Cells& cells);
void node_row(const Object& object, TimePoint now, Cells& cells);
void namespace_row(const Object& object, TimePoint now, Cells& cells);
void config_map_row(const Object& object, TimePoint now, Cells& cells);
void secret_row(const Object& object, TimePoint now, Cells& cells);
void service_account_row(const Object& object, TimePoint now, Cells& cells);
void lease_row(const Object& object, TimePoint now, Cells& cells);
void event_row(const Object& object, TimePoint now, Cells& cells);

}  // namespace nodal::master::table
