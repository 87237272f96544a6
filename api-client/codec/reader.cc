// api-client/codec/reader.cc — JSON documents into structs, by their tables.
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <cstring>
#include <limits>

#include "api-client/codec/codec.h"
#include "api-client/codec/parse.h"
#include "api-client/codec/shapes.h"
#include "api-client/codec/time.h"
#include "base/text.h"

namespace nodal::codec {
namespace {

namespace json = boost::json;

/// Why and where reading failed. The path grows from its end while the recursion returns.
struct Fault {
  std::string path;
  std::string why;

  void enter_field(std::string_view name) {
    std::string prefix(name);
    if (!path.empty() && path[0] != '[') prefix += '.';
    path.insert(0, prefix);
  }
  void enter_index(std::size_t index) { enter_field(text::cat('[', index, ']')); }
  void enter_key(std::string_view key) { enter_field(text::cat('[', key, ']')); }
};

std::string_view text_of(const json::string& string) { return {string.data(), string.size()}; }

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
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
  return "";
}

bool refuse(Fault& fault, std::string_view expected, const json::value& value) {
  fault.why = text::cat("expected ", expected, ", got ", kind_of(value));
  return false;
}

/// What a message shows of a text from outside.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out;
  append_string(out, text.substr(0, kShown));
  if (text.size() > kShown) out += "…";
  return out;
}

template <class Integer>
bool read_integer(Integer& out, const json::value& value, Fault& fault) {
  if (!value.is_number()) return refuse(fault, "a number", value);
  const auto* signed_number = value.if_int64();
  if (value.is_double()) {
    fault.why = text::cat("expected a whole number, got ", to_text(value));
    return false;
  }
  if (signed_number == nullptr || *signed_number < std::numeric_limits<Integer>::min() ||
      *signed_number > std::numeric_limits<Integer>::max()) {
    fault.why = text::cat(to_text(value), " does not fit in ", sizeof(Integer) * 8, " bits");
    return false;
  }
  out = static_cast<Integer>(*signed_number);
  return true;
}

bool read_string(std::string& out, const json::value& value, Fault& fault) {
  const auto* string = value.if_string();
  if (string == nullptr) return refuse(fault, "a string", value);
  out.assign(string->data(), string->size());
  return true;
}

bool read_bytes(std::string& out, const json::value& value, Fault& fault) {
  const auto* string = value.if_string();
  if (string == nullptr) return refuse(fault, "a string", value);
  auto bytes = text::unbase64(text_of(*string));
  if (!bytes) {
    fault.why = text::cat(quoted(text_of(*string)), " is not base64");
    return false;
  }
  out = *std::move(bytes);
  return true;
}

bool read_time(std::optional<TimePoint>& out, const json::value& value, Fault& fault) {
  const auto* string = value.if_string();
  if (string == nullptr) return refuse(fault, "a string", value);
  out = parse_time(text_of(*string));
  if (out) return true;
  fault.why = text::cat(quoted(text_of(*string)), " is not a time such as 2006-01-02T15:04:05Z");
  return false;
}

bool read_quantity(Quantity& out, const json::value& value, Fault& fault) {
  if (!value.is_string() && !value.is_number()) return refuse(fault, "a quantity", value);
  const auto* string = value.if_string();
  const std::string written = string != nullptr ? std::string(text_of(*string)) : to_text(value);
  auto quantity = Quantity::parse(written);
  if (!quantity) {
    fault.why = text::cat(quoted(written), " is not a quantity such as 100m, 1.5 or 128Mi");
    return false;
  }
  out = *std::move(quantity);
  return true;
}

bool read_int_or_string(IntOrString& out, const json::value& value, Fault& fault) {
  if (const auto* string = value.if_string()) {
    out.value = std::string(text_of(*string));
    return true;
  }
  if (!value.is_number()) return refuse(fault, "a number or a string", value);
  std::int32_t number = 0;
  if (!read_integer(number, value, fault)) return false;
  out.value = number;
  return true;
}

bool read_strings(std::vector<std::string>& out, const json::value& value, Fault& fault) {
  const auto* array = value.if_array();
  if (array == nullptr) return refuse(fault, "an array", value);
  out = std::vector<std::string>(array->size());
  for (std::size_t i = 0; i < array->size(); ++i)
    if (!(*array)[i].is_null() && !read_string(out[i], (*array)[i], fault)) {
      fault.enter_index(i);
      return false;
    }
  return true;
}

/// Into an existing value; null leaves it as it is.
bool read_scalar(Shape shape, void* target, const json::value& value, Fault& fault) {
  if (value.is_null()) return true;
  switch (shape) {
    case Shape::string:
      return read_string(*static_cast<std::string*>(target), value, fault);
    case Shape::int32:
      return read_integer(*static_cast<std::int32_t*>(target), value, fault);
    case Shape::int64:
      return read_integer(*static_cast<std::int64_t*>(target), value, fault);
    case Shape::number:
      if (!value.is_number()) return refuse(fault, "a number", value);
      *static_cast<double*>(target) = value.to_number<double>();
      return true;
    case Shape::boolean:
      if (!value.is_bool()) return refuse(fault, "a boolean", value);
      *static_cast<bool*>(target) = value.get_bool();
      return true;
    case Shape::bytes:
      return read_bytes(*static_cast<std::string*>(target), value, fault);
    case Shape::time:
    case Shape::micro_time:
      return read_time(*static_cast<std::optional<TimePoint>*>(target), value, fault);
    case Shape::quantity:
      return read_quantity(*static_cast<Quantity*>(target), value, fault);
    case Shape::int_or_string:
      return read_int_or_string(*static_cast<IntOrString*>(target), value, fault);
    case Shape::any:
      *static_cast<std::string*>(target) = to_text(value);
      return true;
    case Shape::strings:
      return read_strings(*static_cast<std::vector<std::string>*>(target), value, fault);
    case Shape::message:
      break;
  }
  NODAL_ASSERT(shape != Shape::message);
  return false;
}

