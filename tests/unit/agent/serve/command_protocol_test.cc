// tests/unit/agent/serve/command_protocol_test.cc — what clients of exec and attach say, and what
// they are told.
#include "agent/serve/command_protocol.h"

#include <gtest/gtest.h>

#include "agent/serve/port_forward.h"
#include "agent/serve/target.h"
#include "base/stream/spdy.h"
#include "base/stream/websocket.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

using Output = ProcessStreams::Output;

http::Request spdy_request(const std::vector<std::string>& protocols) {
  http::Request out;
  out.method = "POST";
  out.headers = {{"Connection", "Upgrade"}, {"Upgrade", "SPDY/3.1"}};
  for (const auto& protocol : protocols) out.headers.add("X-Stream-Protocol-Version", protocol);
  return out;
}
http::Request websocket_request(const std::string& protocols) {
  http::Request out;
  out.headers = {{"Connection", "keep-alive, Upgrade"},
                 {"Upgrade", "websocket"},
                 {"Sec-WebSocket-Version", "13"},
                 {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                 {"Sec-WebSocket-Protocol", protocols}};
  return out;
}

std::string told(const std::vector<CommandEvent>& events) {
  std::string out;
  for (const auto& event : events)
    if (const auto* input = std::get_if<Input>(&event))
      out += text::cat("[", input->bytes, "]");
    else if (const auto* size = std::get_if<Resize>(&event))
      out += text::cat("(", size->width, "x", size->height, ")");
    else
      out += "end";
  return out;
}

std::string spdy_frames(std::string_view bytes) {
  spdy::Decoder decoder;
  std::string out;
  EXPECT_TRUE(decoder.feed(bytes, [&](const spdy::Frame& frame) {
    if (const auto* data = std::get_if<spdy::Data>(&frame))
      out += text::cat(data->id, ":", data->bytes, data->end ? "." : "", " ");
    if (const auto* reply = std::get_if<spdy::Reply>(&frame))
      out += text::cat("ok", reply->id, " ");
    if (const auto* reset = std::get_if<spdy::Reset>(&frame))
      out += text::cat("no", reset->id, " ");
    if (const auto* ping = std::get_if<spdy::Ping>(&frame)) out += text::cat("ping", ping->id, " ");
  }));
  return out;
}

TEST(CommandProtocol, TheBestProtocolInCommonIsSpoken) {
  auto shaken = shake_hands(spdy_request({"v4.channel.k8s.io", "v3.channel.k8s.io"}), {});
  EXPECT_EQ(shaken.headers.get("X-Stream-Protocol-Version"), "v4.channel.k8s.io");
  EXPECT_EQ(shake_hands(spdy_request({"v2.channel.k8s.io, v4.channel.k8s.io"}), {})
                .headers.get("X-Stream-Protocol-Version"),
            "v4.channel.k8s.io");
  shaken = shake_hands(spdy_request({"v9.channel.k8s.io"}), {});
  EXPECT_EQ(shaken.status, 403);
  EXPECT_EQ(shaken.headers.all("X-Accepted-Stream-Protocol-Versions").size(), 5u);
  shaken = shake_hands(websocket_request("v5.channel.k8s.io"), {});
  EXPECT_EQ(shaken.headers.get("Sec-WebSocket-Protocol"), "v5.channel.k8s.io");
  EXPECT_EQ(shaken.headers.get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(shake_hands(websocket_request("mine"), {}).status, 403);
  auto broken = websocket_request("v5.channel.k8s.io");
  broken.headers.set("Sec-WebSocket-Key", "short");
  EXPECT_EQ(shake_hands(broken, {}).status, 400);
  EXPECT_EQ(shake_hands({}, {}).status, 400);
}

TEST(CommandProtocol, OverSpdyTheCommandWaitsForItsStreams) {
  const auto shaken = shake_hands(spdy_request({"v4.channel.k8s.io"}),
                                  {.input = true, .output = true, .error = true, .tty = false});
  auto& protocol = *shaken.protocol;
  spdy::Encoder client;
  std::vector<CommandEvent> events;
  std::string reply;
  std::uint32_t id = 1;
  for (const char* name : {"error", "stdin", "stdout"}) {
    ASSERT_TRUE(protocol.receive(client.open(id, {{"streamtype", name}}, false), events, reply));
    EXPECT_FALSE(protocol.is_open());
    id += 2;
  }
  ASSERT_TRUE(protocol.receive(client.open(7, {{"streamtype", "stderr"}}, false), events, reply));
  EXPECT_TRUE(protocol.is_open());
  ASSERT_TRUE(protocol.receive(client.open(9, {{"streamtype", "stdout"}}, false), events, reply));
  ASSERT_TRUE(protocol.receive(client.open(11, {{"streamtype", "bogus"}}, false), events, reply));
  EXPECT_EQ(spdy_frames(reply), "ok1 ok3 ok5 ok7 no9 no11 ");
  reply.clear();
  ASSERT_TRUE(
      protocol.receive(text::cat(spdy::Encoder::data(3, "typed", false), spdy::Encoder::ping(1),
                                 spdy::Encoder::ping(2), spdy::Encoder::data(3, "", true)),
                       events, reply));
  EXPECT_EQ(told(events), "[typed]end");
  EXPECT_EQ(spdy_frames(reply), "ping1 ") << "an even id answers a ping of ours";
  EXPECT_EQ(spdy_frames(protocol.output(Output::out, "x")), "5:x ");
  EXPECT_EQ(spdy_frames(protocol.output(Output::error, "y")), "7:y ");
  EXPECT_EQ(spdy_frames(protocol.finish({3, ""})),
            text::cat("5:. 7:. 1:", status_of({3, ""}), ". "));
  EXPECT_FALSE(protocol.receive(spdy::Encoder::go_away(1), events, reply));
}

TEST(CommandProtocol, OverSpdyATerminalHasASizeAndNoStderr) {
  const auto shaken = shake_hands(spdy_request({"v4.channel.k8s.io"}),
                                  {.input = false, .output = true, .error = true, .tty = true});
  auto& protocol = *shaken.protocol;
  spdy::Encoder client;
  std::vector<CommandEvent> events;
  std::string reply;
  std::uint32_t id = 1;
  for (const char* name : {"error", "stdout", "resize"}) {
    ASSERT_TRUE(protocol.receive(client.open(id, {{"streamtype", name}}, false), events, reply));
    id += 2;
  }
  EXPECT_TRUE(protocol.is_open());
  for (const char* piece : {R"({"Width":120,)", R"("Height":40})", "\n",
                            R"({"Width":-1,"Height":4}{"Width":80,"Height":24})"})
    ASSERT_TRUE(protocol.receive(spdy::Encoder::data(5, piece, false), events, reply));
  EXPECT_EQ(told(events), "(120x40)(80x24)");
  EXPECT_EQ(protocol.output(Output::error, "y"), "") << "it comes with stdout";
}

TEST(CommandProtocol, OverWebSocketTheFirstByteIsTheChannel) {
  const auto shaken = shake_hands(websocket_request("v5.channel.k8s.io"),
                                  {.input = true, .output = true, .error = false, .tty = true});
  auto& protocol = *shaken.protocol;
  EXPECT_TRUE(protocol.is_open());
  const auto say = [](std::string_view bytes) {
    return websocket::encode_masked(websocket::Opcode::binary, bytes, 0x11223344);
  };
  std::vector<CommandEvent> events;
  std::string reply;
  using namespace std::string_view_literals;
  ASSERT_TRUE(protocol.receive(
      text::cat(say("\0typed"sv), say("\4{\"Width\":80,\"Height\":24}"sv), say("\7junk"sv),
                say("\xff\0"sv),
                websocket::encode_masked(websocket::Opcode::ping, "are you there", 1)),
      events, reply));
  EXPECT_EQ(told(events), "[typed](80x24)end");
  EXPECT_EQ(reply, websocket::encode(websocket::Opcode::pong, "are you there"));
  EXPECT_EQ(protocol.output(Output::out, "x"), websocket::encode(websocket::Opcode::binary, "\1x"));
  EXPECT_EQ(protocol.output(Output::error, "x"), "") << "not asked for";
  EXPECT_EQ(protocol.finish({0, ""}),
            websocket::encode(websocket::Opcode::binary, "\3" + status_of({0, ""})) +
                websocket::encode(websocket::Opcode::close, "\x03\xe8"));
  EXPECT_FALSE(protocol.receive(websocket::encode_masked(websocket::Opcode::close, "\x03\xe8", 5),
                                events, reply));
}

TEST(CommandProtocol, TheStatusCarriesTheExitCode) {
  EXPECT_EQ(status_of({0, ""}), R"({"metadata":{},"status":"Success"})");
  EXPECT_NE(
      status_of({3, ""}).find(
          R"("reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]})"),
      std::string::npos);
  EXPECT_NE(status_of({0, "no \"such\" thing"}).find(R"(no \"such\" thing)"), std::string::npos);
}

