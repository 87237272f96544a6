// tests/unit/nodectl/forwarding_test.cc — the ports and addresses of port-forward.
#include "nodectl/forwarding.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/text.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

// "LOCAL -> REMOTE", or the error.
std::string ports(const std::string& text, const json::value& service = nullptr) {
  static const auto pod = json::parse(R"({"metadata":{"name":"web-1"},"spec":{"containers":[
      {"ports":[{"containerPort":53}]},{"ports":[{"name":"http","containerPort":8080}]}]}})");
  const auto out = forwarded_port(text, pod, service);
  return out ? text::cat(out->local, " -> ", out->remote) : out.error().message;
}

TEST(Forwarding, PortsOfAPod) {
  EXPECT_EQ(ports("80"), "80 -> 80");
  EXPECT_EQ(ports("8000:80"), "8000 -> 80");
  EXPECT_EQ(ports(":80"), "0 -> 80");
  EXPECT_EQ(ports("http"), "8080 -> 8080");
  EXPECT_EQ(ports("9000:http"), "9000 -> 8080");
  EXPECT_EQ(ports("dns"), "Pod 'web-1' does not have a named port 'dns'");
  EXPECT_EQ(ports("0"), "remote port must be > 0");
  EXPECT_EQ(ports("x:80"), "error parsing local port 'x'");
  EXPECT_EQ(ports("70000"), "Pod 'web-1' does not have a named port '70000'");
  for (const char* bad : {"", "80:", "1:2:3"})
    EXPECT_TRUE(ports(bad).starts_with("invalid port format")) << bad;
}

TEST(Forwarding, PortsOfAServiceAreThoseOfItsPods) {
  const auto service = json::parse(R"({"metadata":{"name":"web"},"spec":{"ports":[
      {"name":"web","port":80,"targetPort":"http"},{"name":"more","port":81,"targetPort":9000},
      {"name":"same","port":82},{"name":"lost","port":83,"targetPort":"dns"}]}})");
  EXPECT_EQ(ports("80", service), "80 -> 8080");
  EXPECT_EQ(ports("8000:81", service), "8000 -> 9000");
  EXPECT_EQ(ports("82", service), "82 -> 82");
  EXPECT_EQ(ports("web", service), "80 -> 8080");
  EXPECT_EQ(ports(":more", service), "0 -> 9000");
  EXPECT_EQ(ports("http", service), "Service 'web' does not have a named port 'http'");
  EXPECT_EQ(ports("lost", service), "Pod 'web-1' does not have a named port 'dns'");
  EXPECT_EQ(ports("84", service), "Service web does not have a service port 84");
}

TEST(Forwarding, AHeadlessServiceHasThePortsThatItNames) {
  const auto service =
      json::parse(R"({"metadata":{"name":"web"},"spec":{"clusterIP":"None","ports":[
      {"name":"web","port":80,"targetPort":"http"}]}})");
  EXPECT_EQ(ports("8000:web", service), "8000 -> 80");
}

TEST(Forwarding, Addresses) {
  const std::vector<LocalAddress> local{{"127.0.0.1", true}, {"::1", true}};
  EXPECT_EQ(local_addresses({"localhost"}).value(), local);
  EXPECT_EQ(local_addresses({"10.0.0.1,localhost", "10.0.0.1"}).value(),
            (std::vector<LocalAddress>{{"10.0.0.1", false}, local[0], local[1]}));
  EXPECT_EQ(local_addresses({"::"}).value(), (std::vector<LocalAddress>{{"::", false}}));
  EXPECT_EQ(local_addresses({"here"}).error().message, "here is not a valid IP");
}

}  // namespace
}  // namespace nodal::nodectl
