// tests/unit/agent/pod/env_test.cc — a container's environment as Kubernetes makes it.
#include "agent/pod/env.h"

#include <gtest/gtest.h>

#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

const NodeFactsForPods node{"node1", "192.0.2.1", 4000, 8'000'000'000, 64'000'000'000};

References references() {
  References out;
  out.config_map = [](const std::string& name) -> Result<Values> {
    if (name == "settings") return Values{{"mode", "fast"}, {"with.dot", "1"}, {"9lives", "no"}};
    if (name == "away") return fail(Errc::unavailable, "no connection");
    return fail(Errc::not_found, "");
  };
  out.secret = [](const std::string& name) -> Result<Values> {
    if (name == "keys") return Values{{"password", "p$$w"}};
    return fail(Errc::not_found, "");
  };
  return out;
}

core_v1::Pod pod(const std::string& container) {
  return codec::decode<core_v1::Pod>(
             R"({"metadata":{"namespace":"ns","name":"p","uid":"u1","labels":{"app":"web","q":"a\"b"},
                 "annotations":{"note":"n"}},
                 "spec":{"serviceAccountName":"robot","containers":[)" +
             container + "]}}")
      .value();
}

std::shared_ptr<const core_v1::Service> service(const std::string& json) {
  return std::make_shared<const core_v1::Service>(codec::decode<core_v1::Service>(json).value());
}

// "A=1 B=2", or the error.
std::string env(const std::string& container,
                const std::vector<std::shared_ptr<const core_v1::Service>>& services = {},
                bool links = true) {
  auto p = pod(container);
  p.spec.enable_service_links = links;
  const auto out = environment(p, p.spec.containers[0], "10.244.0.5", node, references(), services);
  if (!out) return "error: " + out.error().message;
  std::string text;
  for (const auto& [name, value] : *out) text += (text.empty() ? "" : " ") + name + "=" + value;
  return text;
}

TEST(Expand, KnownNamesAreReplacedAndOthersStay) {
  const Values known{{"A", "1"}, {"B", "$(A)"}};
  EXPECT_EQ(expand("$(A)-$(B)", known), "1-$(A)") << "once, not again";
  EXPECT_EQ(expand("$(NO) $A ${A}", known), "$(NO) $A ${A}");
  EXPECT_EQ(expand("$$(A) $$$(A) $$", known), "$(A) $1 $");
  EXPECT_EQ(expand("$(A", known), "$(A");
  EXPECT_EQ(expand("$()$", known), "$()$");
  EXPECT_EQ(expand("$(X$(A))", known), "$(X$(A))") << "a reference ends at the first parenthesis";
}

TEST(Expand, AllWantsAValueForEachReference) {
  const Values known{{"A", "1"}, {"EMPTY", ""}};
  EXPECT_EQ(expand_all("x/$(A)/$$(B)", known).value(), "x/1/$(B)");
  const auto missing = expand_all("$(C)/$(A)/$(EMPTY)/$(C)", known);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::invalid);
  EXPECT_EQ(missing.error().message, "missing value for C, EMPTY");
}

TEST(Environment, ValuesSeeWhatStandsBeforeThem) {
  const std::string in_order =
      R"j({"name":"c","env":[{"name":"A","value":"1"},{"name":"B","value":"$(A)$(C)"},
                             {"name":"C","value":"$$(A)"}]})j";
  EXPECT_EQ(env(in_order), "A=1 B=1$(C) C=$(A)");
  const std::string twice =
      R"j({"name":"c","env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"}]})j";
  EXPECT_EQ(env(twice), "A=12") << "the later one counts";
}

TEST(Environment, ReferencesAreTakenAsTheyAre) {
  const std::string container = R"({"name":"c","env":[
      {"name":"M","valueFrom":{"configMapKeyRef":{"name":"settings","key":"mode"}}},
      {"name":"P","valueFrom":{"secretKeyRef":{"name":"keys","key":"password"}}}]})";
  EXPECT_EQ(env(container), "M=fast P=p$$w");
}

TEST(Environment, WhatIsMissingIsAnErrorUnlessOptional) {
  const auto one = [](const std::string& reference) {
    return env(R"({"name":"c","env":[{"name":"X","valueFrom":{)" + reference + "}}]}");
  };
  EXPECT_EQ(one(R"("configMapKeyRef":{"name":"none","key":"k"})"),
            "error: configmap \"none\" not found");
  EXPECT_EQ(one(R"("secretKeyRef":{"name":"none","key":"k"})"), "error: secret \"none\" not found");
  EXPECT_EQ(one(R"("configMapKeyRef":{"name":"settings","key":"k"})"),
            "error: couldn't find key k in ConfigMap ns/settings");
  EXPECT_EQ(one(R"("configMapKeyRef":{"name":"none","key":"k","optional":true})"), "");
  EXPECT_EQ(one(R"("secretKeyRef":{"name":"keys","key":"k","optional":true})"), "");
  EXPECT_EQ(one(R"("configMapKeyRef":{"name":"away","key":"k","optional":true})"),
            "error: no connection")
      << "optional means absent, not unknown";
  EXPECT_EQ(one(R"("fieldRef":{"fieldPath":"spec.nope"})"),
            "error: unsupported fieldPath: spec.nope");
}

