// api-client/codec/pruning.cc — see pruning.h.
#include "api-client/codec/pruning.h"

#include <boost/json.hpp>
#include <limits>
#include <set>

#include "api-client/codec/codec.h"
#include "api-client/codec/quantity.h"
#include "api-client/codec/time.h"
#include "base/text.h"

namespace nodal::codec {
namespace json = boost::json;
namespace {

using schema::Field;
using schema::Kind;

constexpr std::size_t kReported = 64;

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }

// What Go's decoder calls a JSON value.
std::string json_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "bool";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "value";
}

std::string go_scalar(Kind kind, schema::Format format, const schema::Type* type) {
  switch (kind) {
    case Kind::string:
      return "string";
    case Kind::integer:
      return format == schema::Format::int64 ? "int64" : "int32";
    case Kind::number:
      return "float64";
    case Kind::boolean:
      return "bool";
    case Kind::bytes:
      return "[]uint8";
    case Kind::time:
      return "v1.Time";
    case Kind::micro_time:
      return "v1.MicroTime";
    case Kind::quantity:
      return "resource.Quantity";
    case Kind::int_or_string:
      return "intstr.IntOrString";
    case Kind::object:
      return type ? text::cat("v1.", type->name) : "object";
    case Kind::array:
    case Kind::map:
    case Kind::any:
      return "interface {}";
  }
  return "value";
}

// What null is between other items: Go's zero value. Times and lists have none.
void settle_null(json::value& value, Kind kind) {
  switch (kind) {
    case Kind::string:
    case Kind::bytes:
      value = "";
      return;
    case Kind::integer:
    case Kind::number:
    case Kind::int_or_string:
      value = std::int64_t{0};
      return;
    case Kind::boolean:
      value = false;
      return;
    case Kind::quantity:
      value = "0";
      return;
    case Kind::object:
      value.emplace_object();
      return;
    case Kind::time:
    case Kind::micro_time:
    case Kind::array:
    case Kind::map:
    case Kind::any:
      return;
  }
}

class Pruner {
 public:
  explicit Pruner(std::vector<std::string>& unknown) : unknown_(unknown) {}

  Result<> object(json::object& object, const schema::Type& type, bool top) {
    const schema::Type* outer = std::exchange(owner_, &type);
    std::vector<std::string> drop;
    for (auto& member : object) {
      const std::string_view name(member.key().data(), member.key().size());
      if (top && (name == "kind" || name == "apiVersion")) {
        if (!member.value().is_string()) return mismatch(member.value(), name, "string");
        continue;
      }
      const Field* field = type.find(name);
      if (!field || field->spliced) {
        if (unknown_.size() < kReported)
          unknown_.push_back(text::cat(path_, path_.empty() ? "" : ".", name));
        drop.emplace_back(name);
        continue;
      }
      if (member.value().is_null()) {
        drop.emplace_back(name);
        continue;
      }
      const std::size_t size = path_.size(), go_size = go_path_.size();
      path_ += text::cat(path_.empty() ? "" : ".", name);
      go_path_ += text::cat(go_path_.empty() ? "" : ".", name);
      NODAL_TRY(whole(member.value(), *field));
      path_.resize(size);
      go_path_.resize(go_size);
    }
    for (const auto& name : drop) object.erase(name);
    owner_ = outer;
    return {};
  }

 private:
  Result<> whole(json::value& value, const Field& field) {
    if (field.kind == Kind::array) {
      auto* list = value.if_array();
      if (!list)
        return mismatch(value, {}, "[]" + go_scalar(field.element, field.format, field.type));
      std::size_t index = 0;
      for (auto& item : *list) {
        const std::size_t size = path_.size();
        path_ += text::cat("[", index++, "]");
        if (item.is_null()) settle_null(item, field.element);
        NODAL_TRY(one(item, field.element, field));
        path_.resize(size);
      }
      return {};
    }
    if (field.kind == Kind::map) {
      auto* map = value.if_object();
      if (!map)
        return mismatch(value, {},
                        "map[string]" + go_scalar(field.element, field.format, field.type));
      for (auto& member : *map) {
        const std::size_t size = path_.size();
        path_ += text::cat(".", std::string_view(member.key().data(), member.key().size()));
        if (member.value().is_null()) settle_null(member.value(), field.element);
        NODAL_TRY(one(member.value(), field.element, field));
        path_.resize(size);
      }
      return {};
    }
    return one(value, field.kind, field);
  }

