// base/stream/websocket.cc — see websocket.h.
#include "base/stream/websocket.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace nodal::websocket {
namespace {

constexpr std::uint8_t kFinal = 0x80, kReserved = 0x70, kMasked = 0x80;
constexpr std::size_t kControlLimit = 125;

std::uint64_t number(std::string_view bytes) {
  std::uint64_t out = 0;
  for (const char c : bytes) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

// How long the head is, as its first two bytes say.
std::size_t head_size(std::string_view two) {
  const auto length = static_cast<std::uint8_t>(two[1]) & 0x7f;
  const bool masked = (static_cast<std::uint8_t>(two[1]) & kMasked) != 0;
  return 2u + (length == 126 ? 2u : length == 127 ? 8u : 0u) + (masked ? 4u : 0u);
}

void mask_with(std::string& bytes, std::string_view key) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(bytes[i] ^ key[i % 4]);
}

std::string head_of(Opcode opcode, std::size_t size, std::uint8_t mask_bit) {
  std::string out;
  out += static_cast<char>(kFinal | static_cast<std::uint8_t>(opcode));
  if (size < 126) {
    out += static_cast<char>(mask_bit | size);
  } else {
    const int bytes = size < 65536 ? 2 : 8;
    out += static_cast<char>(mask_bit | (bytes == 2 ? 126 : 127));
    for (int i = bytes - 1; i >= 0; --i)
      out += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i));
  }
  return out;
}

}  // namespace

// True once the head is complete: the payload's size is known then.
Result<bool> Decoder::head() {
  if (head_.size() < 2 || head_.size() < head_size(head_)) return false;
  const auto first = static_cast<std::uint8_t>(head_[0]);
  const auto second = static_cast<std::uint8_t>(head_[1]);
  const auto opcode = static_cast<Opcode>(first & 0x0f);
  const bool control = opcode >= Opcode::close;
  if ((first & kReserved) != 0 || (opcode > Opcode::binary && !control) || opcode > Opcode::pong)
    return fail(Errc::invalid, "WebSocket: a frame of an unknown kind");
  if (((second & kMasked) != 0) != (from_ == From::client))
    return fail(Errc::invalid, "WebSocket: a client's frames are masked, a server's are not");
  const std::size_t length = second & 0x7f;
  const std::uint64_t size =
      length < 126 ? length : number(std::string_view(head_).substr(2, length == 126 ? 2 : 8));
  if (control && (size > kControlLimit || (first & kFinal) == 0))
    return fail(Errc::invalid, "WebSocket: a control frame that is too long or fragmented");
  if (size > limit_ || message_.size() + size > limit_)
    return fail(Errc::invalid, text::cat("WebSocket: a message of more than ", limit_, " bytes"));
  if (!control && (opcode == Opcode::continuation) != fragmented_.has_value())
    return fail(Errc::invalid, "WebSocket: a fragment out of its order");
  left_ = size;
  return true;
}

// The frame is complete.
Result<> Decoder::frame(const std::function<void(const Message&)>& sink) {
  const auto first = static_cast<std::uint8_t>(head_[0]);
  const auto opcode = static_cast<Opcode>(first & 0x0f);
  if (from_ == From::client) mask_with(payload_, std::string_view(head_).substr(head_.size() - 4));
  if (opcode >= Opcode::close) {
    sink({opcode, payload_});
  } else if ((first & kFinal) == 0) {
    if (!fragmented_) fragmented_ = opcode;
    message_ += payload_;
  } else if (fragmented_) {
    message_ += payload_;
    sink({*fragmented_, message_});
    message_.clear();
    fragmented_.reset();
  } else {
    sink({opcode, payload_});
  }
  head_.clear();
  payload_.clear();
  left_.reset();
  return {};
}

Result<> Decoder::feed(std::string_view bytes, const std::function<void(const Message&)>& sink) {
  while (!bytes.empty() || left_ == 0u) {
    if (!left_) {
      const std::size_t wanted = head_.size() < 2 ? 2 : head_size(head_);
      const std::size_t n = std::min(wanted - head_.size(), bytes.size());
      head_.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      NODAL_TRY(head());
      continue;
    }
    const std::size_t n = std::min(*left_, bytes.size());
    payload_.append(bytes.substr(0, n));
    bytes.remove_prefix(n);
    *left_ -= n;
    if (*left_ == 0) NODAL_TRY(frame(sink));
  }
  return {};
}

std::string encode(Opcode opcode, std::string_view bytes) {
  std::string out = head_of(opcode, bytes.size(), 0);
  out += bytes;
  return out;
}

std::string encode_masked(Opcode opcode, std::string_view bytes, std::uint32_t mask) {
  const std::string out = head_of(opcode, bytes.size(), kMasked);
  std::string key;
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(mask >> shift);
  std::string payload(bytes);
  mask_with(payload, key);
  return out + key + payload;
}

std::string close_payload(std::uint16_t status, std::string_view reason) {
  std::string out;
  out += static_cast<char>(status >> 8);
  out += static_cast<char>(status);
  out += reason.substr(0, kControlLimit - 2);
  return out;
}

std::string accept_of(std::string_view key) {
  const std::string text = text::cat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");  // RFC 6455, 1.3
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return text::base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace nodal::websocket
