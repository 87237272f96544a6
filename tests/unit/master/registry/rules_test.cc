// tests/unit/master/registry/rules_test.cc — what becomes of a new object: its defaults, and every
// word of the refusal.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/documents.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

const schema::Resource& resource_of(std::string_view plural) {
  for (const std::string_view group : {"", "apps", "networking.k8s.io"})
    if (const auto* found = schema::find_resource(group, "v1", plural)) return *found;
  throw std::invalid_argument(std::string(plural));
}

// All that is wrong with a new object, a line each; "" when it may be.
std::string refusal(std::string_view plural, std::string_view text) {
  auto object = json::parse(text).as_object();
  object["metadata"] = json::object{{"name", "x"}, {"namespace", "default"}};
  const auto prepared = prepare_new(resource_of(plural), object);
  if (prepared) return "";
  std::string out;
  for (const auto& cause : prepared.error().causes)
    out += text::cat(out.empty() ? "" : "\n", cause.field, ": ", cause.message);
  return out;
}

std::string pod(std::string_view container, std::string_view spec = "") {
  return text::cat(R"({"spec":{"containers":[{"name":"c","image":"i:1")",
                   container.empty() ? "" : ",", container, "}]", spec.empty() ? "" : ",", spec,
                   "}}");
}

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

struct Case {
  std::string object;
  const char* refusal;
};

void check(std::string_view plural, const std::vector<Case>& cases) {
  for (const auto& c : cases) EXPECT_EQ(refusal(plural, c.object), c.refusal) << c.object;
}

#define LABEL                                                                                 \
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " \
  "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "          \
  "'my_value',  or '12345', regex used for validation is "                                    \
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
#define KEY                                                                               \
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start "   \
  "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', " \
  "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define CHARSET "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"

TEST(Rules, LabelsOfATemplateAreLabels) {
  check("deployments",
        {{rollout(""), ""},
         {deployment(R"({"app":"a b"})", R"({"matchLabels":{"app":"a b"}})"),
          "spec.selector.matchLabels: Invalid value: \"a b\": " LABEL
          "\nspec.template.labels: Invalid value: \"a b\": " LABEL},
         {deployment(R"({"app":"a","b c":""})", R"({"matchLabels":{"app":"a"}})"),
          "spec.template.labels: Invalid value: \"b c\": " KEY},
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
          "spec.template.spec.nodeSelector: Invalid value: \"s s d\": " LABEL},
         {deployment(R"({"app":"a"})", R"({"matchLabels":{"app":"a"}})", "",
                     R"("activeDeadlineSeconds":5)"),
          "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in "
          "ReplicaSet is not Supported"}});
  check("replicasets", {{deployment(R"({"app":"-"})", R"({"matchLabels":{"app":"-"}})"),
                         "spec.selector.matchLabels: Invalid value: \"-\": " LABEL
                         "\nspec.template.labels: Invalid value: \"-\": " LABEL}});
  check("services", {{R"({"spec":{"ports":[{"port":80}],"selector":{"app":"a/b"}}})",
                      "spec.selector: Invalid value: \"a/b\": " LABEL}});
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
          "spec.containers[0].ports[0].name: Invalid value: \"Web_Port\": " CHARSET},
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
          "spec.containers[0].livenessProbe.httpGet.port: Invalid value: \"Web\": " CHARSET},
         {pod(R"("readinessProbe":{"tcpSocket":{"port":0}})"),
          "spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 "
          "and 65535, inclusive"}});
  check("services", {{R"({"spec":{"ports":[{"port":80,"targetPort":"http"}]}})", ""},
                     {R"({"spec":{"ports":[{"port":80,"targetPort":""}]}})", ""},
                     {R"({"spec":{"ports":[{"port":80,"targetPort":"HTTP"}]}})",
                      "spec.ports[0].targetPort: Invalid value: \"HTTP\": " CHARSET},
                     {R"({"spec":{"ports":[{"port":80,"targetPort":70000}]}})",
                      "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and "
                      "65535, inclusive"}});
}

