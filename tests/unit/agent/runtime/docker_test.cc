// tests/unit/agent/runtime/docker_test.cc — the Docker adapter's pure parts: bodies, replies,
// states, CNI documents.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "agent/runtime/docker/cni_config.h"
#include "agent/runtime/docker/pause_image.h"
#include "agent/runtime/docker/process_tree.h"
#include "agent/runtime/docker/reply.h"
#include "agent/runtime/docker/request.h"
#include "agent/runtime/docker/seen.h"

namespace nodal::agent::docker {
namespace {

const PodRef pod{"ns", "web", "u1"};

boost::json::value body_of(const ContainerConfig& config, const SandboxModes& modes = {}) {
  return boost::json::parse(container_body("abc", modes, config, "node", "", {}, 0).value());
}

ContainerConfig container() {
  ContainerConfig out;
  out.pod = pod;
  out.name = "main";
  out.image = "busybox";
  return out;
}

TEST(DockerRequest, NamesAreDockershims) {
  EXPECT_EQ(container_name("POD", pod, 3), "k8s_POD_web_ns_u1_3");
}

TEST(DockerRequest, LabelsReadBack) {
  auto config = container();
  config.attempt = 4;
  config.annotations = {{"hash", "x"}};
  std::map<std::string, std::string> labels;
  const auto body = body_of(config);
  for (const auto& [k, v] : body.at("Labels").as_object()) labels[k] = std::string(v.as_string());
  EXPECT_EQ(pod_of(labels), pod);
  EXPECT_EQ(attempt_of(labels), 4u);
  EXPECT_EQ(annotations_of(labels), config.annotations);
}

TEST(DockerRequest, SecurityIsExplicit) {
  auto config = container();
  EXPECT_EQ(body_of(config).at("HostConfig").at("CapDrop").at(0).as_string(), "NET_RAW");
  config.security.add_capabilities = {"NET_RAW"};
  EXPECT_TRUE(body_of(config).at("HostConfig").at("CapDrop").as_array().empty());
  config.security.run_as_group = 7;
  EXPECT_EQ(body_of(config).at("User").as_string(), "node:7") << "the image's user stays";
  config.resources.oom_score_adj = -999;
  EXPECT_EQ(body_of(config).at("HostConfig").at("OomScoreAdj").as_int64(), 0)
      << "clamped to the floor";
  config.security.seccomp = "";
  EXPECT_EQ(container_body("abc", {}, config, "", "", {}, 0).error().code, Errc::invalid);
}

TEST(DockerRequest, ReferencesAreSplitAndChecked) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(split_reference("busybox").value(), Pair("busybox", "latest"));
  EXPECT_EQ(split_reference("127.0.0.1:5000/a/b").value(), Pair("127.0.0.1:5000/a/b", "latest"));
  EXPECT_EQ(split_reference("r:5000/a:1").value(), Pair("r:5000/a", "1"));
  EXPECT_EQ(split_reference("a:1@sha256:ff").value(), Pair("a", "sha256:ff"));
  for (const char* bad : {"", "a b", "../x", "a?x=1", ":tag", "/a", "a#b"})
    EXPECT_FALSE(split_reference(bad)) << bad;
}

TEST(DockerReply, VersionIsAgreedOn) {
  EXPECT_EQ(negotiate({"20.10", "1.41", "1.12"}), "1.41");
  EXPECT_EQ(negotiate({"19", "1.40", "1.12"}), "1.40");
  EXPECT_EQ(negotiate({"29", "1.52", "1.44"}), "1.44");
  EXPECT_EQ(parse_version("{}").error().code, Errc::invalid);
}

TEST(DockerReply, TimesAreRead) {
  const auto t = parse_docker_time("1970-01-01T00:00:01.5Z");
  EXPECT_EQ(t.time_since_epoch().count(), 1500000);
  EXPECT_EQ(parse_docker_time("1970-01-01T01:00:01.500000999+01:00"), t);
  for (const char* none :
       {"0001-01-01T00:00:00Z", "", "2026", "2026-13-01T00:00:00Z", "1970-01-01T00:00:01"})
    EXPECT_EQ(parse_docker_time(none), TimePoint{}) << none;
}

TEST(DockerReply, BadRepliesAreErrors) {
  EXPECT_FALSE(parse_summaries("{}"));
  EXPECT_FALSE(parse_summaries("[1]"));
  EXPECT_FALSE(parse_details("[]"));
  EXPECT_FALSE(parse_details(std::string(5u << 20, ' ')));
  EXPECT_FALSE(parse_details(std::string(1000, '[')));
  EXPECT_FALSE(parse_id(R"({"Id": "../x"})"));
  EXPECT_EQ(error_message(R"({"message": "no"})"), "no");
  EXPECT_EQ(parse_progress(R"({"errorDetail": {"message": "denied"}})").value(), "denied");
}

TEST(DockerReply, AnEventsTimeIsAskedForAsTheEngineReadsIt) {
  const auto event = parse_event(
      R"({"Type":"container","Action":"die","time":1700000000,"timeNano":1700000000000000012})");
  ASSERT_TRUE(event);
  EXPECT_EQ(engine_time(event->time_ns), "1700000000.000000012");
  EXPECT_EQ(engine_time(1700000000999999999), "1700000000.999999999");
}

TEST(DockerReply, LinesHaveALimit) {
  LineReader lines(8);
  std::vector<std::string> got;
  const auto keep = [&](std::string_view l) -> Result<> {
    got.emplace_back(l);
    return {};
  };
  EXPECT_TRUE(lines.feed("a\r\nb", keep));
  EXPECT_TRUE(lines.feed("c\n\nd\n", keep));
  EXPECT_EQ(got, (std::vector<std::string>{"a", "bc", "d"}));
  EXPECT_FALSE(lines.feed("123456789", keep));
}

TEST(DockerSeen, WhatCouldNotStartHasEnded) {
  Details d;
  d.state = "created";
  EXPECT_EQ(state_of(d), ContainerState::created);
  d.exit_code = 127;
  d.error = "no such program";
  d.created_at = TimePoint(std::chrono::seconds(5));
  const auto seen = seen_container(d, "");
  EXPECT_EQ(seen.state, ContainerState::exited);
  EXPECT_EQ(seen.message, "no such program");
  EXPECT_EQ(seen.finished_at, d.created_at);
}

TEST(DockerSeen, SandboxWithoutAnAddressIsNotReady) {
  Details d;
  d.state = "running";
  d.network_mode = "none";
  d.pid = 9;
  EXPECT_FALSE(seen_sandbox(d, {}).ready);
  EXPECT_TRUE(seen_sandbox(d, {"10.0.0.2"}).ready);
  EXPECT_EQ(seen_sandbox(d, {"10.0.0.2"}).netns_path, "/proc/9/ns/net");
}

TEST(Cni, PluginsGetTheListsNameAndTheirCapabilities) {
  const auto net = parse_network(R"({"cniVersion": "1.0.0", "name": "n", "plugins": [
      {"type": "a"}, {"type": "portmap", "capabilities": {"portMappings": true}}]})",
                                 true)
                       .value();
  CniAttachment at{"id", "/ns", "eth0", pod, {{80, 8080, "TCP", ""}}};
  const auto a = boost::json::parse(plugin_input(net, net.plugins[0], at, "").value());
  EXPECT_EQ(a.at("name").as_string(), "n");
  EXPECT_FALSE(a.as_object().contains("runtimeConfig"));
  const auto b =
      boost::json::parse(plugin_input(net, net.plugins[1], at, R"({"ips": []})").value());
  EXPECT_EQ(b.at("runtimeConfig").at("portMappings").at(0).at("hostPort").as_int64(), 8080);
  EXPECT_TRUE(b.as_object().contains("prevResult"));
  EXPECT_EQ(parse_record(encode_record({at, net.json, "{}"}))->attachment.ports, at.ports);
  for (const char* bad :
       {"{}", R"({"cniVersion": "0.2.0", "name": "n", "plugins": [{"type": "a"}]})",
        R"({"cniVersion": "1.0.0", "name": "n", "plugins": []})",
        R"({"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "../a"}]})"})
    EXPECT_FALSE(parse_network(bad, true)) << bad;
}

TEST(ProcessTree, SessionDescendantsAndMarkedBelong) {
  EXPECT_EQ(parse_stat("7 (a) b) S 3 7 7 0").parent, 3);
  EXPECT_EQ(tree_of({{10, 1, 10, false},
                     {11, 10, 11, false},
                     {12, 1, 10, false},
                     {13, 1, 13, true},
                     {14, 13, 14, false},
                     {20, 1, 20, false}},
                    10),
            (std::vector<pid_t>{10, 11, 12, 13, 14}));
  EXPECT_TRUE(tree_of({{20, 1, 20, false}}, 0).empty());
}

TEST(PauseImage, ArchiveIsWholeBlocks) {
  const auto tar = tar_of("pause", "abc");
  EXPECT_EQ(tar.size() % 512, 0u);
  EXPECT_EQ(tar.substr(257, 5), "ustar");
  EXPECT_EQ(tar.substr(512, 3), "abc");
  EXPECT_TRUE(
      pause_program().starts_with("\x7f"
                                  "ELF"));
}

}  // namespace
}  // namespace nodal::agent::docker
