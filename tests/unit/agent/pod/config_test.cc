// tests/unit/agent/pod/config_test.cc — what a runtime is told of a pod.
#include "agent/pod/config.h"

#include <gtest/gtest.h>

#include "agent/pod/facts.h"
#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

core_v1::Pod pod(const std::string& spec) {
  return codec::decode<core_v1::Pod>(
             R"({"metadata":{"namespace":"ns","name":"p","uid":"u","labels":{"a":"b"}},"spec":)" +
             spec + "}")
      .value();
}

const DnsSettings dns{{"10.96.0.10"},
                      "cluster.local",
                      {{"192.0.2.53"}, {"example.org", "cluster.local"}, {"timeout:1"}}};

Result<ContainerConfig> configured(const core_v1::Pod& pod, const std::string& image_user = "",
                                   std::int64_t node_memory = 0) {
  ImageInfo image;
  image.id = "sha256:0";
  image.user = image_user;
  SeenSandbox sandbox;
  sandbox.attempt = 2;
  StartContainer start;
  start.name = "c";
  start.attempt = 3;
  start.crash_level = 1;
  return container_config(pod, pod.spec.containers[0], start, sandbox, image, {{"A", "1"}},
                          node_memory);
}
Result<ContainerConfig> configured(const std::string& container, const std::string& more = "",
                                   const std::string& image_user = "") {
  return configured(
      pod(R"({"containers":[{"name":"c","image":"i")" + container + "}]" + more + "}"), image_user);
}
std::string refused(const Result<ContainerConfig>& config) {
  return config ? "accepted" : config.error().message.substr(0, config.error().message.find(" ("));
}

TEST(PodDns, ClusterFirstAsksTheClusterAndSearchesItsNames) {
  const auto config = dns_config(pod(R"({"dnsPolicy":"ClusterFirst"})"), dns);
  EXPECT_EQ(config.servers, std::vector<std::string>{"10.96.0.10"});
  EXPECT_EQ(config.searches, (std::vector<std::string>{"ns.svc.cluster.local", "svc.cluster.local",
                                                       "cluster.local", "example.org"}));
  EXPECT_EQ(config.options, std::vector<std::string>{"ndots:5"});
  EXPECT_EQ(dns_config(pod("{}"), dns), config) << "the default";
  EXPECT_EQ(resolv_conf(config),
            "search ns.svc.cluster.local svc.cluster.local cluster.local example.org\n"
            "nameserver 10.96.0.10\noptions ndots:5\n");
}

TEST(PodDns, OnTheHostsNetworkOnlyWhenAskedFor) {
  EXPECT_EQ(dns_config(pod(R"({"hostNetwork":true,"dnsPolicy":"ClusterFirst"})"), dns), dns.host);
  EXPECT_EQ(
      dns_config(pod(R"({"hostNetwork":true,"dnsPolicy":"ClusterFirstWithHostNet"})"), dns).servers,
      std::vector<std::string>{"10.96.0.10"});
  EXPECT_EQ(dns_config(pod(R"({"dnsPolicy":"Default"})"), dns), dns.host);
  EXPECT_EQ(dns_config(pod("{}"), {{}, "cluster.local", dns.host}), dns.host)
      << "a cluster without DNS";
}

TEST(PodDns, OwnSettingsAreAddedOrStandAlone) {
  const auto own = R"("dnsConfig":{"nameservers":["192.0.2.1"],"searches":["x.org"],
      "options":[{"name":"ndots","value":"2"},{"name":"edns0"}]}})";
  auto config = dns_config(pod(std::string(R"({"dnsPolicy":"None",)") + own), dns);
  EXPECT_EQ(config, (DnsConfig{{"192.0.2.1"}, {"x.org"}, {"ndots:2", "edns0"}}));
  config = dns_config(pod(std::string("{") + own), dns);
  EXPECT_EQ(config.servers, (std::vector<std::string>{"10.96.0.10", "192.0.2.1"}));
  EXPECT_EQ(config.options, (std::vector<std::string>{"ndots:2", "edns0"}));
}

