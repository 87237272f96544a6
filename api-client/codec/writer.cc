// api-client/codec/writer.cc — structs to JSON text, by their tables; no document in between.
#include <array>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>

#include "api-client/codec/codec.h"
#include "api-client/codec/shapes.h"
#include "api-client/codec/time.h"
#include "base/text.h"

namespace nodal::codec {
namespace {

namespace json = boost::json;

/// The length of the UTF-8 sequence that `text` begins with; 0 when it begins with none.
/// @source RFC 3629
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;  // no surrogates
    return byte(1) >= low && byte(1) <= high && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return byte(1) >= low && byte(1) <= high && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// As Go writes floats in JSON: plain between 1e-6 and 1e21, else with an exponent. What JSON
/// cannot say is null.
void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const double size = std::fabs(number);
  const auto format = size != 0 && (size < 1e-6 || size >= 1e21) ? std::chars_format::scientific
                                                                 : std::chars_format::fixed;
  char buffer[64];
  char* end = std::to_chars(buffer, buffer + sizeof buffer, number, format).ptr;
  // "1e-07": Go leaves the zero out.
  if (format == std::chars_format::scientific && end[-2] == '0') {
    end[-2] = end[-1];
    --end;
  }
  out.append(buffer, end);
}

void append_document(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      text::detail::append(out, value.get_int64());
      return;
    case json::kind::uint64:
      text::detail::append(out, value.get_uint64());
      return;
    case json::kind::double_:
      append_number(out, value.get_double());
      return;
    case json::kind::string:
      append_string(out, {value.get_string().data(), value.get_string().size()});
      return;
    case json::kind::array: {
      char separator = '[';
      for (const auto& item : value.get_array()) {
        out += separator;
        separator = ',';
        append_document(out, item);
      }
      if (separator == '[') out += separator;
      out += ']';
      return;
    }
    case json::kind::object: {
      char separator = '{';
      for (const auto& member : value.get_object()) {
        out += separator;
        separator = ',';
        append_string(out, {member.key().data(), member.key().size()});
        out += ':';
        append_document(out, member.value());
      }
      if (separator == '{') out += separator;
      out += '}';
      return;
    }
  }
}

void append_time(std::string& out, const std::optional<TimePoint>& time, bool micros) {
  if (!time) {
    out += "null";
    return;
  }
  out += '"';
  out += micros ? format_micro_time(*time) : format_time(*time);
  out += '"';
}

void write_strings(std::string& out, const std::vector<std::string>& strings) {
  out += '[';
  for (const auto& string : strings) {
    if (&string != strings.data()) out += ',';
    append_string(out, string);
  }
  out += ']';
}

void write_scalar(std::string& out, Shape shape, const void* value) {
  switch (shape) {
    case Shape::string:
      append_string(out, *static_cast<const std::string*>(value));
      return;
    case Shape::int32:
      text::detail::append(out, *static_cast<const std::int32_t*>(value));
      return;
    case Shape::int64:
      text::detail::append(out, *static_cast<const std::int64_t*>(value));
      return;
    case Shape::number:
      append_number(out, *static_cast<const double*>(value));
      return;
    case Shape::boolean:
      out += *static_cast<const bool*>(value) ? "true" : "false";
      return;
    case Shape::bytes:
      out += '"';
      out += text::base64(*static_cast<const std::string*>(value));
      out += '"';
      return;
    case Shape::time:
      append_time(out, *static_cast<const std::optional<TimePoint>*>(value), false);
      return;
    case Shape::micro_time:
      append_time(out, *static_cast<const std::optional<TimePoint>*>(value), true);
      return;
    case Shape::quantity:
      append_string(out, static_cast<const Quantity*>(value)->text());
      return;
    case Shape::int_or_string: {
      const auto& either = *static_cast<const IntOrString*>(value);
      if (either.is_int())
        text::detail::append(out, either.as_int());
      else
        append_string(out, either.as_string());
      return;
    }
    case Shape::any: {
      const auto& json = *static_cast<const std::string*>(value);
      out += json.empty() ? std::string_view("null") : json;
      return;
    }
    case Shape::strings:
      write_strings(out, *static_cast<const std::vector<std::string>*>(value));
      return;
    case Shape::message:
      break;
  }
  NODAL_ASSERT(shape != Shape::message);
}

bool is_zero(Shape shape, const void* value) {
  switch (shape) {
    case Shape::string:
    case Shape::bytes:
    case Shape::any:
      return static_cast<const std::string*>(value)->empty();
    case Shape::int32:
      return *static_cast<const std::int32_t*>(value) == 0;
    case Shape::int64:
      return *static_cast<const std::int64_t*>(value) == 0;
    case Shape::number:
      return *static_cast<const double*>(value) == 0;
    case Shape::boolean:
      return !*static_cast<const bool*>(value);
    case Shape::time:
    case Shape::micro_time:
      return !static_cast<const std::optional<TimePoint>*>(value)->has_value();
    case Shape::quantity:
      return static_cast<const Quantity*>(value)->is_zero();
    case Shape::int_or_string:
      return *static_cast<const IntOrString*>(value) == IntOrString{};
    case Shape::strings:
      return static_cast<const std::vector<std::string>*>(value)->empty();
    case Shape::message:
      break;
  }
  return false;
}