bool read_message(const Message& message, void* object, const json::value& value, Fault& fault);

bool read_list(const Entry& entry, void* field, const json::value& value, Fault& fault) {
  const auto* array = value.if_array();
  if (array == nullptr) return refuse(fault, "an array", value);
  std::size_t index = 0;
  const auto each = [&](auto read) {
    for (; index < array->size(); ++index)
      if (!read((*array)[index])) {
        fault.enter_index(index);
        return false;
      }
    return true;
  };
  if (entry.shape == Shape::message) {
    auto* element = static_cast<char*>(entry.sequence().make(field, array->size()));
    return each([&](const json::value& item) {
      const bool good = item.is_null() || read_message(*entry.message, element, item, fault);
      element += entry.sequence().stride;
      return good;
    });
  }
  return with_type(entry.shape, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<T, bool>) {
      ::nodal::detail::assertion_failed("no list of booleans", __FILE__, __LINE__);
      return false;
    } else {
      auto& list = *static_cast<std::vector<T>*>(field);
      list = std::vector<T>(array->size());
      return each([&](const json::value& item) {
        return read_scalar(entry.shape, &list[index], item, fault);
      });
    }
  });
}

bool read_map(const Entry& entry, void* field, const json::value& value, Fault& fault) {
  const auto* object = value.if_object();
  if (object == nullptr) return refuse(fault, "an object", value);
  const auto each = [&](auto read) {
    for (const auto& member : *object) {
      const std::string_view key(member.key().data(), member.key().size());
      if (!read(key, member.value())) {
        fault.enter_key(key);
        return false;
      }
    }
    return true;
  };
  if (entry.shape == Shape::message)
    return each([&](std::string_view key, const json::value& item) {
      void* target = entry.dictionary().put(field, key);
      return item.is_null() || read_message(*entry.message, target, item, fault);
    });
  return with_type(entry.shape, [&]<class T>(std::type_identity<T>) {
    auto& map = *static_cast<std::map<std::string, T>*>(field);
    return each([&](std::string_view key, const json::value& item) {
      return read_scalar(entry.shape, &map[std::string(key)], item, fault);
    });
  });
}

bool read_field(const Entry& entry, void* field, const json::value& value, Fault& fault) {
  switch (entry.holder) {
    case Holder::value:
      if (entry.shape == Shape::message) return read_message(*entry.message, field, value, fault);
      return read_scalar(entry.shape, field, value, fault);
    case Holder::optional:
      return with_type(entry.shape, [&]<class T>(std::type_identity<T>) {
        return read_scalar(entry.shape, &static_cast<std::optional<T>*>(field)->emplace(), value,
                           fault);
      });
    case Holder::box:
      return read_message(*entry.message, entry.sequence().make(field, 1), value, fault);
    case Holder::list:
      return read_list(entry, field, value, fault);
    case Holder::map:
      return read_map(entry, field, value, fault);
  }
  return false;
}

bool read_message(const Message& message, void* object, const json::value& value, Fault& fault) {
  const auto* members = value.if_object();
  if (members == nullptr) return refuse(fault, "an object", value);
  // Writers keep an order: the next member is likely the next entry.
  std::size_t guess = 0;
  for (const auto& member : *members) {
    if (member.value().is_null()) continue;
    const std::string_view key(member.key().data(), member.key().size());
    for (std::size_t tried = 0; tried < message.count; ++tried) {
      const std::size_t at = guess;
      guess = guess + 1 < message.count ? guess + 1 : 0;
      const Entry& entry = message.entries[at];
      if (entry.name_size != key.size() || std::memcmp(entry.name, key.data(), key.size()) != 0)
        continue;
      if (!read_field(entry, static_cast<char*>(object) + entry.offset, member.value(), fault)) {
        fault.enter_field(key);
        return false;
      }
      break;
    }
  }
  return true;
}

}  // namespace

namespace detail {

Result<> decode_into(const Message& message, void* object, const json::value& document) {
  Fault fault;
  if (message.kind != nullptr && document.is_object())
    if (const auto* kind = document.get_object().if_contains("kind"))
      if (const auto* name = kind->if_string();
          name != nullptr && !name->empty() && text_of(*name) != message.kind)
        return fail(Errc::invalid,
                    text::cat("kind: expected ", message.kind, ", got ", quoted(text_of(*name))));
  if (read_message(message, object, document, fault)) return {};
  if (fault.path.empty()) return fail(Errc::invalid, std::move(fault.why));
  return fail(Errc::invalid, text::cat(fault.path, ": ", fault.why));
}

Result<> decode_into(const Message& message, void* object, std::string_view text) {
  // The document lives only until it has been read: one arena instead of a hundred allocations.
  unsigned char first_block[4096];
  json::monotonic_resource arena(first_block);
  const auto document = parse_answer(text, &arena);
  if (!document) return std::unexpected(document.error());
  return decode_into(message, object, *document);
}

}  // namespace detail
}  // namespace nodal::codec
