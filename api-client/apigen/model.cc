// api-client/apigen/model.cc — see model.h.
#include "api-client/apigen/model.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/text.h"

namespace nodal::apigen {
namespace {

using schema::Format;

constexpr std::array<std::pair<std::string_view, schema::Kind>, 4> kScalars = {{
    {"Time", schema::Kind::time},
    {"MicroTime", schema::Kind::micro_time},
    {"Quantity", schema::Kind::quantity},
    {"IntOrString", schema::Kind::int_or_string},
}};

constexpr std::array<std::pair<std::string_view, Format>, 8> kFormats = {{
    {"int32", Format::int32},
    {"int64", Format::int64},
    {"dns-label", Format::dns_label},
    {"dns-subdomain", Format::dns_subdomain},
    {"dns-1035-label", Format::dns_1035_label},
    {"label-value", Format::label_value},
    {"ip", Format::ip},
    {"cidr", Format::cidr},
}};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// Reads one file and notes what is wrong with it.
class Reader {
 public:
  Reader(const Source& source, std::vector<std::string>& errors)
      : source_(source), errors_(errors) {}

  File read() {
    File file;
    file.stem = source_.stem;
    const YAML::Node root = YAML::Load(source_.yaml);
    if (!keys("file", root, {"group", "version", "openapi", "order", "kinds", "types"}))
      return file;
    file.group = text(root["group"]);
    file.version = text(root["version"]);
    file.openapi = text(root["openapi"]);
    file.order =
        file.group.empty() ? -1 : static_cast<int>(number("order", root["order"]).value_or(1000));
    if (file.version.empty()) complain("file", "no version");
    if (file.openapi.empty()) complain("file", "no openapi");
    for (const auto& entry : root["kinds"])
      file.kinds.push_back(kind(entry.first.Scalar(), entry.second));
    for (const auto& entry : root["types"])
      file.types.push_back(type(entry.first.Scalar(), entry.second));
    return file;
  }

 private:
  void complain(std::string_view where, std::string_view what) {
    errors_.push_back(text::cat(source_.stem, ".yaml: ", where, ": ", what));
  }

  /// A map with no other keys than these.
  bool keys(std::string_view where, const YAML::Node& node,
            std::initializer_list<std::string_view> known) {
    if (!node.IsMap()) {
      complain(where, "not a map");
      return false;
    }
    for (const auto& entry : node)
      if (std::ranges::find(known, entry.first.Scalar()) == known.end())
        complain(where, text::cat("unknown key ", entry.first.Scalar()));
    return true;
  }

  static std::string text(const YAML::Node& node) {
    return node && node.IsScalar() ? node.Scalar() : std::string();
  }
  bool flag(std::string_view where, const YAML::Node& node) {
    const std::string value = text(node);
    if (node && value != "true" && value != "false")
      complain(where, text::cat("expected true or false, got ", value));
    return value == "true";
  }
  std::optional<std::int64_t> number(std::string_view where, const YAML::Node& node) {
    if (!node) return std::nullopt;
    const auto value = text::number<std::int64_t>(text(node));
    if (!value) complain(where, text::cat("expected a number, got ", text(node)));
    return value;
  }
  std::vector<std::string> strings(std::string_view where, const YAML::Node& node) {
    std::vector<std::string> out;
    if (!node) return out;
    if (!node.IsSequence()) complain(where, "expected a list");
    for (const auto& item : node) out.push_back(text(item));
    return out;
  }