TEST(Rules, APodSaysWhereItMayRun) {
  check(
      "pods",
      {{pod("", R"("tolerations":[{"operator":"Exists"},{"key":"a","effect":"NoSchedule"}])"), ""},
       {pod("", R"("tolerations":[{"value":"x"}])"),
        "spec.tolerations[0].operator: Invalid value: \"\": operator must be Exists when `key` is "
        "empty, which means \"match all values and all keys\""},
       {pod("", R"("tolerations":[{"key":"a","tolerationSeconds":3}])"),
        "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when "
        "`tolerationSeconds` is set"},
       {pod("", R"("tolerations":[{"key":"a","operator":"Exists","value":"b"}])"),
        "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` "
        "is 'Exists'"},
       {pod("",
            R"("affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
                {"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Gt"}]}]}}})"),
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
        "nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified single "
        "value when `operator` is 'Lt' or 'Gt'"},
       {pod("",
            R"("affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[
                {"weight":0,"podAffinityTerm":{"topologyKey":"kubernetes.io/hostname",
                 "labelSelector":{"matchLabels":{"a":"b c"}}}}]}})"),
        "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: "
        "Invalid value: 0: must be in the range 1-100\n"
        "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
        "podAffinityTerm.labelSelector.matchLabels: Invalid value: \"b c\": " LABEL},
       {pod("", R"("schedulingGates":[{"name":"example.com/a b"}])"),
        "spec.schedulingGates[0]: Invalid value: \"example.com/a b\": " KEY}});
}

TEST(Rules, ProfilesAreBelowTheNodesFolder) {
  check(
      "pods",
      {{pod(R"("securityContext":{"seccompProfile":{"type":"RuntimeDefault"}})"), ""},
       {pod("",
            R"("securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"a/b.json"}})"),
        ""},
       {pod("", R"("securityContext":{"seccompProfile":{"type":"Localhost"}})"),
        "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when "
        "seccomp type is Localhost"},
       {pod(R"("securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"/etc/x"}})"),
        "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: "
        "\"/etc/x\": must be a relative path"},
       {pod(R"("securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"../x"}})"),
        "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: "
        "\"../x\": must not contain '..'"},
       {pod(R"("securityContext":{"seccompProfile":{"type":"Unconfined","localhostProfile":"x"}})"),
        "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: "
        "\"x\": can only be set when seccomp type is Localhost"},
       {pod(R"("securityContext":{"appArmorProfile":{"type":"Localhost"}})"),
        "spec.containers[0].securityContext.appArmorProfile.localhostProfile: Required value: "
        "must be set when AppArmor type is Localhost"},
       {pod(R"("securityContext":{"privileged":true,"allowPrivilegeEscalation":false})"),
        "spec.containers[0].securityContext: Invalid value: "
        "{\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set "
        "`allowPrivilegeEscalation` to false and `privileged` to true"}});
}

TEST(Rules, ContainersAskForWhatThereIs) {
  const auto spec = [](std::string_view members) {
    return text::cat(R"({"spec":{"containers":[{"name":"c","image":"i"}],)", members, "}}");
  };
  check(
      "pods",
      {{pod(R"("resources":{"limits":{"cpu":"1","memory":"1Gi","example.com/gpu":"1","hugepages-2Mi":"4Mi"}})"),
        ""},
       {pod(R"("resources":{"limits":{"cpus":"1"}})"),
        "spec.containers[0].resources.limits[cpus]: Invalid value: \"cpus\": must be a standard "
        "resource type or fully qualified\n"
        "spec.containers[0].resources.requests[cpus]: Invalid value: \"cpus\": must be a "
        "standard resource type or fully qualified"},
       {spec(
            R"("initContainers":[{"name":"a","image":"i","readinessProbe":{"exec":{"command":["x"]}}}])"),
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers "
        "without restartPolicy=Always"},
       {spec(
            R"("initContainers":[{"name":"a","image":"i","restartPolicy":"Always","readinessProbe":{"exec":{"command":["x"]}}}])"),
        ""},
       {R"({"spec":{"containers":[{"name":"c","image":" i"}]}})",
        "spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing "
        "whitespace"}});
}