/// Writes the members of objects; knows whether a comma is due.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void message(const Message& message, const void* object) {
    out_ += '{';
    if (message.kind != nullptr && out_.size() == 1) {
      member("kind");
      append_string(out_, message.kind);
      member("apiVersion");
      append_string(out_, message.api_version);
    }
    for (std::size_t i = 0; i < message.count; ++i) {
      const Entry& entry = message.entries[i];
      field(entry, static_cast<const char*>(object) + entry.offset);
    }
    out_ += '}';
  }

 private:
  void member(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += name;  // the schema's own names need no escape
    out_ += "\":";
  }

  void field(const Entry& entry, const void* field) {
    switch (entry.holder) {
      case Holder::value: {
        if (entry.shape != Shape::message) {
          if (!entry.required && is_zero(entry.shape, field)) return;
          member(entry.key());
          write_scalar(out_, entry.shape, field);
          return;
        }
        const std::size_t before = out_.size();
        member(entry.key());
        const std::size_t start = out_.size();
        message(*entry.message, field);
        if (!entry.required && out_.size() == start + 2) out_.resize(before);
        return;
      }
      case Holder::optional:
        with_type(entry.shape, [&]<class T>(std::type_identity<T>) {
          const auto& value = *static_cast<const std::optional<T>*>(field);
          if (!value) return;
          member(entry.key());
          write_scalar(out_, entry.shape, &*value);
        });
        return;
      case Holder::box: {
        const auto [first, count] = entry.sequence().view(field);
        if (count == 0) return;
        member(entry.key());
        message(*entry.message, first);
        return;
      }
      case Holder::list:
        list(entry, field);
        return;
      case Holder::map:
        map(entry, field);
        return;
    }
  }

  void list(const Entry& entry, const void* field) {
    const auto begin = [&](std::size_t count) {
      if (count == 0 && !entry.required) return false;
      member(entry.key());
      out_ += '[';
      return true;
    };
    if (entry.shape == Shape::message) {
      const auto [first, count] = entry.sequence().view(field);
      if (!begin(count)) return;
      for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) out_ += ',';
        message(*entry.message, static_cast<const char*>(first) + i * entry.sequence().stride);
      }
      out_ += ']';
      return;
    }
    with_type(entry.shape, [&]<class T>(std::type_identity<T>) {
      if constexpr (!std::is_same_v<T, bool>) {
        const auto& values = *static_cast<const std::vector<T>*>(field);
        if (!begin(values.size())) return;
        for (const T& value : values) {
          if (&value != values.data()) out_ += ',';
          write_scalar(out_, entry.shape, &value);
        }
        out_ += ']';
      }
    });
  }

  void map(const Entry& entry, const void* field) {
    const std::size_t before = out_.size();
    member(entry.key());
    out_ += '{';
    const std::size_t start = out_.size();
    const auto key = [this](const std::string& name) {
      if (out_.back() != '{') out_ += ',';
      append_string(out_, name);
      out_ += ':';
    };
    if (entry.shape == Shape::message) {
      auto visit = [&](const std::string& name, const void* value) {
        key(name);
        message(*entry.message, value);
      };
      entry.dictionary().each(field, &visit,
                              [](void* context, const std::string& name, const void* value) {
                                (*static_cast<decltype(visit)*>(context))(name, value);
                              });
    } else {
      with_type(entry.shape, [&]<class T>(std::type_identity<T>) {
        for (const auto& [name, value] : *static_cast<const std::map<std::string, T>*>(field)) {
          key(name);
          write_scalar(out_, entry.shape, &value);
        }
      });
    }
    if (out_.size() == start && !entry.required) {
      out_.resize(before);
      return;
    }
    out_ += '}';
  }

  std::string& out_;
};

}  // namespace

void append_string(std::string& out, std::string_view text) {
  // ASCII that stands for itself.
  static constexpr auto kPlain = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
    return plain;
  }();
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t clean = 0;  // what begins here needs no escape
  std::size_t at = 0;
  const auto flush = [&] { out.append(text, clean, at - clean); };
  while (at < text.size()) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    if (kPlain[byte]) {
      ++at;
      continue;
    }
    if (byte >= 0x80) {
      if (const std::size_t length = utf8_length(text.substr(at)); length > 0) {
        at += length;
        continue;
      }
    }
    flush();
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += {kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += "\uFFFD";
    }
    clean = ++at;
  }
  flush();
  out += '"';
}

std::string to_text(const json::value& document) {
  std::string out;
  append_document(out, document);
  return out;
}

namespace detail {

std::string encode(const Message& message, const void* object) {
  std::string out;
  Writer(out).message(message, object);
  return out;
}

}  // namespace detail
}  // namespace nodal::codec