  Kind kind(const std::string& name, const YAML::Node& node) {
    Kind out;
    out.name = name;
    if (!keys(name, node,
              {"plural", "singular", "shortNames", "categories", "namespaced", "verbs", "status",
               "subresources", "columns"}))
      return out;
    out.plural = text(node["plural"]);
    out.singular = text(node["singular"]);
    if (out.plural.empty()) complain(name, "no plural");
    if (out.singular.empty()) out.singular = text::lower(name);
    out.short_names = strings(name, node["shortNames"]);
    out.categories = strings(name, node["categories"]);
    out.verbs = strings(name, node["verbs"]);
    if (out.verbs.empty())
      out.verbs = {"create", "delete", "deletecollection", "get",
                   "list",   "patch",  "update",           "watch"};
    if (!node["namespaced"]) complain(name, "namespaced is not said");
    out.namespaced = flag(name, node["namespaced"]);
    out.has_status = flag(name, node["status"]);
    for (const auto& entry : node["subresources"]) {
      const std::string where = text::cat(name, ".subresources.", entry.first.Scalar());
      const YAML::Node& value = entry.second;
      if (!keys(where, value, {"group", "version", "kind", "verbs"})) continue;
      out.subresources.push_back({entry.first.Scalar(), text(value["group"]),
                                  text(value["version"]), text(value["kind"]),
                                  strings(where, value["verbs"])});
      if (out.subresources.back().verbs.empty()) complain(where, "no verbs");
    }
    for (const auto& value : node["columns"]) {
      if (!keys(name, value, {"name", "type", "description", "jsonPath", "priority"})) continue;
      out.columns.push_back({text(value["name"]), text(value["type"]), text(value["description"]),
                             text(value["jsonPath"]),
                             static_cast<int>(number(name, value["priority"]).value_or(0))});
    }
    return out;
  }

  Type type(const std::string& name, const YAML::Node& node) {
    Type out;
    out.name = name;
    if (!keys(
            name, node,
            {"description", "required", "x-kubernetes-map-type", "x-nodal-document", "properties"}))
      return out;
    out.description = text(node["description"]);
    out.document = flag(name, node["x-nodal-document"]);
    out.atomic = map_type(name, node["x-kubernetes-map-type"]);
    for (const auto& entry : node["properties"])
      out.properties.push_back(property(name, entry.first.Scalar(), entry.second));
    for (const std::string& required : strings(name, node["required"])) {
      const auto it = std::ranges::find(out.properties, required, &Property::name);
      if (it == out.properties.end())
        complain(name, text::cat("required ", required, " is no property"));
      else
        it->required = true;
    }
    return out;
  }

  bool map_type(std::string_view where, const YAML::Node& node) {
    const std::string value = text(node);
    if (node && value != "atomic" && value != "granular")
      complain(where, text::cat("x-kubernetes-map-type is atomic or granular, not ", value));
    return value == "atomic";
  }

  Property property(const std::string& type, const std::string& name, const YAML::Node& node) {
    const std::string where = text::cat(type, ".", name);
    Property out;
    out.name = name;
    if (!keys(where, node,
              {"$ref",
               "type",
               "format",
               "nullable",
               "default",
               "description",
               "enum",
               "minimum",
               "maximum",
               "maxLength",
               "minItems",
               "items",
               "additionalProperties",
               "x-protobuf",
               "x-protobuf-inline",
               "x-kubernetes-list-type",
               "x-kubernetes-list-map-keys",
               "x-kubernetes-map-type",
               "x-kubernetes-patch-merge-key",
               "x-kubernetes-patch-strategy",
               "x-kubernetes-preserve-unknown-fields",
               "x-nodal-immutable"}))
      return out;
    out.description = text(node["description"]);
    out.nullable = flag(where, node["nullable"]);
    out.spliced = flag(where, node["x-protobuf-inline"]);
    out.immutable = flag(where, node["x-nodal-immutable"]);
    out.protobuf = static_cast<std::uint32_t>(number(where, node["x-protobuf"]).value_or(0));
    out.min_items = number(where, node["minItems"]);
    out.map_atomic = map_type(where, node["x-kubernetes-map-type"]);
    constraints(out, where, node);

    out.kind = value_kind(out, where, node);
    if (out.kind == schema::Kind::array || out.kind == schema::Kind::map) {
      const YAML::Node inner =
          out.kind == schema::Kind::array ? node["items"] : node["additionalProperties"];
      element(out, where, inner);
    }
    merging(out, where, node);
    if (node["default"]) out.default_json = json(out.kind, node["default"]);

    if (out.spliced && (out.kind != schema::Kind::object || out.nullable))
      complain(where, "only a struct by value can be spliced");
    if (out.nullable && (out.kind == schema::Kind::array || out.kind == schema::Kind::map))
      complain(where, "lists and maps are never nullable");
    return out;
  }

