// master/api/handlers/absent.cc — kinds that are neither served nor advertised, and that clients
// list all the same: there are none of them.
#include <algorithm>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

struct Absent {
  std::string_view group, version, resource, kind;
};

// kubectl looks for a kind that it does not find among the CustomResourceDefinitions, and gives up
// on the rest of the file when it cannot; `cluster-info dump` lists the others.
constexpr Absent kAbsent[] = {
    {"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"},
    {"", "v1", "replicationcontrollers", "ReplicationController"},
    {"apps", "v1", "daemonsets", "DaemonSet"},
};

}  // namespace

bool absent(Call& call) {
  const RequestInfo& info = call.info;
  if (info.verb != "list" || !info.subresource.empty()) return false;
  const auto found = std::ranges::find_if(kAbsent, [&](const Absent& kind) {
    return kind.group == info.group && kind.version == info.version &&
           kind.resource == info.resource;
  });
  if (found == std::end(kAbsent)) return false;
  call.answer(200, text::cat(R"({"kind":")", found->kind, R"(List","apiVersion":")",
                             api_version(found->group, found->version),
                             R"(","metadata":{"resourceVersion":")",
                             call.api->parts().kv->revision(), R"("},"items":[]})"));
  return true;
}

}  // namespace nodal::master::handlers