TEST(Rules, VariablesComeFromSomewhere) {
  const auto from = [](std::string_view source) {
    return pod(text::cat(R"("env":[{"name":"A","valueFrom":{)", source, "}}]"));
  };
  check(
      "pods",
      {{from(R"("fieldRef":{"fieldPath":"status.podIP"})"), ""},
       {from(R"("fieldRef":{"fieldPath":"metadata.labels['app.kubernetes.io/name']"})"), ""},
       {from(R"("fieldRef":{"fieldPath":"metadata.foo"})"),
        "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "
        "\"metadata.foo\": error converting fieldPath: field label not supported: metadata.foo"},
       {from(R"("fieldRef":{"fieldPath":"status.phase"})"),
        "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "
        "\"status.phase\": supported values: \"metadata.name\", \"metadata.namespace\", "
        "\"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", "
        "\"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\""},
       {from(R"("fieldRef":{"fieldPath":"metadata.labels['a b']"})"),
        "spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"a b\": " KEY},
       {from(R"("resourceFieldRef":{"resource":"limits.cpu"})"), ""},
       {from(R"("resourceFieldRef":{"resource":"cpu"})"),
        "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "
        "\"cpu\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", "
        "\"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", "
        "\"requests.memory\""},
       {from(R"("configMapKeyRef":{"name":"m","key":"a/b"})"),
        "spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Invalid value: \"a/b\": a "
        "valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
        "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
        "'[-._a-zA-Z0-9]+')"},
       {pod(R"("envFrom":[{"configMapRef":{"name":"m"}},{"prefix":"A_","secretRef":{"name":"s"}}])"),
        ""},
       {pod(R"("envFrom":[{"configMapRef":{}}])"),
        "spec.containers[0].envFrom[0].configMapRef.name: Required value"},
       {pod(R"("envFrom":[{"prefix":"A"}])"),
        "spec.containers[0].envFrom[0]: Invalid value: \"\": must specify one of: "
        "`configMapRef` or `secretRef`"}});
}

TEST(Rules, VolumesSayWhatTheyNeed) {
  check(
      "pods",
      {{pod("", R"("volumes":[{"name":"v","configMap":{}}])"),
        "spec.volumes[0].configMap.name: Required value"},
       {pod("", R"("volumes":[{"name":"v","secret":{}}])"),
        "spec.volumes[0].secret.secretName: Required value"},
       {pod("",
            R"("volumes":[{"name":"v","downwardAPI":{"items":[{"path":"a","fieldRef":{"fieldPath":"metadata.labels"}}]}}])"),
        ""},
       {pod("",
            R"("volumes":[{"name":"v","downwardAPI":{"items":[{"path":"a","fieldRef":{"fieldPath":"spec.nodeName"}}]}}])"),
        "spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: Unsupported value: "
        "\"spec.nodeName\": supported values: \"metadata.annotations\", \"metadata.labels\", "
        "\"metadata.name\", \"metadata.namespace\", \"metadata.uid\""},
       {pod("",
            R"("volumes":[{"name":"v","projected":{"sources":[{"downwardAPI":{"items":[{"path":"a"}]}}]}}])"),
        "spec.volumes[0].projected.sources[0].downwardAPI.items[0]: Required value: one of "
        "fieldRef and resourceFieldRef is required"},
       {pod("", R"("volumes":[{"name":"v","emptyDir":{"sizeLimit":"-1"}}])"),
        "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource "
        "quantity"},
       {pod(R"("volumeMounts":[{"name":"v","mountPath":"/v","mountPropagation":"Bidirectional"}])",
            R"("volumes":[{"name":"v","emptyDir":{}}])"),
        "spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount "
        "propagation is available only to privileged containers"}});
  check("configmaps", {{R"({"data":{"a":"x"},"binaryData":{"b":"eA=="}})", ""},
                       {R"({"data":{"a":"x"},"binaryData":{"a":"eA=="}})",
                        "data[a]: Invalid value: \"a\": duplicate of key present in binaryData"}});
}