  void element(Property& out, const std::string& where, const YAML::Node& node) {
    if (!node) {
      complain(where, out.kind == schema::Kind::array ? "no items" : "no additionalProperties");
      return;
    }
    if (!keys(where, node,
              {"$ref", "type", "format", "enum", "minimum", "maximum", "maxLength", "default",
               "description", "items", "x-kubernetes-map-type"}))
      return;
    constraints(out, where, node);
    out.element = value_kind(out, where, node);
    using schema::Kind;
    const bool list_of_strings = out.kind == Kind::map && out.element == Kind::array &&
                                 text(node["items"]["type"]) == "string";
    if ((out.element == Kind::array && !list_of_strings) || out.element == Kind::map ||
        (out.kind == Kind::array && out.element == Kind::boolean))
      complain(where, "elements of this type are not supported");
  }

  void constraints(Property& out, const std::string& where, const YAML::Node& node) {
    if (node["enum"]) {
      out.enum_values = strings(where, node["enum"]);
      std::ranges::sort(out.enum_values);
    }
    if (node["minimum"]) out.minimum = number(where, node["minimum"]);
    if (node["maximum"]) out.maximum = number(where, node["maximum"]);
    if (node["maxLength"]) out.max_length = number(where, node["maxLength"]);
  }

  schema::Kind value_kind(Property& out, const std::string& where, const YAML::Node& node) {
    using schema::Kind;
    if (node["$ref"]) {
      const std::string ref = text(node["$ref"]);
      for (const auto& [name, kind] : kScalars)
        if (ref == name) return kind;
      const auto dot = ref.find('.');
      out.type = dot == std::string::npos ? TypeName{source_.stem, ref}
                                          : TypeName{ref.substr(0, dot), ref.substr(dot + 1)};
      return Kind::object;
    }
    const std::string type = text(node["type"]);
    const std::string format = text(node["format"]);
    const auto known = std::ranges::find(kFormats, format, [](const auto& f) { return f.first; });
    if (known != kFormats.end()) out.format = known->second;
    const bool number_format = out.format == Format::int32 || out.format == Format::int64;
    if (type == "integer") {
      if (!number_format) complain(where, "an integer has the format int32 or int64");
      return Kind::integer;
    }
    if (type == "string") {
      if (format == "byte") return Kind::bytes;
      if (number_format || (!format.empty() && known == kFormats.end()))
        complain(where, text::cat("unknown format ", format));
      return Kind::string;
    }
    if (type == "number") return Kind::number;
    if (type == "boolean") return Kind::boolean;
    if (type == "array") return Kind::array;
    if (type == "object") {
      if (flag(where, node["x-kubernetes-preserve-unknown-fields"])) return Kind::any;
      return Kind::map;
    }
    complain(where, type.empty() ? "no type" : text::cat("unknown type ", type));
    return Kind::string;
  }

  void merging(Property& out, const std::string& where, const YAML::Node& node) {
    const std::string list_type = text(node["x-kubernetes-list-type"]);
    if (list_type == "set") out.list_type = schema::ListType::set;
    if (list_type == "map") out.list_type = schema::ListType::map;
    if (!list_type.empty() && list_type != "set" && list_type != "map" && list_type != "atomic")
      complain(where, text::cat("unknown list type ", list_type));
    if (!list_type.empty() && out.kind != schema::Kind::array)
      complain(where, "x-kubernetes-list-type on what is no list");
    out.list_map_keys = strings(where, node["x-kubernetes-list-map-keys"]);
    if ((out.list_type == schema::ListType::map) == out.list_map_keys.empty())
      complain(where, "list type map and x-kubernetes-list-map-keys go together");
    out.patch_merge_key = text(node["x-kubernetes-patch-merge-key"]);
    const std::string strategy = text(node["x-kubernetes-patch-strategy"]);
    for (const auto part : text::split(strategy, ',')) {
      if (part == "merge")
        out.merge = true;
      else if (part == "retainKeys")
        out.retain_keys = true;
      else if (part != "replace")
        complain(where, text::cat("unknown patch strategy ", part));
    }
  }

