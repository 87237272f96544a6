// api-client/apigen/model.h — the schema files as values, read and checked against each other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/codec/schema.h"
#include "base/result.h"

namespace nodal::apigen {

/// A type by file and name: {"core_v1", "PodSpec"}.
struct TypeName {
  std::string file;
  std::string name;
  auto operator<=>(const TypeName&) const = default;
};

struct Property {
  std::string name;  ///< in JSON
  std::string description;
  schema::Kind kind = schema::Kind::string;
  schema::Kind element = schema::Kind::string;
  TypeName type;  ///< of objects, and of arrays and maps of objects
  schema::Format format = schema::Format::none;
  std::uint32_t protobuf = 0;
  bool required = false;
  bool nullable = false;
  bool spliced = false;
  bool from_splice = false;  ///< stands here because a spliced message has it
  bool no_member = false;    ///< kind and apiVersion of documents: in the descriptor alone
  bool immutable = false;
  std::string default_json;
  std::vector<std::string> enum_values;
  std::optional<std::int64_t> minimum, maximum, max_length, min_items;
  schema::ListType list_type = schema::ListType::atomic;
  bool map_atomic = false;
  std::vector<std::string> list_map_keys;
  bool merge = false;
  bool retain_keys = false;
  std::string patch_merge_key;
};

struct Type {
  std::string name;
  std::string description;
  bool atomic = false;
  bool document = false;             ///< has kind and apiVersion: a kind, or a body such as Scale
  std::vector<Property> properties;  ///< as in the file; spliced ones followed by their members
};

struct Subresource {
  std::string name, group, version, kind;
  std::vector<std::string> verbs;
};

struct Column {
  std::string name, type, description, json_path;
  int priority = 0;
};

struct Kind {
  std::string name, plural, singular;
  std::vector<std::string> short_names, categories, verbs;
  std::vector<Subresource> subresources;
  std::vector<Column> columns;
  bool namespaced = true;
  bool has_status = false;
};

struct File {
  std::string stem;  ///< "core_v1": the namespace and the names of the generated files
  std::string group, version, openapi;
  int order = 0;  ///< of groups in discovery; core is first
  std::vector<Kind> kinds;
  std::vector<Type> types;  ///< every type after those it holds

  [[nodiscard]] std::string api_version() const;
};

struct Model {
  std::vector<File> files;  ///< in the order of discovery

  [[nodiscard]] const File* file(std::string_view stem) const;
  [[nodiscard]] const Type* type(const TypeName& name) const;
  /// Types that stand in a Box somewhere.
  [[nodiscard]] std::set<TypeName> boxed() const;
};

/// One schema file, named by its stem.
struct Source {
  std::string stem;
  std::string yaml;
};

/// @errors invalid: "core_v1.yaml: PodSpec.containers: no type Containr"; all that is wrong, one
///         per line.
Result<Model> load(const std::vector<Source>& sources);

/// The C++ name of a JSON name: clusterIPs → cluster_ips, namespace → namespace_.
std::string member_name(std::string_view json);

}  // namespace nodal::apigen
