// api-client/codec/openapi_content.h — what both versions of OpenAPI say, before it is written as
// either.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api-client/codec/codec.h"
#include "api-client/codec/schema.h"

namespace nodal::codec::openapi {

/// JSON text, member by member. Puts the commas.
class Json {
 public:
  Json& key(std::string_view name) {
    separate();
    append_string(out_, name);
    out_ += ':';
    return *this;
  }
  void open(char bracket) {
    separate();
    out_ += bracket;
  }
  void close(char bracket) { out_ += bracket; }
  void string(std::string_view text) {
    separate();
    append_string(out_, text);
  }
  void raw(std::string_view json) {
    separate();
    out_ += json;
  }
  void member(std::string_view name, std::string_view text) { key(name).string(text); }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (!out_.empty() && !std::string_view("{[:").contains(out_.back())) out_ += ',';
  }

  std::string out_;
};

/// A scalar of the API that has a schema of its own.
struct Scalar {
  std::string_view name;
  std::string_view description;
  std::string_view type;  ///< in v2; v3 tells more where `v3` is set
  std::string_view format;
  std::string_view v3;
};

/// The schema of a scalar; null when the kind has none of its own. `field` tells FieldsV1 from
/// other JSON.
[[nodiscard]] const Scalar* scalar(schema::Kind kind, std::string_view field);
/// The name of the schema a value refers to; "" when it has none of its own.
[[nodiscard]] std::string_view reference(schema::Kind kind, const schema::Field& field);
[[nodiscard]] std::string_view type_name(schema::Kind kind);
[[nodiscard]] std::string_view format_name(schema::Kind kind, const schema::Field& field);
/// The x-kubernetes-… members of a property: name and JSON.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string>> extensions(
    const schema::Field& field);
/// {"group":…,"version":…,"kind":…}
[[nodiscard]] std::string gvk(std::string_view group, std::string_view version,
                              std::string_view kind);
/// The name of the schema of a list of `type`.
[[nodiscard]] std::string list_name(const schema::Type& type);
/// Whether the kind can be listed, and so has a list schema.
[[nodiscard]] bool lists(const schema::Resource& resource);

/// Everything that one document describes.
struct Content {
  std::vector<const schema::Resource*> resources;
  std::map<std::string_view, const schema::Type*> types;
  std::map<std::string_view, const Scalar*> scalars;
  std::map<const schema::Type*, std::string> kinds;  ///< the GVK of types that are kinds

  /// A type and all that it refers to.
  void add(const schema::Type* type);
  /// A kind, the bodies of its subresources and what every answer needs.
  void add(const schema::Resource& resource);
};

inline constexpr std::string_view kApiVersionText =
    "The API group and version of the kind, such as v1 or apps/v1.";
inline constexpr std::string_view kKindText =
    "What this object is; with apiVersion it names the schema of all other fields.";
inline constexpr std::string_view kListMetaText =
    "Version of the list and where its next page begins.";
inline constexpr std::string_view kListMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
inline constexpr std::string_view kNameText = "Name of the object.";
inline constexpr std::string_view kNamespaceText = "Namespace of the object.";

}  // namespace nodal::codec::openapi