  /// A YAML value as JSON text.
  std::string json(schema::Kind kind, const YAML::Node& node) {
    if (node.IsMap()) {
      std::string out = "{";
      for (const auto& entry : node) {
        if (out.size() > 1) out += ',';
        out += text::cat(json_string(entry.first.Scalar()), ":",
                         json(schema::Kind::any, entry.second));
      }
      return out + "}";
    }
    if (node.IsSequence()) {
      std::string out = "[";
      for (const auto& item : node) {
        if (out.size() > 1) out += ',';
        out += json(schema::Kind::any, item);
      }
      return out + "]";
    }
    const std::string& scalar = node.Scalar();
    const bool plain = node.Tag() == "?";
    const bool word = scalar == "true" || scalar == "false" || scalar == "null";
    if (plain && kind != schema::Kind::string &&
        (word || text::number<std::int64_t>(scalar).has_value()))
      return scalar;
    return json_string(scalar);
  }

  static std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + "\"";
  }

  const Source& source_;
  std::vector<std::string>& errors_;
};

/// What only shows when all files are known.
class Linker {
 public:
  Linker(Model& model, std::vector<std::string>& errors) : model_(model), errors_(errors) {}

  void link() {
    unique_names();
    if (!errors_.empty()) return;
    references();
    if (!errors_.empty()) return;
    documents();
    for (File& file : model_.files) order(file);
    if (!errors_.empty()) return;
    for (File& file : model_.files)
      for (Type& type : file.types) splice(file, type);
    for (const File& file : model_.files)
      for (const Type& type : file.types) merge_keys(file, type);
  }

 private:
  void complain(const File& file, std::string_view where, std::string_view what) {
    errors_.push_back(text::cat(file.stem, ".yaml: ", where, ": ", what));
  }
  Type* find(const TypeName& name) { return const_cast<Type*>(model_.type(name)); }

  void unique_names() {
    for (const File& file : model_.files) {
      std::set<std::string> seen;
      for (const auto& [name, kind] : kScalars) seen.emplace(name);
      for (const Type& type : file.types) {
        if (!seen.insert(type.name).second) complain(file, type.name, "the name is taken");
        std::set<std::string> properties;
        std::map<std::uint32_t, std::string> numbers;
        for (const Property& property : type.properties) {
          const std::string where = text::cat(type.name, ".", property.name);
          if (!properties.insert(property.name).second) complain(file, where, "is there twice");
          if (property.protobuf == 0) continue;
          const auto [it, fresh] = numbers.emplace(property.protobuf, property.name);
          if (!fresh) complain(file, where, text::cat("has the protobuf number of ", it->second));
        }
      }
      std::set<std::string> plurals;
      for (const Kind& kind : file.kinds)
        if (!plurals.insert(kind.plural).second)
          complain(file, kind.name, text::cat("the plural ", kind.plural, " is taken"));
    }
  }

  void references() {
    for (const File& file : model_.files) {
      for (const Type& type : file.types)
        for (const Property& property : type.properties)
          if (!property.type.name.empty() && find(property.type) == nullptr)
            complain(file, text::cat(type.name, ".", property.name),
                     text::cat("no type ", property.type.file, ".", property.type.name));
      for (const Kind& kind : file.kinds) {
        const Type* type = find({file.stem, kind.name});
        if (type == nullptr) {
          complain(file, kind.name, "a kind without a type");
          continue;
        }
        const auto metadata = std::ranges::find(type->properties, "metadata", &Property::name);
        if (metadata == type->properties.end() || metadata->type.name != "ObjectMeta" ||
            metadata->nullable)
          complain(file, kind.name, "a kind without metadata of ObjectMeta");
        for (const Subresource& sub : kind.subresources)
          if (!sub.kind.empty() && body_of(sub) == nullptr)
            complain(file, text::cat(kind.name, ".subresources.", sub.name),
                     text::cat("no kind ", sub.kind, " in ", sub.group, "/", sub.version));
      }
    }
  }

  Type* body_of(const Subresource& sub) {
    for (const File& file : model_.files)
      if (file.group == sub.group && file.version == sub.version)
        if (Type* type = find({file.stem, sub.kind})) return type;
    return nullptr;
  }

