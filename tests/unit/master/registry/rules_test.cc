// tests/unit/master/registry/rules_test.cc — defaults of new objects, and every word
// of their refusal.
#include "tests/unit/master/registry/rules.h"

namespace nodal::master {
namespace {

using namespace rules;

std::string deployment(std::string_view labels, std::string_view selector,
                       std::string_view spec = "", std::string_view pod_spec = "") {
  return text::cat(R"({"kind":"Deployment","spec":{"selector":)", selector,
                   R"(,"template":{"metadata":{"labels":)", labels,
                   R"(},"spec":{"containers":[{"name":"c","image":"i"}])",
                   pod_spec.empty() ? "" : ",", pod_spec, "}}", spec.empty() ? "" : ",", spec,
                   "}}");
}

std::string rollout(std::string_view spec) {
  return deployment(R"({"app":"a"})", R"({"matchLabels":{"app":"a"}})", spec);
}

TEST(Rules, LabelsOfATemplateAreLabels) {
  check("deployments",
        {{rollout(""), ""},
         {deployment(R"({"app":"a b"})", R"({"matchLabels":{"app":"a b"}})"),
          "spec.selector.matchLabels: Invalid value: \"a b\": " + label_rule +
              "\nspec.template.labels: Invalid value: \"a b\": " + label_rule},
         {deployment(R"({"app":"a","b c":""})", R"({"matchLabels":{"app":"a"}})"),
          "spec.template.labels: Invalid value: \"b c\": " + key_rule},
         {deployment(R"({"app":"a"})",
                     R"({"matchExpressions":[{"key":"app","operator":"In","values":[]}]})"),
          "spec.selector.matchExpressions[0].values: Required value: must be specified when "
          "`operator` is 'In' or 'NotIn'\nspec.template.metadata.labels: Invalid value: "
          "map[string]string{\"app\":\"a\"}: `selector` does not match template `labels`"},
         {deployment(R"({"app":"a"})",
                     R"({"matchExpressions":[{"key":"app","operator":"Exists","values":["a"]}]})"),
          "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when "
          "`operator` is 'Exists' or 'DoesNotExist'"},
         {deployment(R"({"app":"a"})", R"({"matchLabels":{"app":"a"}})", "",
                     R"("nodeSelector":{"disk":"s s d"})"),
          "spec.template.spec.nodeSelector: Invalid value: \"s s d\": " + label_rule},
         {deployment(R"({"app":"a"})", R"({"matchLabels":{"app":"a"}})", "",
                     R"("activeDeadlineSeconds":5)"),
          "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in "
          "ReplicaSet is not Supported"}});
  check("replicasets", {{deployment(R"({"app":"-"})", R"({"matchLabels":{"app":"-"}})"),
                         "spec.selector.matchLabels: Invalid value: \"-\": " + label_rule +
                             "\nspec.template.labels: Invalid value: \"-\": " + label_rule}});
  check("services", {{R"({"spec":{"ports":[{"port":80}],"selector":{"app":"a/b"}}})",
                      "spec.selector: Invalid value: \"a/b\": " + label_rule}});
}

TEST(Rules, ARolloutMovesWithinItsBounds) {
  check("deployments",
        {{rollout(R"("strategy":{"rollingUpdate":{"maxSurge":2,"maxUnavailable":"100%"}})"), ""},
         {rollout(R"("strategy":{"rollingUpdate":{"maxSurge":"150%","maxUnavailable":0}})"), ""},
         {rollout(R"("strategy":{"rollingUpdate":{"maxSurge":"abc"}})"),
          "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"abc\": a valid percent string "
          "must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used "
          "for validation is '[0-9]+%')"},
         {rollout(R"("strategy":{"rollingUpdate":{"maxUnavailable":"-5%"}})"),
          "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"-5%\": a valid percent "
          "string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex "
          "used for validation is '[0-9]+%')"},
         {rollout(R"("strategy":{"rollingUpdate":{"maxUnavailable":-1}})"),
          "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or "
          "equal to 0"},
         {rollout(R"("strategy":{"rollingUpdate":{"maxUnavailable":"150%"}})"),
          "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"150%\": must not be "
          "greater than 100%"},
         {rollout(R"("strategy":{"rollingUpdate":{"maxUnavailable":"99999999999999999999%"}})"),
          "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"99999999999999999999%\": "
          "must not be greater than 100%"},
         {rollout(R"("strategy":{"rollingUpdate":{"maxUnavailable":0,"maxSurge":"0%"}})"),
          "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when "
          "`maxSurge` is 0"},
         {rollout(R"("strategy":{"type":"Recreate","rollingUpdate":{}})"),
          "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is "
          "'Recreate'"},
         {rollout(R"("progressDeadlineSeconds":10,"minReadySeconds":10)"),
          "spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds"},
         {rollout(R"("progressDeadlineSeconds":0)"),
          "spec.progressDeadlineSeconds: Invalid value: 0: must be greater than "
          "minReadySeconds"}});
}

TEST(Rules, PortsHaveNamesOfServices) {
  check("pods",
        {{pod(R"("ports":[{"name":"http","containerPort":80}])"), ""},
         {pod(R"("ports":[{"name":"Web_Port","containerPort":80}])"),
          "spec.containers[0].ports[0].name: Invalid value: \"Web_Port\": " + charset_rule},
         {pod(R"("ports":[{"name":"a-name-of-20-letters","containerPort":80}])"),
          "spec.containers[0].ports[0].name: Invalid value: \"a-name-of-20-letters\": must be no "
          "more than 15 characters"},
         {pod(R"("ports":[{"name":"80","containerPort":80}])"),
          "spec.containers[0].ports[0].name: Invalid value: \"80\": must contain at least one "
          "letter (a-z)"},
         {pod(R"("ports":[{"name":"a--b","containerPort":80}])"),
          "spec.containers[0].ports[0].name: Invalid value: \"a--b\": must not contain "
          "consecutive hyphens"},
         {pod(R"("ports":[{"name":"a-","containerPort":80}])"),
          "spec.containers[0].ports[0].name: Invalid value: \"a-\": must not begin or end with a "
          "hyphen"},
         {pod(R"("livenessProbe":{"httpGet":{"port":"web"}})"), ""},
         {pod(R"("livenessProbe":{"httpGet":{"port":"Web"}})"),
          "spec.containers[0].livenessProbe.httpGet.port: Invalid value: \"Web\": " + charset_rule},
         {pod(R"("readinessProbe":{"tcpSocket":{"port":0}})"),
          "spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 "
          "and 65535, inclusive"}});
  check("services", {{R"({"spec":{"ports":[{"port":80,"targetPort":"http"}]}})", ""},
                     {R"({"spec":{"ports":[{"port":80,"targetPort":""}]}})", ""},
                     {R"({"spec":{"ports":[{"port":80,"targetPort":"HTTP"}]}})",
                      "spec.ports[0].targetPort: Invalid value: \"HTTP\": " + charset_rule},
                     {R"({"spec":{"ports":[{"port":80,"targetPort":70000}]}})",
                      "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and "
                      "65535, inclusive"}});
}

TEST(Rules, ServicesAndNodesFitTogether) {
  check("services",
        {{R"({"spec":{"type":"ExternalName","externalName":"db.example.org"}})", ""},
         {R"({"spec":{"type":"ExternalName"}})", "spec.externalName: Required value"},
         {R"({"spec":{"ports":[{"port":80}],"externalTrafficPolicy":"Local"}})",
          "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for "
          "externally-accessible services"},
         {R"({"spec":{"type":"NodePort","ports":[{"port":80}],"externalTrafficPolicy":"Local"}})",
          ""}});
  EXPECT_TRUE(refusal("services", R"({"spec":{"type":"ExternalName","externalName":"a_b"}})")
                  .starts_with("spec.externalName: Invalid value: \"a_b\": a lowercase RFC 1123"));
  check(
      "nodes",
      {{R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"},{"key":"a","effect":"NoExecute"}]}})",
        ""},
       {R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"},{"key":"a","value":"b","effect":"NoSchedule"}]}})",
        "spec.taints[1]: Duplicate value: "
        "{\"key\":\"a\",\"value\":\"b\",\"effect\":\"NoSchedule\"}"},
       {R"({"spec":{"taints":[{"key":"a b","effect":"NoSchedule"}]}})",
        "spec.taints[0].key: Invalid value: \"a b\": " + key_rule}});
}

TEST(Rules, NothingIsNoValue) {
  auto service = json::parse(R"({"metadata":{"name":"x"},"spec":{"type":"","sessionAffinity":"",
      "externalTrafficPolicy":"","ports":[{"port":80,"protocol":"","targetPort":0}]}})")
                     .as_object();
  ASSERT_TRUE(prepare_new(resource_of("services"), service));
  const auto& spec = service["spec"].as_object();
  EXPECT_EQ(spec.at("type"), "ClusterIP");
  EXPECT_EQ(spec.at("sessionAffinity"), "None");
  EXPECT_FALSE(spec.contains("externalTrafficPolicy"));
  EXPECT_EQ(spec.at("ports").at(0), json::parse(R"({"port":80,"protocol":"TCP","targetPort":80})"));

