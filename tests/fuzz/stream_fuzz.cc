// tests/fuzz/stream_fuzz.cc — any bytes as SPDY and as WebSocket: frames within their limits, or an
// error; the same ones whatever the pieces in which they come.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/stream/spdy.h"
#include "base/stream/websocket.h"

namespace {

std::string heard(std::string_view bytes, std::size_t piece, nodal::websocket::Decoder::From from) {
  nodal::websocket::Decoder decoder(from, 4096);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    if (!decoder.feed(bytes.substr(at, piece), [&](const nodal::websocket::Message& message) {
          if (message.bytes.size() > 4096) std::abort();
          out += static_cast<char>('0' + static_cast<int>(message.opcode));
          out += message.bytes;
        }))
      return out + "!";
  return out;
}

std::string framed(std::string_view bytes, std::size_t piece) {
  nodal::spdy::Decoder decoder;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    if (!decoder.feed(bytes.substr(at, piece), [&](const nodal::spdy::Frame& frame) {
          if (const auto* data = std::get_if<nodal::spdy::Data>(&frame))
            out += data->bytes;
          else
            out += static_cast<char>('0' + static_cast<int>(frame.index()));
        }))
      return out + "!";
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  for (const auto from :
       {nodal::websocket::Decoder::From::client, nodal::websocket::Decoder::From::server})
    if (heard(bytes, bytes.size(), from) != heard(bytes, 3, from)) std::abort();
  if (framed(bytes, bytes.size()) != framed(bytes, 3)) std::abort();
  return 0;
}