  /// Kinds, and what subresources read and write, carry kind and apiVersion.
  void documents() {
    std::set<TypeName> used;
    for (const File& file : model_.files)
      for (const Type& type : file.types)
        for (const Property& property : type.properties) used.insert(property.type);
    for (File& file : model_.files) {
      for (const Kind& kind : file.kinds) {
        find({file.stem, kind.name})->document = true;
        for (const Subresource& sub : kind.subresources)
          if (Type* body = sub.kind.empty() ? nullptr : body_of(sub)) body->document = true;
      }
      // A type with metadata that nothing holds is a document too: Status, Scale.
      for (Type& type : file.types) {
        const auto metadata = std::ranges::find(type.properties, "metadata", &Property::name);
        if (metadata != type.properties.end() && !used.contains({file.stem, type.name}))
          type.document = true;
      }
    }
    for (File& file : model_.files)
      for (Type& type : file.types)
        if (type.document) add_kind_and_version(type);
  }

  static void add_kind_and_version(Type& type) {
    const auto add = [&](const char* name, const char* description) {
      auto it = std::ranges::find(type.properties, name, &Property::name);
      if (it == type.properties.end()) {
        Property property;
        property.name = name;
        property.description = description;
        it = type.properties.insert(type.properties.begin(), std::move(property));
      }
      it->no_member = true;
      it->protobuf = 0;
      it->required = false;
    };
    add("kind", "What this object is; with apiVersion it names the schema of all other fields.");
    add("apiVersion", "The API group and version of this object's kind, such as v1 or apps/v1.");
  }

  /// Sorts the types of a file so that each comes after those it holds.
  void order(File& file) {
    std::vector<Type> sorted;
    std::set<std::string> done;
    std::set<std::string> open;
    const auto visit = [&](auto& self, Type& type) -> void {
      if (done.contains(type.name)) return;
      if (!open.insert(type.name).second) {
        complain(file, type.name, "holds itself");
        return;
      }
      for (const Property& property : type.properties)
        if (property.type.file == file.stem)
          if (Type* held = find(property.type); held != nullptr) self(self, *held);
      done.insert(type.name);
      order_.push_back(type.name);
    };
    order_.clear();
    for (Type& type : file.types) visit(visit, type);
    for (const std::string& name : order_) sorted.push_back(*find({file.stem, name}));
    file.types = std::move(sorted);
  }

  /// Puts the members of spliced messages behind them. The held types come first in their file, so
  /// theirs are spliced already; a type of another file is spliced on the way.
  void splice(File& file, Type& type) {
    if (!spliced_.insert({file.stem, type.name}).second) return;
    std::vector<Property> out;
    std::set<std::string> names;
    for (Property& property : type.properties) {
      if (!names.insert(property.name).second) {
        complain(file, text::cat(type.name, ".", property.name), "a spliced message has it too");
        continue;
      }
      out.push_back(property);
      if (!property.spliced) continue;
      const auto owner = std::ranges::find(model_.files, property.type.file, &File::stem);
      Type& inner = *find(property.type);
      splice(*owner, inner);
      for (Property member : inner.properties) {
        if (member.spliced || member.no_member) continue;
        if (!names.insert(member.name).second) {
          complain(file, text::cat(type.name, ".", member.name), "a spliced message has it too");
          continue;
        }
        member.from_splice = true;
        member.protobuf = 0;
        out.push_back(std::move(member));
      }
    }
    type.properties = std::move(out);
  }

  void merge_keys(const File& file, const Type& type) {
    for (const Property& property : type.properties) {
      if (property.from_splice) continue;
      std::vector<std::string> keys = property.list_map_keys;
      if (!property.patch_merge_key.empty()) keys.push_back(property.patch_merge_key);
      const Type* element =
          property.kind == schema::Kind::array && property.element == schema::Kind::object
              ? find(property.type)
              : nullptr;
      for (const std::string& key : keys)
        if (element == nullptr || std::ranges::find(element->properties, key, &Property::name) ==
                                      element->properties.end())
          complain(file, text::cat(type.name, ".", property.name),
                   text::cat("its elements have no merge key ", key));
    }
  }

