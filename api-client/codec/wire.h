// api-client/codec/wire.h — the wire format of protobuf, both ways: tags, varints and lengths; no
// messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::codec::wire {

enum class Format : std::uint8_t {
  varint = 0,
  fixed64 = 1,
  bytes = 2,
  group_begin = 3,
  group_end = 4,
  fixed32 = 5
};

struct Tag {
  std::uint32_t field = 0;
  Format format = Format::varint;
};

/// Reads a message from front to back. The views it hands out point into the message.
/// @errors invalid from every function: the message ends too early, or is none
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  Result<Tag> tag();
  Result<std::uint64_t> varint();
  Result<std::uint64_t> fixed64();
  Result<std::string_view> bytes();
  /// Passes over the value that follows a tag, groups included.
  Result<> skip(Tag tag);

 private:
  Result<> skip(Tag tag, int depth);
  Result<std::string_view> take(std::uint64_t count);

  std::string_view rest_;
};

/// Appends fields to a message. Fields may come in any order.
class Writer {
 public:
  void varint(std::uint32_t field, std::uint64_t value);
  void bytes(std::uint32_t field, std::string_view value);
  void boolean(std::uint32_t field, bool value) { varint(field, value ? 1 : 0); }
  void message(std::uint32_t field, const Writer& value) { bytes(field, value.out_); }
  [[nodiscard]] const std::string& text() const { return out_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void raw_varint(std::uint64_t value);

  std::string out_;
};

}  // namespace nodal::codec::wire
