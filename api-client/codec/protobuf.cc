// api-client/codec/protobuf.cc — interprets descriptors to read messages.
#include "api-client/codec/protobuf.h"

#include <bit>
#include <boost/json.hpp>
#include <cmath>

#include "api-client/codec/codec.h"
#include "api-client/codec/document_type.h"
#include "api-client/codec/quantity.h"
#include "api-client/codec/time.h"
#include "api-client/codec/wire.h"
#include "base/text.h"

namespace nodal::codec {
namespace {

namespace json = boost::json;
using schema::Field;
using schema::Kind;
using schema::Type;
using text::is_utf8;
using wire::Format;
using wire::Reader;

constexpr std::string_view kMagic{"k8s\0", 4};
// The years 1 and 9999: what RFC 3339 can write. Go's zero time is the first second of year 1.
constexpr std::int64_t kZeroTime = -62'135'596'800;
constexpr std::int64_t kLastTime = 253'402'300'799;

Format wire_format(Kind kind) {
  switch (kind) {
    case Kind::integer:
    case Kind::boolean:
      return Format::varint;
    case Kind::number:
      return Format::fixed64;
    case Kind::string:
    case Kind::bytes:
    case Kind::time:
    case Kind::micro_time:
    case Kind::quantity:
    case Kind::int_or_string:
    case Kind::object:
    case Kind::array:
    case Kind::map:
    case Kind::any:
      return Format::bytes;
  }
  return Format::bytes;
}

std::string_view noun(Kind kind) {
  switch (kind) {
    case Kind::string:
      return "a string";
    case Kind::integer:
      return "an integer";
    case Kind::number:
      return "a number";
    case Kind::boolean:
      return "a boolean";
    case Kind::bytes:
      return "bytes";
    case Kind::time:
    case Kind::micro_time:
      return "a time";
    case Kind::quantity:
      return "a quantity";
    case Kind::int_or_string:
      return "a number or string";
    case Kind::object:
    case Kind::any:
      return "a message";
    case Kind::array:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "a value";
}

/// Where the decoder is, as a list of stack frames; becomes text only when something is wrong.
struct Path {
  const Path* parent = nullptr;
  std::string_view name{};
  std::size_t index = npos;

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  [[nodiscard]] std::string text() const {
    std::string out = parent ? parent->text() : std::string();
    if (index != npos) return text::cat(out, '[', index, ']');
    if (!out.empty() && !name.empty()) out += '.';
    return out += name;
  }
};

std::unexpected<Error> wrong(const Path& at, std::string_view what) {
  const auto path = at.text();
  return path.empty() ? fail(Errc::invalid, std::string(what))
                      : fail(Errc::invalid, text::cat(path, ": ", what));
}

std::unexpected<Error> wrong(const Path& at, const Error& error) {
  return wrong(at, error.message);
}

/// A value of the wire, before it is known whether JSON shows it.
struct Value {
  json::value json;
  bool zero = false;  ///< what JSON leaves out unless the field is a pointer or required
};

class Decoder {
 public:
  Result<> message(json::object& out, std::string_view bytes, const Type& type, const Path& at,
                   std::size_t depth);

 private:
  Result<> field(json::object& out, Reader& in, wire::Tag tag, const Field& field, const Path& at,
                 std::size_t depth);
  Result<> element(json::array& out, Reader& in, wire::Tag tag, const Field& field, const Path& at,
                   std::size_t depth);
  Result<> entry(json::object& out, Reader& in, const Field& field, const Path& at,
                 std::size_t depth);
  Result<Value> value(Reader& in, Kind kind, const Field& field, const Path& at, std::size_t depth);
  Result<Value> bytes_value(std::string_view raw, Kind kind, const Field& field, const Path& at,
                            std::size_t depth);
  Result<Value> strings(std::string_view bytes, const Path& at);
  Result<Value> time(std::string_view bytes, bool micro, const Path& at);
  Result<Value> int_or_string(std::string_view bytes, const Path& at);
  Result<std::string_view> single(std::string_view bytes, const Path& at);
  Result<> count(const Path& at);

  std::size_t values_ = 0;
};

Result<> Decoder::count(const Path& at) {
  if (++values_ > kMaxProtobufValues)
    return wrong(at, text::cat("more than ", kMaxProtobufValues, " values"));
  return {};
}

const Field* field_of(const Type& type, std::uint32_t number) {
  for (const auto& field : type.fields)
    if (field.protobuf == number) return &field;
  return nullptr;
}

Result<> Decoder::message(json::object& out, std::string_view bytes, const Type& type,
                          const Path& at, std::size_t depth) {
  if (depth > kMaxJsonDepth)
    return wrong(at, text::cat("nested deeper than ", kMaxJsonDepth, " levels"));
  Reader in(bytes);
  while (!in.at_end()) {
    const auto tag = in.tag();
    if (!tag) return wrong(at, tag.error());
    const auto* const known = field_of(type, tag->field);
    if (!known) {
      if (const auto skipped = in.skip(*tag); !skipped) return wrong(at, skipped.error());
      continue;
    }
    NODAL_TRY(count(Path{&at, known->name}));
    if (known->spliced && known->type && tag->format == Format::bytes) {
      const auto inner = in.bytes();
      if (!inner) return wrong(at, inner.error());
      NODAL_TRY(message(out, *inner, *known->type, at, depth + 1));
      continue;
    }
    NODAL_TRY(field(out, in, *tag, *known, Path{&at, known->name}, depth));
  }
  return {};
}

Result<> Decoder::field(json::object& out, Reader& in, wire::Tag tag, const Field& field,
                        const Path& at, std::size_t depth) {
  if (field.kind == Kind::array) {
    auto& list = out[field.name];
    if (!list.is_array()) list.emplace_array();
    NODAL_TRY(element(list.get_array(), in, tag, field, at, depth));
    if (list.get_array().empty()) out.stable_erase(field.name);  // an empty packed list
    return {};
  }
  if (tag.format != wire_format(field.kind))
    return wrong(at, text::cat("is not ", noun(field.kind), " on the wire"));
  if (field.kind == Kind::map) {
    auto& map = out[field.name];
    if (!map.is_object()) map.emplace_object();
    return entry(map.get_object(), in, field, at, depth);
  }
  if (field.kind == Kind::object && field.type) {
    // A message given twice is merged, as protobuf has it.
    const auto inner = in.bytes();
    if (!inner) return wrong(at, inner.error());
    auto& object = out[field.name];
    if (!object.is_object()) object.emplace_object();
    return message(object.get_object(), *inner, *field.type, at, depth + 1);
  }
  auto decoded = NODAL_TRY(value(in, field.kind, field, at, depth));
  const bool absent = decoded.json.is_null() || (decoded.zero && !field.pointer && !field.required);
  if (absent)
    out.stable_erase(field.name);
  else
    out[field.name] = std::move(decoded.json);
  return {};
}

Result<> Decoder::element(json::array& out, Reader& in, wire::Tag tag, const Field& field,
                          const Path& at, std::size_t depth) {
  const auto wanted = wire_format(field.element);
  if (tag.format == wanted) {
    NODAL_TRY(count(at));
    auto decoded = NODAL_TRY(value(in, field.element, field, Path{&at, {}, out.size()}, depth));
    out.push_back(std::move(decoded.json));
    return {};
  }
  if (tag.format != Format::bytes)
    return wrong(at, text::cat("is not ", noun(field.element), " on the wire"));
  // Numbers may come packed, many in one run of bytes.
  const auto run = in.bytes();
  if (!run) return wrong(at, run.error());
  for (Reader packed(*run); !packed.at_end();) {
    NODAL_TRY(count(at));
    auto decoded = NODAL_TRY(value(packed, field.element, field, Path{&at, {}, out.size()}, depth));
    out.push_back(std::move(decoded.json));
  }
  return {};
}

Result<> Decoder::entry(json::object& out, Reader& in, const Field& field, const Path& at,
                        std::size_t depth) {
  const auto bytes = in.bytes();
  if (!bytes) return wrong(at, bytes.error());
  std::string_view key;
  std::string_view raw;
  for (Reader pair(*bytes); !pair.at_end();) {
    const auto tag = pair.tag();
    if (!tag) return wrong(at, tag.error());
    if (tag->field > 2) {
      if (const auto skipped = pair.skip(*tag); !skipped) return wrong(at, skipped.error());
      continue;
    }
    if (tag->format != Format::bytes || wire_format(field.element) != Format::bytes)
      return wrong(at, "is not a map on the wire");
    const auto part = pair.bytes();
    if (!part) return wrong(at, part.error());
    (tag->field == 1 ? key : raw) = *part;
  }
  if (!is_utf8(key)) return wrong(at, "a key is not UTF-8");
  auto decoded = NODAL_TRY(bytes_value(raw, field.element, field, Path{&at, key}, depth));
  out[key] = std::move(decoded.json);
  return {};
}

/// The list of strings that a map holds: a message of its own around them.
Result<Value> Decoder::strings(std::string_view bytes, const Path& at) {
  json::array out;
  for (Reader in(bytes); !in.at_end();) {
    const auto tag = in.tag();
    if (!tag) return wrong(at, tag.error());
    if (tag->field != 1) {
      if (const auto skipped = in.skip(*tag); !skipped) return wrong(at, skipped.error());
      continue;
    }
    if (tag->format != Format::bytes) return wrong(at, "is not a string on the wire");
    const auto text = in.bytes();
    if (!text) return wrong(at, text.error());
    if (!is_utf8(*text)) return wrong(at, "is not UTF-8");
    NODAL_TRY(count(at));
    out.emplace_back(*text);
  }
  return Value{std::move(out)};
}

/// Field 1 of a message that is only a wrapper around one text or run of bytes.
Result<std::string_view> Decoder::single(std::string_view bytes, const Path& at) {
  std::string_view found;
  for (Reader in(bytes); !in.at_end();) {
    const auto tag = in.tag();
    if (!tag) return wrong(at, tag.error());
    if (tag->field == 1) {
      if (tag->format != Format::bytes) return wrong(at, "is not a string on the wire");
      const auto value = in.bytes();
      if (!value) return wrong(at, value.error());
      found = *value;
    } else if (const auto skipped = in.skip(*tag); !skipped) {
      return wrong(at, skipped.error());
    }
  }
  return found;
}

Result<Value> Decoder::time(std::string_view bytes, bool micro, const Path& at) {
  if (bytes.empty()) return Value{};
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  for (Reader in(bytes); !in.at_end();) {
    const auto tag = in.tag();
    if (!tag) return wrong(at, tag.error());
    if (tag->field > 2) {
      if (const auto skipped = in.skip(*tag); !skipped) return wrong(at, skipped.error());
      continue;
    }
    if (tag->format != Format::varint) return wrong(at, "is not a time on the wire");
    const auto part = in.varint();
    if (!part) return wrong(at, part.error());
    (tag->field == 1 ? seconds : nanos) = static_cast<std::int64_t>(*part);
  }
  if (seconds == kZeroTime && nanos == 0) return Value{};
  if (seconds < kZeroTime || seconds > kLastTime || nanos < 0 || nanos > 999'999'999)
    return wrong(at, "is a time outside the years 1 to 9999");
  const TimePoint point{std::chrono::seconds(seconds) + std::chrono::microseconds(nanos / 1000)};
  return Value{json::value(micro ? format_micro_time(point) : format_time(point))};
}

Result<Value> Decoder::int_or_string(std::string_view bytes, const Path& at) {
  std::uint64_t type = 0;
  std::uint64_t number = 0;
  std::string_view word;
  for (Reader in(bytes); !in.at_end();) {
    const auto tag = in.tag();
    if (!tag) return wrong(at, tag.error());
    if (tag->field > 3) {
      if (const auto skipped = in.skip(*tag); !skipped) return wrong(at, skipped.error());
      continue;
    }
    if (tag->format != (tag->field == 3 ? Format::bytes : Format::varint))
      return wrong(at, "is not a number or string on the wire");
    if (tag->field == 3) {
      const auto part = in.bytes();
      if (!part) return wrong(at, part.error());
      word = *part;
    } else {
      const auto part = in.varint();
      if (!part) return wrong(at, part.error());
      (tag->field == 1 ? type : number) = *part;
    }
  }
  if (type > 1) return wrong(at, "is neither a number nor a string");
  if (type == 1) {
    if (!is_utf8(word)) return wrong(at, "is not UTF-8");
    return Value{json::value(word)};
  }
  return Value{json::value(std::int64_t{static_cast<std::int32_t>(number)}), number == 0};
}

Result<Value> Decoder::value(Reader& in, Kind kind, const Field& field, const Path& at,
                             std::size_t depth) {
  if (kind == Kind::integer || kind == Kind::boolean) {
    const auto raw = in.varint();
    if (!raw) return wrong(at, raw.error());
    if (kind == Kind::boolean) return Value{json::value(*raw != 0), *raw == 0};
    const auto wide = static_cast<std::int64_t>(*raw);
    if (field.format != schema::Format::int32) return Value{json::value(wide), wide == 0};
    // Negative numbers come sign-extended to 64 bits; 32 bits alone are accepted as well.
    const auto narrow = static_cast<std::int32_t>(*raw);
    if (wide != narrow && *raw > 0xffff'ffffu) return wrong(at, "does not fit in 32 bits");
    return Value{json::value(std::int64_t{narrow}), narrow == 0};
  }
  if (kind == Kind::number) {
    const auto raw = in.fixed64();
    if (!raw) return wrong(at, raw.error());
    const auto number = std::bit_cast<double>(*raw);
    if (!std::isfinite(number)) return wrong(at, "is not a finite number");
    return Value{json::value(number), *raw == 0};
  }
  const auto raw = in.bytes();
  if (!raw) return wrong(at, raw.error());
  return bytes_value(*raw, kind, field, at, depth);
}

Result<Value> Decoder::bytes_value(std::string_view raw, Kind kind, const Field& field,
                                   const Path& at, std::size_t depth) {
  switch (kind) {
    case Kind::string:
      if (!is_utf8(raw)) return wrong(at, "is not UTF-8");
      return Value{json::value(raw), raw.empty()};
    case Kind::bytes:
      return Value{json::value(text::base64(raw)), raw.empty()};
    case Kind::time:
      return time(raw, false, at);
    case Kind::micro_time:
      return time(raw, true, at);
    case Kind::quantity: {
      const auto written = NODAL_TRY(single(raw, at));
      if (written.empty()) return Value{json::value("0"), true};
      const auto quantity = Quantity::parse(written);
      if (!quantity) return wrong(at, "is not a quantity");
      return Value{json::value(quantity->text())};
    }
    case Kind::int_or_string:
      return int_or_string(raw, at);
    case Kind::any: {
      const auto inner = NODAL_TRY(single(raw, at));
      if (inner.empty()) return Value{};
      auto parsed = parse(inner);
      if (!parsed) return wrong(at, parsed.error());
      return Value{std::move(*parsed)};
    }
    case Kind::object: {
      if (!field.type) return wrong(at, "has no type");
      Value out{json::object()};
      NODAL_TRY(message(out.json.get_object(), raw, *field.type, at, depth + 1));
      return out;
    }
    case Kind::array:
      return strings(raw, at);
    case Kind::integer:
    case Kind::number:
    case Kind::boolean:
    case Kind::map:
      break;
  }
  return wrong(at, "cannot stand here");
}

Result<> typed(const wire::Tag& tag) {
  if (tag.format == Format::bytes) return {};
  return fail(Errc::invalid, text::cat("field ", tag.field, " of the envelope is not bytes"));
}

}  // namespace

bool is_protobuf(std::string_view bytes) { return bytes.starts_with(kMagic); }

Result<ProtobufEnvelope> open_protobuf(std::string_view bytes) {
  if (!is_protobuf(bytes))
    return fail(Errc::invalid, "the body does not begin with the magic number k8s\\0");
  if (bytes.size() > kMaxProtobufBytes)
    return fail(Errc::invalid, text::cat("the body is larger than ", kMaxProtobufBytes, " bytes"));
  ProtobufEnvelope out;
  std::string_view encoding;
  std::string_view content_type;
  for (Reader in(bytes.substr(kMagic.size())); !in.at_end();) {
    const auto tag = NODAL_TRY(in.tag());
    if (tag.field > 4) {
      NODAL_TRY(in.skip(tag));
      continue;
    }
    NODAL_TRY(typed(tag));
    const auto value = NODAL_TRY(in.bytes());
    switch (tag.field) {
      case 1:
        for (Reader meta(value); !meta.at_end();) {
          const auto inner = NODAL_TRY(meta.tag());
          if (inner.field > 2) {
            NODAL_TRY(meta.skip(inner));
            continue;
          }
          NODAL_TRY(typed(inner));
          (inner.field == 1 ? out.api_version : out.kind) = NODAL_TRY(meta.bytes());
        }
        break;
      case 2:
        out.raw = value;
        break;
      case 3:
        encoding = value;
        break;
      default:
        content_type = value;
        break;
    }
  }
  if (!is_utf8(out.api_version) || !is_utf8(out.kind))
    return fail(Errc::invalid, "the kind is not UTF-8");
  if (out.kind.empty()) return fail(Errc::invalid, "Object 'Kind' is missing");
  if (!encoding.empty())
    return fail(Errc::invalid, "the object in the envelope is compressed or encoded");
  if (!content_type.empty() && content_type != "application/vnd.kubernetes.protobuf")
    return fail(Errc::invalid,
                text::cat("the envelope holds ", is_utf8(content_type) ? content_type : "?"));
  return out;
}

Result<json::object> decode_message(std::string_view bytes, const Type& type) {
  if (bytes.size() > kMaxProtobufBytes)
    return fail(Errc::invalid,
                text::cat("the message is larger than ", kMaxProtobufBytes, " bytes"));
  json::object out;
  NODAL_TRY(Decoder().message(out, bytes, type, Path{}, 1));
  return out;
}

Result<json::object> decode_protobuf(std::string_view bytes) {
  const auto envelope = NODAL_TRY(open_protobuf(bytes));
  const auto slash = envelope.api_version.find('/');
  const auto core = slash == std::string_view::npos;
  const auto group = core ? std::string_view() : envelope.api_version.substr(0, slash);
  const auto version = core ? envelope.api_version : envelope.api_version.substr(slash + 1);

  const Type* const type = document_type(group, version, envelope.kind);
  if (!type)
    return fail(Errc::not_found,
                text::cat("no kind \"", envelope.kind, "\" is registered for version \"",
                          envelope.api_version, "\""));

  json::object out;
  out["kind"] = envelope.kind;
  out["apiVersion"] = envelope.api_version;
  NODAL_TRY(Decoder().message(out, envelope.raw, *type, Path{}, 1));
  return out;
}

}  // namespace nodal::codec
