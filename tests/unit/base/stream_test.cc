// tests/unit/base/stream_test.cc — SPDY and WebSocket frames, whole, in pieces and broken.
#include <gtest/gtest.h>

#include "base/stream/spdy.h"
#include "base/stream/websocket.h"
#include "base/text.h"

namespace nodal {
namespace {

std::string told(const spdy::Frame& frame) {
  return std::visit(
      [](const auto& f) -> std::string {
        using T = std::decay_t<decltype(f)>;
        if constexpr (std::is_same_v<T, spdy::Open>) {
          std::string out = text::cat("open ", f.id);
          for (const auto& [name, value] : f.headers) out += text::cat(" ", name, "=", value);
          return out + (f.end ? " end" : "");
        }
        if constexpr (std::is_same_v<T, spdy::Reply>) return text::cat("reply ", f.id);
        if constexpr (std::is_same_v<T, spdy::Data>)
          return text::cat("data ", f.id, " ", f.bytes, f.end ? " end" : "");
        if constexpr (std::is_same_v<T, spdy::Reset>)
          return text::cat("reset ", f.id, " ", f.status);
        if constexpr (std::is_same_v<T, spdy::Ping>) return text::cat("ping ", f.id);
        return text::cat("go away");
      },
      frame);
}

std::string all(std::string_view bytes, std::size_t piece) {
  spdy::Decoder decoder;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const auto done = decoder.feed(bytes.substr(at, piece),
                                   [&](const spdy::Frame& frame) { out += told(frame) + "\n"; });
    if (!done) return out + "error: " + done.error().message;
  }
  return out;
}

TEST(Spdy, FramesSurviveTheWayInPiecesOfAnySize) {
  spdy::Encoder encoder;
  std::string bytes = encoder.open(1, {{"streamtype", "error"}}, true);
  bytes += encoder.open(3, {{"streamtype", "data"}, {"port", "1337"}, {"requestid", "0"}}, false);
  bytes += encoder.reply(3);
  bytes += text::cat(spdy::Encoder::data(3, "", false), spdy::Encoder::ping(7),
                     spdy::Encoder::reset(1, 5), spdy::Encoder::data(3, "", true),
                     spdy::Encoder::go_away(3));
  const std::string want =
      "open 1 streamtype=error end\nopen 3 streamtype=data port=1337 requestid=0\nreply 3\n"
      "data 3 \nping 7\nreset 1 5\ndata 3  end\ngo away\n";
  for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{7}})
    EXPECT_EQ(all(bytes, piece), want) << piece;
}

TEST(Spdy, DataIsHandedOnAsItComes) {
  EXPECT_EQ(all(spdy::Encoder::data(5, "abcdef", true), 11), "data 5 abc\ndata 5 def end\n");
}

// The checksum of the dictionary stands in the first header block of a connection: every
// implementation has this one.
TEST(Spdy, TheDictionaryIsTheOneOfTheDraft) {
  spdy::Encoder encoder;
  EXPECT_EQ(text::hex(encoder.open(1, {}, false).substr(20, 4)), "e3c6a7c2");
}

TEST(Spdy, WhatIsNotSpdyIsRefused) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(all("GET / HTTP/1.1\r\n\r\n", 4).starts_with("data")) << "looks like data";
  EXPECT_TRUE(all("\x80\x02\0\1\0\0\0\0"sv, 8).contains("version 3"));
  EXPECT_TRUE(all("\x80\x03\0\1\0\xff\xff\xff"sv, 8).contains("too long"));
  EXPECT_TRUE(all("\x80\x03\0\1\0\0\0\2xx"sv, 10).contains("too short"));
  EXPECT_TRUE(all("\x80\x03\0\1\0\0\0\x0e\0\0\0\0\0\0\0\0\0\0junk"sv, 22).contains("inflated"));
}

TEST(Spdy, AHeaderBlockThatBlowsUpIsRefused) {
  spdy::Encoder encoder;
  const auto bytes = encoder.open(1, {{"x", std::string(200'000, 'a')}}, false);
  ASSERT_LT(bytes.size(), spdy::kControlLimit);
  EXPECT_NE(all(bytes, bytes.size()).find("too large"), std::string::npos);
}

std::string heard(std::string_view bytes, websocket::Decoder::From from, std::size_t piece,
                  std::size_t limit = 1u << 20) {
  websocket::Decoder decoder(from, limit);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const auto done = decoder.feed(bytes.substr(at, piece), [&](const websocket::Message& message) {
      out += text::cat(static_cast<int>(message.opcode), ":",
                       message.bytes.size() < 50 ? message.bytes : "long", "\n");
    });
    if (!done) return out + "error: " + done.error().message;
  }
  return out;
}

TEST(WebSocket, MessagesSurviveTheWayInPiecesOfAnySize) {
  using enum websocket::Opcode;
  using From = websocket::Decoder::From;
  const auto client = text::cat(websocket::encode_masked(binary, "hello", 0x01020304),
                                websocket::encode_masked(ping, "", 7),
                                websocket::encode_masked(binary, std::string(70'000, 'x'), 9),
                                websocket::encode_masked(binary, "", 1),
                                websocket::encode_masked(close, websocket::close_payload(1000), 2));
  const std::string want =
      text::cat("2:hello\n9:\n2:long\n2:\n8:", websocket::close_payload(1000), "\n");
  for (const std::size_t piece : {client.size(), std::size_t{1}, std::size_t{13}})
    EXPECT_EQ(heard(client, From::client, piece), want) << piece;
  EXPECT_EQ(heard(websocket::encode(text, "hi") + websocket::encode(binary, std::string(300, 'y')),
                  From::server, 1000),
            "1:hi\n2:long\n");
}

TEST(WebSocket, FragmentsAreJoinedAroundControlFrames) {
  std::string first = websocket::encode(websocket::Opcode::binary, "one ");
  first[0] = static_cast<char>(first[0] & 0x7f);  // not the last
  const auto bytes = text::cat(first, websocket::encode(websocket::Opcode::ping, "p"),
                               websocket::encode(websocket::Opcode::continuation, "two"));
  EXPECT_EQ(heard(bytes, websocket::Decoder::From::server, 3), "9:p\n2:one two\n");
}

TEST(WebSocket, WhatTheRfcForbidsIsRefused) {
  using From = websocket::Decoder::From;
  const auto plain = websocket::encode(websocket::Opcode::binary, "x");
  EXPECT_NE(heard(plain, From::client, 9).find("masked"), std::string::npos);
  EXPECT_NE(heard(websocket::encode(websocket::Opcode::continuation, "x"), From::server, 9)
                .find("out of its order"),
            std::string::npos);
  EXPECT_NE(heard(std::string("\x83\0", 2), From::server, 9).find("unknown"), std::string::npos);
  EXPECT_NE(heard(std::string("\xc2\0", 2), From::server, 9).find("unknown"), std::string::npos);
  EXPECT_NE(heard(std::string("\x09\0", 2), From::server, 9).find("fragmented"), std::string::npos);
  EXPECT_NE(heard(websocket::encode(websocket::Opcode::binary, std::string(101, 'x')), From::server,
                  999, 100)
                .find("more than 100"),
            std::string::npos);
  const std::string huge("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10);
  EXPECT_NE(heard(huge, From::server, 99).find("more than"), std::string::npos);
}

TEST(WebSocket, TheHandshakeIsAnsweredAsInTheRfc) {
  EXPECT_EQ(websocket::accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace nodal