  Model& model_;
  std::vector<std::string>& errors_;
  std::vector<std::string> order_;
  std::set<TypeName> spliced_;
};

/// Sorts the files so that none includes a later one; a circle is an error.
void check_includes(const Model& model, std::vector<std::string>& errors) {
  std::set<std::string> done;
  std::set<std::string> open;
  const auto visit = [&](auto& self, const File& file) -> void {
    if (done.contains(file.stem)) return;
    if (!open.insert(file.stem).second) {
      errors.push_back(text::cat(file.stem, ".yaml: refers to itself through other files"));
      return;
    }
    for (const Type& type : file.types)
      for (const Property& property : type.properties)
        if (!property.type.file.empty() && property.type.file != file.stem)
          if (const File* other = model.file(property.type.file)) self(self, *other);
    done.insert(file.stem);
  };
  for (const File& file : model.files) visit(visit, file);
}

}  // namespace

std::string File::api_version() const {
  // The types of the API's machinery (Status, DeleteOptions) belong to the core group.
  if (group.empty() || group == "meta.k8s.io") return version;
  return group + "/" + version;
}

const File* Model::file(std::string_view stem) const {
  const auto it = std::ranges::find(files, stem, &File::stem);
  return it != files.end() ? &*it : nullptr;
}

const Type* Model::type(const TypeName& name) const {
  const File* owner = file(name.file);
  if (owner == nullptr) return nullptr;
  const auto it = std::ranges::find(owner->types, name.name, &Type::name);
  return it != owner->types.end() ? &*it : nullptr;
}

std::set<TypeName> Model::boxed() const {
  std::set<TypeName> out;
  for (const File& each : files)
    for (const Type& type : each.types)
      for (const Property& property : type.properties)
        if (property.kind == schema::Kind::object && property.nullable) out.insert(property.type);
  return out;
}

Result<Model> load(const std::vector<Source>& sources) {
  Model model;
  std::vector<std::string> errors;
  for (const Source& source : sources) {
    try {
      model.files.push_back(Reader(source, errors).read());
    } catch (const YAML::Exception& e) {
      errors.push_back(text::cat(source.stem, ".yaml: line ", e.mark.line + 1, ": ", e.msg));
    }
  }
  std::ranges::sort(model.files, {}, [](const File& f) { return std::pair(f.order, f.stem); });
  if (errors.empty()) Linker(model, errors).link();
  if (errors.empty()) check_includes(model, errors);
  if (!errors.empty()) return fail(Errc::invalid, text::join(errors, "\n"));
  return model;
}

std::string member_name(std::string_view json) {
  std::string out;
  for (std::size_t i = 0; i < json.size();) {
    if (!is_upper(json[i])) {
      out += json[i++];
      continue;
    }
    // A run of capitals is one word; the last of it begins the next word when a lower-case letter
    // follows, but for a plural s: podIPs, clusterCIDRs.
    std::size_t end = i;
    while (end < json.size() && is_upper(json[end])) ++end;
    const bool plural = end - i > 1 && end < json.size() && json[end] == 's' &&
                        (end + 1 == json.size() || !is_lower(json[end + 1]));
    if (plural) ++end;
    if (!plural && end - i > 1 && end < json.size() && is_lower(json[end])) --end;
    if (!out.empty()) out += '_';
    out += text::lower(json.substr(i, end - i));
    i = end;
  }
  constexpr std::string_view kKeywords[] = {
      "alignas",  "alignof",  "and",      "asm",     "auto",      "bool",      "break",
      "case",     "catch",    "char",     "class",   "const",     "continue",  "decltype",
      "default",  "delete",   "do",       "double",  "else",      "enum",      "explicit",
      "export",   "extern",   "false",    "float",   "for",       "friend",    "goto",
      "if",       "inline",   "int",      "long",    "mutable",   "namespace", "new",
      "not",      "operator", "or",       "private", "protected", "public",    "register",
      "requires", "return",   "short",    "signed",  "sizeof",    "static",    "struct",
      "switch",   "template", "this",     "throw",   "true",      "try",       "typedef",
      "typename", "union",    "unsigned", "using",   "virtual",   "void",      "volatile",
      "while",    "xor"};
  if (std::ranges::find(kKeywords, out) != std::end(kKeywords)) out += '_';
  return out;
}

}  // namespace nodal::apigen
