// api-client/codec/wire.cc — the wire format of protobuf, both ways.
#include "api-client/codec/wire.h"

namespace nodal::codec::wire {
namespace {

constexpr int kMaxGroupDepth = 64;

std::unexpected<Error> truncated() { return fail(Errc::invalid, "the message ends too early"); }

}  // namespace

Result<std::uint64_t> Reader::varint() {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    if (i >= rest_.size()) return truncated();
    const auto byte = static_cast<std::uint8_t>(rest_[i]);
    if (i == 9 && byte > 1) break;  // more than 64 bits
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) {
      rest_.remove_prefix(i + 1);
      return value;
    }
  }
  return fail(Errc::invalid, "a number is longer than 64 bits");
}

Result<Tag> Reader::tag() {
  const auto value = NODAL_TRY(varint());
  const auto field = value >> 3;
  const auto format = static_cast<std::uint8_t>(value & 7);
  if (field == 0 || field >= (1u << 29))
    return fail(Errc::invalid, "a field number is out of range");
  if (format > 5) return fail(Errc::invalid, "an unknown wire type");
  return Tag{static_cast<std::uint32_t>(field), static_cast<Format>(format)};
}

Result<std::string_view> Reader::take(std::uint64_t count) {
  if (count > rest_.size()) return truncated();
  const auto taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

Result<std::uint64_t> Reader::fixed64() {
  const auto taken = NODAL_TRY(take(8));
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(taken[i]);
  return value;
}

Result<std::string_view> Reader::bytes() {
  const auto length = NODAL_TRY(varint());
  return take(length);
}

Result<> Reader::skip(Tag tag) { return skip(tag, 0); }

Result<> Reader::skip(Tag tag, int depth) {
  switch (tag.format) {
    case Format::varint:
      NODAL_TRY(varint());
      return {};
    case Format::fixed64:
      NODAL_TRY(take(8));
      return {};
    case Format::fixed32:
      NODAL_TRY(take(4));
      return {};
    case Format::bytes:
      NODAL_TRY(bytes());
      return {};
    case Format::group_begin:
      if (depth == kMaxGroupDepth) return fail(Errc::invalid, "groups are nested too deeply");
      for (;;) {
        const auto inner = NODAL_TRY(this->tag());
        if (inner.format != Format::group_end) {
          NODAL_TRY(skip(inner, depth + 1));
          continue;
        }
        if (inner.field != tag.field) return fail(Errc::invalid, "a group ends that did not begin");
        return {};
      }
    case Format::group_end:
      return fail(Errc::invalid, "a group ends that did not begin");
  }
  return fail(Errc::invalid, "an unknown wire type");
}

void Writer::raw_varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_ += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out_ += static_cast<char>(value);
}

void Writer::varint(std::uint32_t field, std::uint64_t value) {
  raw_varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(Format::varint));
  raw_varint(value);
}

void Writer::bytes(std::uint32_t field, std::string_view value) {
  raw_varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(Format::bytes));
  raw_varint(value.size());
  out_ += value;
}

}  // namespace nodal::codec::wire