TEST(PodHosts, ThePodsNameItsServiceNameAndItsAliases) {
  const auto alone = hosts_file(pod("{}"), "10.0.0.5", "cluster.local");
  EXPECT_TRUE(alone.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
  EXPECT_TRUE(alone.ends_with("\n10.0.0.5\tp\n"));
  const auto named = hosts_file(
      pod(R"({"hostname":"h","subdomain":"s","hostAliases":[{"ip":"192.0.2.1","hostnames":["a","b"]}]})"),
      "10.0.0.5", "cluster.local");
  EXPECT_TRUE(named.ends_with("\n10.0.0.5\th.s.ns.svc.cluster.local\th\n192.0.2.1\ta\tb\n"));
}

TEST(PodHosts, OnTheNodesNetworkItIsTheNodesOwnFile) {
  const auto p =
      pod(R"({"hostNetwork":true,"hostAliases":[{"ip":"192.0.2.1","hostnames":["a"]}]})");
  EXPECT_EQ(hosts_file(p, "192.0.2.9", "cluster.local", "127.0.0.1 localhost\n192.0.2.7 nas"),
            "127.0.0.1 localhost\n192.0.2.7 nas\n192.0.2.1\ta\n");
}

TEST(PodHosts, HostNamesAreCutAt63AndEndWell) {
  auto p = pod("{}");
  p.metadata.name = std::string(62, 'x') + "-y";
  EXPECT_EQ(hostname_of(p), std::string(62, 'x'));
}

TEST(PodHosts, TheHostNameIsTheDomainNameWhereThePodAsksForIt) {
  const auto name = [&](const std::string& spec) {
    return sandbox_config(pod(spec), 0, dns).hostname;
  };
  EXPECT_EQ(name(R"({"setHostnameAsFQDN":true,"hostname":"h","subdomain":"s"})"),
            "h.s.ns.svc.cluster.local");
  EXPECT_EQ(name(R"({"hostname":"h","subdomain":"s"})"), "h");
  EXPECT_EQ(name(R"({"setHostnameAsFQDN":true,"hostname":"h"})"), "h") << "it has no domain name";
  EXPECT_EQ(name(R"({"setHostnameAsFQDN":true,"subdomain":"s","hostNetwork":true})"), "");
}

TEST(SeccompProfile, ALocalOneIsBelowTheNodesFolder) {
  const auto found = [](std::string_view profile) {
    Security security;
    security.seccomp = profile;
    return find_profile(security, "/f") ? security.seccomp : std::string("refused");
  };
  EXPECT_EQ(found("RuntimeDefault"), "RuntimeDefault");
  EXPECT_EQ(found("Localhost/a/b.json"), "Localhost//f/a/b.json");
  for (const char* bad :
       {"Localhost/", "Localhost//etc/x", "Localhost/../x", "Localhost/a/../../x"})
    EXPECT_EQ(found(bad), "refused") << bad;
}

TEST(SandboxConfigOf, PortsOfTheHostAndTheNamespaces) {
  const auto config = sandbox_config(pod(R"({"hostPID":true,"shareProcessNamespace":true,
              "securityContext":{"sysctls":[{"name":"net.core.somaxconn","value":"9"}]},
              "containers":[{"name":"c","ports":[{"containerPort":80,"hostPort":8080,"hostIP":"127.0.0.1"},
                                                 {"containerPort":81}]}]})"),
                                     4, dns);
  EXPECT_EQ(config.attempt, 4u);
  EXPECT_EQ(config.hostname, "p");
  EXPECT_EQ(config.ports, (std::vector<PortMapping>{{80, 8080, "TCP", "127.0.0.1"}}));
  EXPECT_TRUE(config.host_pid);
  EXPECT_TRUE(config.share_pid);
  EXPECT_FALSE(config.host_network);
  EXPECT_EQ(config.sysctls.at("net.core.somaxconn"), "9");
  const auto on_host = sandbox_config(
      pod(R"({"hostNetwork":true,"containers":[{"name":"c","ports":[{"containerPort":80,"hostPort":80}]}]})"),
      0, dns);
  EXPECT_TRUE(on_host.ports.empty()) << "its ports are the host's already";
  EXPECT_EQ(on_host.hostname, "");
}

TEST(ContainerConfigOf, CommandsAreExpandedAndTheStartIsRemembered) {
  const std::string container = R"j(,"command":["sh","$(A)"],"args":["$$(A)","$(B)"])j";
  const auto config = configured(container).value();
  EXPECT_EQ(config.command, (std::vector<std::string>{"sh", "1"}));
  EXPECT_EQ(config.args, (std::vector<std::string>{"$(A)", "$(B)"}));
  EXPECT_EQ(config.attempt, 3u);
  EXPECT_EQ(config.annotations.at(kSandboxAttempt), "2");
  EXPECT_EQ(config.annotations.at(kCrashLevel), "1");
  EXPECT_EQ(config.log_path, "c/3.log");
}

