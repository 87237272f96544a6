// master/api/table/workload_rows.cc — Deployments, ReplicaSets, Scales.
#include "base/text.h"
#include "master/api/table/rows.h"

namespace nodal::master::table {
namespace {

void workload_tail(const Object& object, Cells& cells) {
  const Object& spec = object_in(object, "spec");
  std::vector<std::string> names, images;
  for (const auto& item : list_in(object_in(object_in(spec, "template"), "spec"), "containers"))
    if (item.is_object()) {
      names.push_back(string_in(item.get_object(), "name"));
      images.push_back(string_in(item.get_object(), "image"));
    }
  cells.text(text::join(names, ","));
  cells.text(text::join(images, ","));
  cells.text(selector_text(object_in(spec, "selector")));
}

}  // namespace

void deployment_row(const Object& object, TimePoint now, Cells& cells) {
  const Object& status = object_in(object, "status");
  cells.text(text::cat(int_in(status, "readyReplicas"), "/",
                       int_in(object_in(object, "spec"), "replicas")));
  cells.number(int_in(status, "updatedReplicas"));
  cells.number(int_in(status, "availableReplicas"));
  cells.text(age(object, now));
  workload_tail(object, cells);
}

void replica_set_row(const Object& object, TimePoint now, Cells& cells) {
  const Object& status = object_in(object, "status");
  cells.number(int_in(object_in(object, "spec"), "replicas"));
  cells.number(int_in(status, "replicas"));
  cells.number(int_in(status, "readyReplicas"));
  cells.text(age(object, now));
  workload_tail(object, cells);
}

void scale_row(const Object& scale, TimePoint now, Cells& cells) {
  cells.number(int_in(object_in(scale, "spec"), "replicas"));
  cells.number(int_in(object_in(scale, "status"), "replicas"));
  cells.text(age(scale, now));
}

}  // namespace nodal::master::table