TEST(Rules, ProbesCanBeMade) {
  const auto live = [](std::string_view members) {
    return pod(text::cat(R"("livenessProbe":{)", members, "}"));
  };
  check(
      "pods",
      {{live(
            R"("httpGet":{"port":80,"httpHeaders":[{"name":"X-A","value":"b"}]},"terminationGracePeriodSeconds":1)"),
        ""},
       {live(R"("httpGet":{"port":80,"httpHeaders":[{"name":"X A","value":"b"}]})"),
        "spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: \"X A\": a valid "
        "HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex "
        "used for validation is '[-A-Za-z0-9]+')"},
       {live(R"("grpc":{"port":70000})"),
        "spec.containers[0].livenessProbe.grpc.port: Invalid value: 70000: must be between 1 and "
        "65535, inclusive"},
       {live(R"("exec":{"command":["x"]},"terminationGracePeriodSeconds":0)"),
        "spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must "
        "be greater than 0"},
       {pod(R"("readinessProbe":{"exec":{"command":["x"]},"terminationGracePeriodSeconds":3})"),
        "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: must "
        "not be set for readinessProbes"},
       {pod(R"("ports":[{"containerPort":80,"hostPort":-1}])"),
        "spec.containers[0].ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, "
        "inclusive"},
       {pod("", R"("volumes":[{"name":"v","secret":{"secretName":"s","defaultMode":512}}])"),
        "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and "
        "0777 (octal), both inclusive"},
       {pod("",
            R"("volumes":[{"name":"v","configMap":{"name":"m","items":[{"key":"k","path":"p","mode":-1}]}}])"),
        "spec.volumes[0].configMap.items[0].mode: Invalid value: -1: must be a number between 0 "
        "and 0777 (octal), both inclusive"}});
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
        "spec.taints[0].key: Invalid value: \"a b\": " KEY}});
}

TEST(Rules, ResolversCanBeAsked) {
  check(
      "pods",
      {{pod("",
            R"("dnsPolicy":"None","dnsConfig":{"nameservers":["1.1.1.1"],"searches":["a_b.example.","."],"options":[{"name":"ndots","value":"2"}]})"),
        ""},
       {pod("", R"("dnsPolicy":"None")"),
        "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"},
       {pod("", R"("dnsPolicy":"None","dnsConfig":{})"),
        "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver "
        "when `dnsPolicy` is None"},
       {pod("", R"("dnsConfig":{"nameservers":["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]})"),
        "spec.dnsConfig.nameservers: Invalid value: "
        "[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\"]: must not have more than 3 "
        "nameservers"},
       {pod("", R"("dnsConfig":{"options":[{"value":"2"}]})"),
        "spec.dnsConfig.options[0]: Required value: must not be empty"},
       {pod("", R"("readinessGates":[{"conditionType":"a b"}])"),
        "spec.readinessGates[0].conditionType: Invalid value: \"a b\": " KEY}});
  EXPECT_NE(refusal("pods", pod("", "\"dnsConfig\":{\"searches\":[\"a\\nnameserver 6.6.6.6\"]}")),
            "")
      << "no line of its own in the pod's resolv.conf";
  EXPECT_NE(
      refusal("pods", pod("", "\"hostAliases\":[{\"ip\":\"10.0.0.1\",\"hostnames\":[\"a\\n\"]}]")),
      "");
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