  Result<> one(json::value& value, Kind kind, const Field& field) {
    switch (kind) {
      case Kind::string:
        if (!value.is_string()) return wrong(value, kind, field);
        return {};
      case Kind::boolean:
        if (!value.is_bool()) return wrong(value, kind, field);
        return {};
      case Kind::number:
        if (!value.is_number()) return wrong(value, kind, field);
        return {};
      case Kind::integer: {
        if (!value.is_number()) return wrong(value, kind, field);
        const bool narrow = field.format != schema::Format::int64;
        const auto* n = value.if_int64();
        if (!n || (narrow && (*n < std::numeric_limits<std::int32_t>::min() ||
                              *n > std::numeric_limits<std::int32_t>::max())))
          return mismatch(value, {}, go_scalar(kind, field.format, nullptr),
                          text::cat("number ", json::serialize(value)));
        return {};
      }
      case Kind::bytes:
        if (!value.is_string()) return wrong(value, kind, field);
        if (!text::unbase64(view(value.get_string())))
          return fail(Errc::invalid, "illegal base64 data at " + path_);
        return {};
      case Kind::time:
      case Kind::micro_time: {
        if (!value.is_string()) return wrong(value, kind, field);
        const auto time = parse_time(view(value.get_string()));
        if (!time)
          return fail(Errc::invalid, text::cat("parsing time ", json::serialize(value),
                                               " as \"2006-01-02T15:04:05Z07:00\": cannot parse ",
                                               json::serialize(value), " at ", path_));
        value = kind == Kind::time ? format_time(*time) : format_micro_time(*time);
        return {};
      }
      case Kind::quantity: {
        if (value.is_number()) value = to_text(value);
        if (!value.is_string()) return wrong(value, kind, field);
        const auto quantity = Quantity::parse(view(value.get_string()));
        if (!quantity)
          return fail(Errc::invalid,
                      text::cat("unmarshalerDecoder: quantities must match the regular expression "
                                "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$', error found at ",
                                path_, ": ", json::serialize(value)));
        // Maps hold amounts of resources, and nobody gets less than a thousandth.
        value = quantity->canonical(field.kind == Kind::map ? Quantity::Precision::milli
                                                            : Quantity::Precision::nano);
        return {};
      }
      case Kind::int_or_string:
        if (!value.is_string() && !value.is_int64()) return wrong(value, kind, field);
        if (const auto* n = value.if_int64(); n && (*n < std::numeric_limits<std::int32_t>::min() ||
                                                    *n > std::numeric_limits<std::int32_t>::max()))
          return mismatch(value, {}, "int32", text::cat("number ", json::serialize(value)));
        return {};
      case Kind::object: {
        auto* inner = value.if_object();
        if (!inner) return wrong(value, kind, field);
        if (!field.type) return {};
        return object(*inner, *field.type, false);
      }
      case Kind::array:  // in a map: of strings
        if (!value.is_array()) return wrong(value, kind, field);
        for (auto& item : value.get_array()) {
          if (item.is_null()) settle_null(item, Kind::string);
          NODAL_TRY(one(item, Kind::string, field));
        }
        return {};
      case Kind::map:
        if (!value.is_object()) return wrong(value, kind, field);
        return {};
      case Kind::any:
        return {};
    }
    return {};
  }

  std::unexpected<Error> wrong(const json::value& value, Kind kind, const Field& field) {
    return mismatch(value, {}, go_scalar(kind, field.format, field.type));
  }
  std::unexpected<Error> mismatch(const json::value& value, std::string_view member,
                                  std::string_view wanted, std::string found = {}) {
    if (found.empty()) found = json_name(value);
    return fail(Errc::invalid,
                text::cat("json: cannot unmarshal ", found, " into Go struct field ",
                          owner_ ? owner_->name : "", ".", go_path_, member, " of type ", wanted));
  }

  std::vector<std::string>& unknown_;
  std::string path_;     // spec.containers[0].image
  std::string go_path_;  // spec.containers.image
  const schema::Type* owner_ = nullptr;
};

}  // namespace

Result<> prune(json::object& object, const schema::Type& type, std::vector<std::string>& unknown) {
  return Pruner(unknown).object(object, type, true);
}

// A key as it is meant: "\u0061" is "a".
static std::string unescaped(std::string_view key) {
  if (key.find('\\') == std::string_view::npos) return std::string(key);
  boost::system::error_code error;
  const auto value = json::parse(text::cat("\"", key, "\""), error);
  return error || !value.is_string() ? std::string(key) : std::string(value.get_string());
}

std::vector<std::string> duplicate_fields(std::string_view json) {
  struct Level {
    bool object = false;
    std::set<std::string, std::less<>> keys;
    std::string key;        // of the member under way
    std::size_t index = 0;  // of the element under way
  };
  std::vector<std::string> out;
  std::vector<Level> levels;
  bool key_next = false;
  const auto path = [&] {
    std::string text;
    for (const auto& level : levels) {
      if (level.object)
        text += text::cat(text.empty() ? "" : ".", level.key);
      else
        text += text::cat("[", level.index, "]");
    }
    return text;
  };
  for (std::size_t i = 0; i < json.size() && out.size() < kReported; ++i) {
    switch (json[i]) {
      case '{':
        levels.push_back({true, {}, {}, 0});
        key_next = true;
        break;
      case '[':
        levels.push_back({false, {}, {}, 0});
        key_next = false;
        break;
      case '}':
      case ']':
        if (!levels.empty()) levels.pop_back();
        key_next = false;
        break;
      case ',':
        if (levels.empty()) break;
        key_next = levels.back().object;
        if (!levels.back().object) ++levels.back().index;
        break;
      case '"': {
        const std::size_t from = i + 1;
        for (++i; i < json.size() && json[i] != '"'; ++i)
          if (json[i] == '\\') ++i;
        if (!key_next || levels.empty()) break;
        key_next = false;
        levels.back().key = unescaped(json.substr(from, i - from));
        if (!levels.back().keys.insert(levels.back().key).second) out.push_back(path());
        break;
      }
      default:
        break;
    }
  }
  return out;
}

}  // namespace nodal::codec