TEST(PortForward, TheHandshakesOfBothTransports) {
  auto request = spdy_request({"portforward.k8s.io"});
  EXPECT_EQ(shake_hands_for_ports(request).status, 101);
  EXPECT_FALSE(shake_hands_for_ports(request).in_websocket);
  EXPECT_EQ(shake_hands_for_ports(spdy_request({"v4.channel.k8s.io"})).status, 403);
  const auto tunnel = shake_hands_for_ports(websocket_request("SPDY/3.1+portforward.k8s.io"));
  EXPECT_TRUE(tunnel.in_websocket);
  EXPECT_EQ(tunnel.headers.get("Sec-WebSocket-Protocol"), "SPDY/3.1+portforward.k8s.io");
  EXPECT_EQ(shake_hands_for_ports({}).status, 400);
}

TEST(StreamTarget, PathsAreThoseOfKubelets) {
  auto target =
      parse_stream_target("/exec/ns/web/c?command=sh&command=-c&command=a%20b&input=1&tty=true");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->command, (std::vector<std::string>{"sh", "-c", "a b"}));
  EXPECT_TRUE(target->streams.input && target->streams.tty && !target->streams.error);
  EXPECT_EQ(parse_stream_target("/attach/ns/web/uid-1/c?output=1")->container, "c");
  EXPECT_EQ(parse_stream_target("/portForward/ns/web")->pod, "web");
  EXPECT_EQ(parse_stream_target("/portForward/ns/web/uid-1")->pod, "web");
  EXPECT_EQ(parse_stream_target("/containerLogs/ns/web/c?tailLines=5")->log.tail_lines, 5);
  EXPECT_EQ(parse_stream_target("/containerLogs/ns/web/c?tailLines=x").error().code, Errc::invalid);
  EXPECT_EQ(parse_stream_target("/exec/ns/web/c?input=1").error().code, Errc::invalid);
  EXPECT_EQ(parse_stream_target("/exec/ns/web/c?command=x").error().code, Errc::invalid);
  for (const char* path : {"/", "/healthz", "/exec/ns/web", "/exec/a/b/c/d/e", "/portForward/ns"})
    EXPECT_EQ(parse_stream_target(path).error().code, Errc::not_found) << path;
}

}  // namespace
}  // namespace nodal::agent
