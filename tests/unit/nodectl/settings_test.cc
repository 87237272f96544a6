// tests/unit/nodectl/settings_test.cc — which settings make a node, and what a second `up` may say.
#include <gtest/gtest.h>

#include "nodectl/cluster/layout.h"

namespace nodal::nodectl {
namespace {

template <class Change>
std::string complaint(Change change) {
  Settings settings;
  settings.node_ip = "192.0.2.1";
  change(settings);
  const auto checked = check_settings(settings);
  return checked ? "" : checked.error().message;
}

TEST(Settings, WhatIsWrongIsNamedByItsFlag) {
  EXPECT_EQ(complaint([](Settings&) {}), "");
  EXPECT_EQ(
      complaint([](Settings& s) { s.service_cidr = "10.96.0.0/99"; }),
      "--service-cidr 10.96.0.0/99: an IPv4 range of /8 to /28 is needed, such as 10.96.0.0/16");
  EXPECT_EQ(complaint([](Settings& s) { s.cluster_cidr = "10.96.0.0/17"; }),
            "--cluster-cidr 10.96.0.0/17: it overlaps the Services' range 10.96.0.0/16");
  EXPECT_EQ(complaint([](Settings& s) { s.cluster_dns = "10.97.0.10"; }),
            "--cluster-dns 10.97.0.10: an address of the Services' range 10.96.0.0/16 is needed");
  EXPECT_EQ(
      complaint([](Settings& s) { s.node_ip = "127.0.0.1"; }),
      "--node-ip 127.0.0.1: an address is needed at which pods reach this node: not loopback");
  EXPECT_EQ(complaint([](Settings& s) { s.node_ip = "10.244.0.9"; }),
            "--node-ip 10.244.0.9: it lies in the range of Services or pods; give them others with "
            "--service-cidr and --cluster-cidr");
  EXPECT_NE(complaint([](Settings& s) { s.node_name = "Upper_Case"; }), "");
  EXPECT_NE(complaint([](Settings& s) { s.node_name = "my_host"; }), "");
  EXPECT_NE(complaint([](Settings& s) { s.listen = "6443"; }), "");
  EXPECT_EQ(
      complaint([](Settings& s) { s.listen = "127.0.0.1:8443"; }),
      "--listen 127.0.0.1:8443: pods do not reach a loopback address; 0.0.0.0:8443 listens on "
      "all");
}

TEST(Settings, ThePartsAreToldWhereTheApiServerListens) {
  Settings settings;
  settings.node_ip = "192.0.2.1";
  EXPECT_EQ(api_server(settings), "https://127.0.0.1:6443");
  EXPECT_EQ(api_address(settings), "192.0.2.1");
  settings.listen = "198.51.100.7:7443";
  EXPECT_EQ(api_server(settings), "https://198.51.100.7:7443");
  EXPECT_EQ(api_address(settings), "198.51.100.7") << "nobody serves at the node's other addresses";
  settings.listen = "[2001:db8::1]:7443";
  EXPECT_EQ(api_server(settings), "https://[2001:db8::1]:7443");
}

TEST(Settings, ASecondUpIsTheSameNode) {
  Settings before;
  before.node_name = "node1";
  before.node_ip = "192.0.2.1";
  before.service_cidr = "10.97.0.0/16";
  EXPECT_EQ(continue_with(before, {}, true).value(), before) << "what is not said stays";
  EXPECT_EQ(continue_with(before, before, true).value(), before);
  Settings other;
  other.service_cidr = "10.98.0.0/16";
  EXPECT_EQ(continue_with(before, other, false).error().message,
            "this node was started with --service-cidr 10.97.0.0/16, not 10.98.0.0/16; "
            "`nodectl delete` first, to start anew");
  Settings moved;
  moved.docker_socket = "/run/other.sock";
  EXPECT_EQ(continue_with(before, moved, false).value().docker_socket, "/run/other.sock");
  EXPECT_EQ(continue_with(before, moved, true).error().message,
            "this node was started with --docker-socket /var/run/docker.sock, not /run/other.sock; "
            "`nodectl stop` first");
}

}  // namespace
}  // namespace nodal::nodectl