  auto pod_object =
      json::parse(pod(R"("terminationMessagePath":"","livenessProbe":{"exec":{"command":["x"]},
          "timeoutSeconds":0,"periodSeconds":0,"successThreshold":0,"failureThreshold":0})",
                      R"("dnsPolicy":"","restartPolicy":"","schedulerName":"",
                         "terminationGracePeriodSeconds":0)"))
          .as_object();
  pod_object["metadata"] = json::object{{"name", "x"}};
  ASSERT_TRUE(prepare_new(resource_of("pods"), pod_object));
  const auto& pod_spec = pod_object["spec"].as_object();
  EXPECT_EQ(pod_spec.at("dnsPolicy"), "ClusterFirst");
  EXPECT_EQ(pod_spec.at("restartPolicy"), "Always");
  EXPECT_EQ(pod_spec.at("schedulerName"), "default-scheduler");
  EXPECT_EQ(pod_spec.at("terminationGracePeriodSeconds"), 0) << "a pointer: 0 is a value";
  const auto& container = pod_spec.at("containers").at(0);
  EXPECT_EQ(container.at("terminationMessagePath"), "/dev/termination-log");
  const auto& probe = container.at("livenessProbe");
  EXPECT_EQ(probe.at("timeoutSeconds"), 1);
  EXPECT_EQ(probe.at("periodSeconds"), 10);
  EXPECT_EQ(probe.at("successThreshold"), 1);
  EXPECT_EQ(probe.at("failureThreshold"), 3);

  EXPECT_EQ(refusal("services", R"({"spec":{"ports":[{"port":80}],"internalTrafficPolicy":""}})"),
            "spec.internalTrafficPolicy: Unsupported value: \"\": supported values: \"Cluster\", "
            "\"Local\"");
}

}  // namespace
}  // namespace nodal::master