TEST(ContainerConfigOf, CpuIsSharesAndQuota) {
  const auto resources = [](const std::string& text) {
    return configured(R"(,"resources":)" + text).value().resources;
  };
  auto r = resources(R"({"requests":{"cpu":"500m"},"limits":{"cpu":"1500m","memory":"64Mi"}})");
  EXPECT_EQ(r.cpu_shares, 512);
  EXPECT_EQ(r.cpu_quota, 150000);
  EXPECT_EQ(r.cpu_period, 100000);
  EXPECT_EQ(r.memory_limit_bytes, 64 << 20);
  EXPECT_EQ(resources(R"({"limits":{"cpu":"2"}})").cpu_shares, 2048) << "a limit is a request";
  r = resources("{}");
  EXPECT_EQ(r.cpu_shares, 2);
  EXPECT_EQ(r.cpu_quota, 0);
  EXPECT_EQ(resources(R"({"limits":{"cpu":"1m"}})").cpu_quota, 1000)
      << "the least the kernel takes";
}

TEST(ContainerConfigOf, WhoIsKilledFirstWhenMemoryIsShort) {
  const auto score = [](const char* qos, const char* request) {
    auto p = pod(std::string(R"({"containers":[{"name":"c","resources":{"requests":{"memory":")") +
                 request + R"("}}}]})");
    p.status.qos_class = qos;
    return configured(p, "", 1'000'000'000).value().resources.oom_score_adj;
  };
  EXPECT_EQ(score("Guaranteed", "1M"), -997);
  EXPECT_EQ(score("BestEffort", "0"), 1000);
  EXPECT_EQ(score("Burstable", "250M"), 750);
  EXPECT_EQ(score("Burstable", "0"), 999);
  EXPECT_EQ(score("Burstable", "1G"), 3);
}

TEST(ContainerConfigOf, TheContainersSecurityGoesBeforeThePods) {
  const auto security =
      configured(
          R"(,"securityContext":{"runAsUser":1,"allowPrivilegeEscalation":false,
               "readOnlyRootFilesystem":true,"capabilities":{"add":["NET_ADMIN"],"drop":["ALL"]},
               "seccompProfile":{"type":"Localhost","localhostProfile":"x.json"}})",
          R"(,"securityContext":{"runAsUser":5,"runAsGroup":6,"fsGroup":7,"supplementalGroups":[8],
               "seccompProfile":{"type":"Unconfined"},
               "appArmorProfile":{"type":"Localhost","localhostProfile":"web"}})")
          .value()
          .security;
  EXPECT_EQ(security.run_as_user, 1);
  EXPECT_EQ(security.run_as_group, 6);
  EXPECT_EQ(security.supplemental_groups, (std::vector<std::int64_t>{8, 7}));
  EXPECT_TRUE(security.no_new_privileges);
  EXPECT_TRUE(security.read_only_root);
  EXPECT_EQ(security.add_capabilities, std::vector<std::string>{"NET_ADMIN"});
  EXPECT_EQ(security.drop_capabilities, std::vector<std::string>{"ALL"});
  EXPECT_EQ(security.seccomp, "Localhost/x.json");
  EXPECT_EQ(security.apparmor, "web");
  EXPECT_EQ(configured("").value().security.seccomp, "RuntimeDefault");
}

TEST(ContainerConfigOf, NonRootIsCheckedAlsoAgainstTheImage) {
  const std::string demand = R"(,"securityContext":{"runAsNonRoot":true})";
  EXPECT_EQ(refused(configured(demand, "", "1000:0")), "accepted");
  for (const char* root : {"", "0", "root", "0:1000", "00", "root:wheel"})
    EXPECT_EQ(refused(configured(demand, "", root)),
              "container has runAsNonRoot and image will run as root")
        << root;
  EXPECT_EQ(refused(configured(demand, "", "node")),
            "container has runAsNonRoot and image has non-numeric user");
  EXPECT_EQ(
      refused(configured(R"(,"securityContext":{"runAsNonRoot":true,"runAsUser":0})", "", "1000")),
      "container's runAsUser breaks non-root policy");
  EXPECT_EQ(refused(configured(R"(,"securityContext":{"runAsNonRoot":true,"runAsUser":7})")),
            "accepted");
  EXPECT_EQ(refused(configured("", R"(,"securityContext":{"runAsNonRoot":true})")),
            "container has runAsNonRoot and image will run as root")
      << "the pod's demand";
  EXPECT_EQ(refused(configured(R"(,"securityContext":{"runAsNonRoot":false})",
                               R"(,"securityContext":{"runAsNonRoot":true})")),
            "accepted")
      << "the container's word goes first";
}

TEST(SpecHash, FollowsTheImageOnly) {
  core_v1::Container a, b;
  a.image = b.image = "x";
  b.name = "other";
  EXPECT_EQ(spec_hash(a), spec_hash(b));
  b.image = "y";
  EXPECT_NE(spec_hash(a), spec_hash(b));
}

}  // namespace
}  // namespace nodal::agent
