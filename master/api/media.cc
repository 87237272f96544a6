// master/api/media.cc — see media.h.
#include "master/api/media.h"

#include <array>

#include "base/text.h"

namespace nodal::master {
namespace {

// One clause: "application/json;as=Table;v=v1;g=meta.k8s.io".
struct Clause {
  std::string type, as, group, version;
};

Clause clause_of(std::string_view text) {
  Clause out;
  bool first = true;
  for (const auto part : text::split(text, ';')) {
    const auto trimmed = text::trim(part);
    if (first) {
      out.type = text::lower(trimmed);
      first = false;
      continue;
    }
    const auto equals = trimmed.find('=');
    if (equals == std::string_view::npos) continue;
    const auto key = trimmed.substr(0, equals);
    const auto value = std::string(trimmed.substr(equals + 1));
    if (key == "as") out.as = value;
    if (key == "g") out.group = value;
    if (key == "v") out.version = value;
  }
  return out;
}

bool takes_json(const Clause& clause) {
  return clause.type == "application/json" || clause.type == "*/*" ||
         clause.type == "application/*";
}

}  // namespace

std::optional<Form> negotiate(std::string_view accept, bool whole_only) {
  if (text::trim(accept).empty()) return Form::json;
  for (const auto part : text::split(accept, ',')) {
    const Clause clause = clause_of(part);
    if (!takes_json(clause)) continue;
    if (clause.as.empty()) return Form::json;
    if (whole_only) continue;
    if (clause.group != "meta.k8s.io" || (clause.version != "v1" && clause.version != "v1beta1"))
      continue;
    if (clause.as == "Table") return Form::table;
    if (clause.as == "PartialObjectMetadata" || clause.as == "PartialObjectMetadataList")
      return Form::metadata;
  }
  return std::nullopt;
}

std::optional<std::string_view> negotiate_discovery(std::string_view accept) {
  if (text::trim(accept).empty()) return "";
  for (const auto part : text::split(accept, ',')) {
    const Clause clause = clause_of(part);
    if (!takes_json(clause)) continue;
    if (clause.as.empty()) return "";
    if (clause.as != "APIGroupDiscoveryList" || clause.group != "apidiscovery.k8s.io") continue;
    if (clause.version == "v2") return "v2";
    if (clause.version == "v2beta1") return "v2beta1";
  }
  return std::nullopt;
}

std::optional<BodyType> body_type(std::string_view content_type) {
  static constexpr std::array<std::pair<std::string_view, BodyType>, 10> kTypes{{
      {"", BodyType::json},
      {"application/json", BodyType::json},
      {"application/yaml", BodyType::yaml},
      {"application/x-yaml", BodyType::yaml},
      {"text/yaml", BodyType::yaml},
      {"application/vnd.kubernetes.protobuf", BodyType::protobuf},
      {"application/json-patch+json", BodyType::json_patch},
      {"application/merge-patch+json", BodyType::merge_patch},
      {"application/strategic-merge-patch+json", BodyType::strategic_merge_patch},
      {"application/apply-patch+yaml", BodyType::apply_patch},
  }};
  const auto type = text::lower(text::trim(content_type.substr(0, content_type.find(';'))));
  for (const auto& [name, value] : kTypes)
    if (name == type) return value;
  return std::nullopt;
}

}  // namespace nodal::master
