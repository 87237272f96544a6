// nodectl/describe/volumes.cc — the volumes of a pod or of a template.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "nodectl/describe/pod_parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

// One line of a volume: its name on the page, the field, and what stands there without one.
struct Line {
  std::string_view title, field, absent;
};
struct VolumeKind {
  std::string_view field, type;
  std::vector<Line> lines;
};

const std::vector<VolumeKind>& kinds() {
  static const std::vector<VolumeKind> kKinds = {
      {"hostPath",
       "HostPath (bare host directory volume)",
       {{"Path", "path", ""}, {"HostPathType", "type", ""}}},
      {"emptyDir",
       "EmptyDir (a temporary directory that shares a pod's lifetime)",
       {{"Medium", "medium", ""}, {"SizeLimit", "sizeLimit", "<unset>"}}},
      {"secret",
       "Secret (a volume populated by a Secret)",
       {{"SecretName", "secretName", ""}, {"Optional", "optional", "false"}}},
      {"configMap",
       "ConfigMap (a volume populated by a ConfigMap)",
       {{"Name", "name", ""}, {"Optional", "optional", "false"}}},
      {"persistentVolumeClaim",
       "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
       {{"ClaimName", "claimName", ""}, {"ReadOnly", "readOnly", "false"}}},
      {"nfs",
       "NFS (an NFS mount that lasts the lifetime of a pod)",
       {{"Server", "server", ""}, {"Path", "path", ""}, {"ReadOnly", "readOnly", "false"}}},
      {"csi",
       "CSI (a Container Storage Interface (CSI) volume source)",
       {{"Driver", "driver", ""}, {"FSType", "fsType", ""}, {"ReadOnly", "readOnly", "false"}}},
  };
  return kKinds;
}

void projected(Page& page, const json::value& volume) {
  page.line(2, "Type:\tProjected (a volume that contains injected data from multiple sources)");
  for (const auto& source : list_at(volume, "sources")) {
    for (const auto& [field, title] :
         {std::pair{"secret", "SecretName:\t"}, {"configMap", "ConfigMapName:\t"}})
      if (const auto* named = find(source, field)) {
        page.line(2, title, text_at(*named, "name"));
        page.line(2, "Optional:\t", bool_at(*named, "optional") ? "true" : "false");
      }
    if (find(source, "downwardAPI") != nullptr) page.line(2, "DownwardAPI:\ttrue");
    if (const auto* token = find(source, "serviceAccountToken"))
      page.line(2, "TokenExpirationSeconds:\t", text_at(*token, "expirationSeconds"));
  }
}

void downward(Page& page, const json::value& volume) {
  page.line(2, "Type:\tDownwardAPI (a volume populated by information about the pod)");
  page.line(2, "Items:");
  for (const auto& item : list_at(volume, "items")) {
    const auto field = text_at(item, "fieldRef.fieldPath");
    page.line(3, field.empty() ? text_at(item, "resourceFieldRef.resource") : field, " -> ",
              text_at(item, "path"));
  }
}

}  // namespace

void describe_volumes(Page& page, const json::array& volumes, std::string_view indent) {
  page.line(0, indent, "Volumes:", volumes.empty() ? "\t<none>" : "");
  for (const auto& volume : volumes) {
    page.line(1, indent.empty() ? "" : " ", text_at(volume, "name"), ":");
    if (const auto* source = find(volume, "projected")) {
      projected(page, *source);
    } else if (const auto* items = find(volume, "downwardAPI")) {
      downward(page, *items);
    } else {
      bool known = false;
      for (const auto& kind : kinds())
        if (const auto* at = find(volume, kind.field)) {
          known = true;
          page.line(2, "Type:\t", kind.type);
          for (const auto& [title, field, absent] : kind.lines) {
            const auto value = text_at(*at, field);
            page.line(2, title, ":\t", value.empty() ? absent : value);
          }
        }
      if (!known) page.line(2, "<unknown>");
    }
  }
}

void describe_tolerations(Page& page, const json::array& tolerations, std::string_view indent) {
  std::string lead = text::cat(indent, "Tolerations:\t");
  if (tolerations.empty()) return page.line(0, lead, "<none>");
  std::vector<const json::value*> sorted;
  for (const auto& toleration : tolerations) sorted.push_back(&toleration);
  std::ranges::stable_sort(sorted, {}, [](const auto* t) { return text_at(*t, "key"); });
  for (const auto* toleration : sorted) {
    const auto value = text_at(*toleration, "value"), effect = text_at(*toleration, "effect");
    std::string text = text_at(*toleration, "key");
    if (!value.empty()) text += text::cat("=", value);
    if (!effect.empty()) text += text::cat(":", effect);
    if (value.empty() && text_at(*toleration, "operator") == "Exists")
      text += text.empty() ? "op=Exists" : " op=Exists";
    if (find(*toleration, "tolerationSeconds") != nullptr)
      text += text::cat(" for ", int_at(*toleration, "tolerationSeconds"), "s");
    page.line(0, lead, text);
    lead = "\t";
  }
}

void describe_spread(Page& page, const json::array& constraints, std::string_view indent) {
  std::string lead = text::cat(indent, "Topology Spread Constraints:\t");
  for (const auto& constraint : constraints) {
    const auto* selector = find(constraint, "labelSelector");
    page.line(0, lead, text_at(constraint, "topologyKey"), ":",
              text_at(constraint, "whenUnsatisfiable"), " when max skew ",
              int_at(constraint, "maxSkew"), " is exceeded",
              selector == nullptr ? "" : text::cat(" for selector ", selector_text(*selector)));
    lead = "\t";
  }
}

void describe_template(Page& page, const json::value& pod_template) {
  page.line(0, "Pod Template:");
  page.labels("  ", "Labels", object_at(pod_template, "metadata.labels"));
  if (const auto& annotations = object_at(pod_template, "metadata.annotations");
      !annotations.empty())
    page.annotations("  ", "Annotations", annotations);
  if (const auto account = text_at(pod_template, "spec.serviceAccountName"); !account.empty())
    page.line(1, "Service Account:\t", account);
  if (const auto& first = list_at(pod_template, "spec.initContainers"); !first.empty())
    describe_containers(page, "Init Containers", first, {}, nullptr, "  ");
  describe_containers(page, "Containers", list_at(pod_template, "spec.containers"), {}, nullptr,
                      "  ");
  describe_volumes(page, list_at(pod_template, "spec.volumes"), "  ");
  describe_spread(page, list_at(pod_template, "spec.topologySpreadConstraints"), "  ");
  if (const auto priority = text_at(pod_template, "spec.priorityClassName"); !priority.empty())
    page.line(1, "Priority Class Name:\t", priority);
  page.labels("  ", "Node-Selectors", object_at(pod_template, "spec.nodeSelector"));
  describe_tolerations(page, list_at(pod_template, "spec.tolerations"), "  ");
}

}  // namespace nodal::nodectl
