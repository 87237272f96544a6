// tests/unit/master/proxy_message_test.cc — what of a proxied request goes on, and what of its
// answer comes back.
#include "master/api/subresources/proxy_message.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nodal::master::proxying {
namespace {

const View view{"/api/v1/namespaces/a/pods/b/proxy", "master:6443", "10.244.0.5:8080"};

std::string shown(const http::Headers& headers) {
  std::string out;
  for (const auto& [name, value] : headers.lines()) out += text::cat(name, ": ", value, "\n");
  return out;
}

TEST(ProxyName, HasASchemeAndAPort) {
  EXPECT_EQ(parse_name("b"), (Named{"http", "b", ""}));
  EXPECT_EQ(parse_name("b:80"), (Named{"http", "b", "80"}));
  EXPECT_EQ(parse_name("b:"), (Named{"http", "b", ""}));
  EXPECT_EQ(parse_name("https:b:"), (Named{"https", "b", ""}));
  EXPECT_EQ(parse_name(":b:web"), (Named{"http", "b", "web"}));
  for (const char* wrong : {"", ":80", "ftp:b:80", "http:b:80:1"})
    EXPECT_EQ(parse_name(wrong), std::nullopt) << wrong;
}

TEST(ProxyAddress, IsNotTheMachinesOwn) {
  for (const char* good : {"10.244.0.5", "192.168.1.1", "fd00::5", "2001:db8::1"})
    EXPECT_TRUE(may_be_reached(*net::IpAddress::parse(good))) << good;
  for (const char* bad :
       {"127.0.0.1", "127.8.8.8", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "::", "fe80::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"})
    EXPECT_FALSE(may_be_reached(*net::IpAddress::parse(bad))) << bad;
}

TEST(ProxyRequest, LeavesWhatIsBetweenTheClientAndTheServer) {
  http::Request request;
  request.method = "PUT";
  request.target = view.prefix + "/x?y=z";
  request.body = "body";
  request.peer_address = "192.0.2.1:4711";
  request.headers = {{"Host", "master:6443"},
                     {"Authorization", "Bearer secret"},
                     {"Impersonate-User", "boss"},
                     {"Connection", "close, X-Hop"},
                     {"X-Hop", "1"},
                     {"TE", "trailers"},
                     {"Content-Length", "4"},
                     {"Transfer-Encoding", "chunked"},
                     {"X-Forwarded-For", "9.9.9.9"},
                     {"Cookie", "a=b"},
                     {"Content-Type", "text/plain"}};
  const auto out = forwarded(request, view, "/x");
  EXPECT_EQ(out.method, "PUT");
  EXPECT_EQ(out.target, "/x?y=z");
  EXPECT_EQ(out.body, "body");
  EXPECT_EQ(shown(out.headers),
            "Host: master:6443\nCookie: a=b\nContent-Type: text/plain\n"
            "X-Forwarded-For: 192.0.2.1\nX-Forwarded-Host: master:6443\n"
            "X-Forwarded-Proto: https\n"
            "X-Forwarded-Uri: /api/v1/namespaces/a/pods/b/proxy/x\n");
  EXPECT_EQ(forwarded(request, view, "").target, "/?y=z");
}

TEST(ProxyRequest, SwitchesToWebSocketWithoutTheToken) {
  http::Request request;
  request.headers = {
      {"Connection", "keep-alive, Upgrade"},
      {"Upgrade", "WebSocket"},
      {"Sec-WebSocket-Protocol", "chat, base64url.bearer.authorization.k8s.io.c2VjcmV0"}};
  EXPECT_EQ(wanted_upgrade(request.headers), "websocket");
  const auto out = forwarded(request, view, "/");
  EXPECT_EQ(out.headers.get("Connection"), "Upgrade");
  EXPECT_EQ(out.headers.get("Upgrade"), "websocket");
  EXPECT_EQ(out.headers.get("Sec-WebSocket-Protocol"), "chat");
  EXPECT_EQ(wanted_upgrade({{"Upgrade", "websocket"}}), "");
  EXPECT_EQ(wanted_upgrade({{"Connection", "upgrade"}, {"Upgrade", "h2c"}}), "");
}

TEST(ProxyAnswer, LeadsBackThroughTheProxy) {
  const std::string& prefix = view.prefix;
  EXPECT_EQ(led_back("/login?a=/b", view), prefix + "/login?a=/b");
  EXPECT_EQ(led_back("/", view), prefix + "/");
  EXPECT_EQ(led_back(prefix + "/x", view), prefix + "/x");
  EXPECT_EQ(led_back(prefix + "x", view), prefix + prefix + "x");
  EXPECT_EQ(led_back("http://10.244.0.5:8080/a#b", view),
            text::cat("https://master:6443", prefix, "/a#b"));
  EXPECT_EQ(led_back("//master:6443/a", view), text::cat("https://master:6443", prefix, "/a"));
  for (const char* same : {"next", "?page=2", "https://example.com/a", "//example.com/a",
                           "http://master:6443@example.com/"})
    EXPECT_EQ(led_back(same, view), same);
  EXPECT_EQ(shown(returned({{"Server", "s"},
                            {"Connection", "X-Hop"},
                            {"X-Hop", "1"},
                            {"Keep-Alive", "timeout=5"},
                            {"Access-Control-Allow-Origin", "*"},
                            {"Location", "/x"}},
                           view)),
            text::cat("Server: s\nLocation: ", prefix, "/x\n"));
}

}  // namespace
}  // namespace nodal::master::proxying