TEST(Environment, WholeObjectsComeWithAPrefixAndWithoutWhatIsNoName) {
  EXPECT_EQ(env(R"({"name":"c","envFrom":[{"configMapRef":{"name":"settings"}}]})"),
            "9lives=no mode=fast with.dot=1");
  const std::string prefixed =
      R"j({"name":"c","envFrom":[{"prefix":"S_","configMapRef":{"name":"settings"}}],
           "env":[{"name":"S_mode","value":"own:$(S_mode)"}]})j";
  EXPECT_EQ(env(prefixed), "S_9lives=no S_mode=own:fast S_with.dot=1");
  EXPECT_EQ(env(R"({"name":"c","envFrom":[{"secretRef":{"name":"none"}}]})"),
            "error: secret \"none\" not found");
  EXPECT_EQ(env(R"({"name":"c","envFrom":[{"secretRef":{"name":"none","optional":true}}]})"), "");
}

TEST(Environment, TheDownwardApiTellsOfThePodAndItsNode) {
  const auto p = pod(R"({"name":"c"})");
  const auto field = [&](const char* path) {
    return field_value(p, "10.244.0.5", node, path).value_or("nothing");
  };
  EXPECT_EQ(field("metadata.name"), "p");
  EXPECT_EQ(field("metadata.namespace"), "ns");
  EXPECT_EQ(field("metadata.uid"), "u1");
  EXPECT_EQ(field("spec.nodeName"), "node1");
  EXPECT_EQ(field("spec.serviceAccountName"), "robot");
  EXPECT_EQ(field("status.hostIP"), "192.0.2.1");
  EXPECT_EQ(field("status.podIP"), "10.244.0.5");
  EXPECT_EQ(field("metadata.labels['app']"), "web");
  EXPECT_EQ(field("metadata.labels['none']"), "");
  EXPECT_EQ(field("metadata.annotations['note']"), "n");
  EXPECT_EQ(field("metadata.labels"), "app=\"web\"\nq=\"a\\\"b\"");
  EXPECT_EQ(field("metadata.labels['"), "nothing");
  EXPECT_EQ(field("status.phase"), "nothing");
}

TEST(Environment, ResourcesAreDividedAndRoundedUp) {
  const auto p = pod(R"({"name":"c","resources":{"limits":{"cpu":"1500m","memory":"100Mi"},
                         "requests":{"cpu":"250m"}}},{"name":"free"})");
  const auto value = [&](const char* container, const char* resource, const char* divisor) {
    core_v1::ResourceFieldSelector field;
    field.resource = resource;
    field.divisor = Quantity::parse(divisor).value();
    return resource_value(p, container, field, node).value_or("nothing");
  };
  EXPECT_EQ(value("c", "limits.cpu", "0"), "2") << "whole CPUs unless told otherwise";
  EXPECT_EQ(value("c", "limits.cpu", "1m"), "1500");
  EXPECT_EQ(value("c", "requests.cpu", "1"), "1");
  EXPECT_EQ(value("c", "limits.memory", "0"), "104857600");
  EXPECT_EQ(value("c", "limits.memory", "1Mi"), "100");
  EXPECT_EQ(value("free", "limits.cpu", "1m"), "4000") << "no limit: what the node has";
  EXPECT_EQ(value("free", "limits.memory", "1"), "8000000000");
  EXPECT_EQ(value("free", "requests.memory", "1"), "0");
  EXPECT_EQ(value("free", "limits.ephemeral-storage", "1Mi"), "61036");
  EXPECT_EQ(value("free", "requests.ephemeral-storage", "1"), "0");
  EXPECT_EQ(value("none", "limits.cpu", "1"), "nothing");
  EXPECT_EQ(value("c", "cpu", "1"), "nothing");
}

TEST(Environment, ServicesOfTheNamespaceAndTheApiAreAnnounced) {
  const auto web = service(
      R"({"metadata":{"namespace":"ns","name":"my-web"},"spec":{"clusterIP":"10.96.0.9",
          "ports":[{"name":"http-alt","port":80,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}})");
  const auto api = service(
      R"({"metadata":{"namespace":"default","name":"kubernetes"},"spec":{"clusterIP":"10.96.0.1",
          "ports":[{"name":"https","port":443,"protocol":"TCP"}]}})");
  const auto headless = service(
      R"({"metadata":{"namespace":"ns","name":"db"},"spec":{"clusterIP":"None","ports":[{"port":1}]}})");
  const auto elsewhere = service(
      R"({"metadata":{"namespace":"other","name":"x"},"spec":{"clusterIP":"10.96.0.8","ports":[{"port":1}]}})");
  const std::string container =
      R"j({"name":"c","env":[{"name":"A","value":"$(MY_WEB_SERVICE_HOST)"}]})j";
  const std::string of_api =
      "KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 "
      "KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 KUBERNETES_PORT_443_TCP_PORT=443 "
      "KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_SERVICE_HOST=10.96.0.1 "
      "KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443";
  EXPECT_EQ(env(container, {web, api, headless, elsewhere}),
            "A=10.96.0.9 " + of_api +
                " MY_WEB_PORT=tcp://10.96.0.9:80 MY_WEB_PORT_53_UDP=udp://10.96.0.9:53 "
                "MY_WEB_PORT_53_UDP_ADDR=10.96.0.9 MY_WEB_PORT_53_UDP_PORT=53 "
                "MY_WEB_PORT_53_UDP_PROTO=udp MY_WEB_PORT_80_TCP=tcp://10.96.0.9:80 "
                "MY_WEB_PORT_80_TCP_ADDR=10.96.0.9 MY_WEB_PORT_80_TCP_PORT=80 "
                "MY_WEB_PORT_80_TCP_PROTO=tcp MY_WEB_SERVICE_HOST=10.96.0.9 "
                "MY_WEB_SERVICE_PORT=80 MY_WEB_SERVICE_PORT_HTTP_ALT=80");
  EXPECT_EQ(env(R"({"name":"c"})", {web, api}, false), of_api)
      << "without enableServiceLinks only the API";
}

}  // namespace
}  // namespace nodal::agent
