// api-client/codec/schema.h — descriptors: what api-client/schema/*.yaml says, as constant data.
//
// The master interprets these: it decodes protobuf, defaults, prunes, validates, merges, and writes
// OpenAPI from them. Nothing in here knows a kind by name, so a CustomResourceDefinition can fill
// the same structs at run time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api-client/codec/resource_name.h"

namespace nodal::schema {

enum class Kind : std::uint8_t {
  string,
  integer,  ///< int32 or int64, see Format
  number,   ///< double
  boolean,
  bytes,       ///< base64 in JSON, raw in protobuf
  time,        ///< RFC 3339, seconds
  micro_time,  ///< RFC 3339, six decimals
  quantity,
  int_or_string,
  object,  ///< Field::type
  array,   ///< of Field::element (and Field::type when that is object)
  map,     ///< string keys, values of Field::element
  any,     ///< any JSON: FieldsV1, RawExtension
};

enum class Format : std::uint8_t {
  none,
  int32,
  int64,
  dns_label,
  dns_subdomain,
  dns_1035_label,
  label_value,
  ip,
  cidr
};
enum class ListType : std::uint8_t { atomic, set, map };
enum class PatchStrategy : std::uint8_t { replace, merge };

struct Type;

/// One property of a Type.
struct Field {
  std::string_view name{};         ///< in JSON
  std::string_view description{};  ///< ours, for explain
  Kind kind = Kind::string;
  Kind element = Kind::string;   ///< of arrays and maps
  const Type* type = nullptr;    ///< of objects, and of arrays and maps of objects
  Format format = Format::none;  ///< of the value, or of each element
  std::uint32_t protobuf = 0;    ///< field number; 0: not on the wire
  bool required = false;
  bool pointer =
      false;  ///< a Go pointer: a zero value is kept (replicas: 0), absence differs from zero
  bool spliced = false;    ///< protobuf nests it, JSON shows its members in the parent ("inline")
  bool immutable = false;  ///< x-nodal-immutable: never changes after creation
  std::string_view default_json{};                  ///< "" none
  std::span<const std::string_view> enum_values{};  ///< sorted
  std::optional<std::int64_t> minimum{};
  std::optional<std::int64_t> maximum{};
  std::optional<std::int64_t> max_length{};
  std::optional<std::int64_t> min_items{};
  ListType list_type = ListType::atomic;  ///< of arrays
  bool map_atomic = false;                ///< of maps and objects
  std::span<const std::string_view> list_map_keys{};
  PatchStrategy patch_strategy = PatchStrategy::replace;
  bool retain_keys = false;            ///< the patch strategy has retainKeys too
  std::string_view patch_merge_key{};  ///< "" for lists of primitives and atomic lists
};

struct Type {
  std::string_view name{};     ///< "PodSpec"
  std::string_view openapi{};  ///< "io.k8s.api.core.v1.PodSpec"
  std::string_view description{};
  std::span<const Field>
      fields{};  ///< sorted by name; fields that JSON splices in stand here flattened as well
  bool atomic = false;  ///< the whole struct is one value for server-side apply

  [[nodiscard]] const Field* find(std::string_view field) const;
};

/// One column of a printed table that needs no code (additionalPrinterColumns of a CRD).
struct Column {
  std::string_view name{};
  std::string_view type{};  ///< string, integer, boolean, date
  std::string_view description{};
  std::string_view json_path{};
  int priority = 0;
};

struct Subresource {
  std::string_view name{};                      ///< "status", "scale", "log", …
  std::string_view group{}, version{}, kind{};  ///< of what it reads and writes; "" = the parent's
  std::span<const std::string_view> verbs{};
};

/// One kind that a server can serve.
struct Resource {
  std::string_view group{};  ///< "" for core
  std::string_view version{};
  std::string_view kind{};
  std::string_view plural{};
  std::string_view singular{};
  std::span<const std::string_view> short_names{};
  std::span<const std::string_view> categories{};
  std::span<const std::string_view> verbs{};
  std::span<const Subresource> subresources{};
  std::span<const Column> columns{};
  bool namespaced = true;
  bool has_status = false;  ///< a status subresource: the main endpoint ignores status
  const Type* type = nullptr;

  [[nodiscard]] const Subresource* subresource(std::string_view name) const;
  [[nodiscard]] std::string api_version() const { return nodal::api_version(group, version); }
};

/// Every kind in the schema files, in discovery order.
[[nodiscard]] std::span<const Resource> resources();
/// Null when the schema has no such kind. An empty `version` finds the first (preferred) one.
[[nodiscard]] const Resource* find_resource(std::string_view group, std::string_view version,
                                            std::string_view plural);
[[nodiscard]] const Resource* find_kind(std::string_view group, std::string_view version,
                                        std::string_view kind);
/// A message by its OpenAPI name (also those that are no kinds, such as DeleteOptions).
[[nodiscard]] const Type* find_type(std::string_view openapi);

}  // namespace nodal::schema
