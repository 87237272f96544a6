// tests/unit/master/registry/pod_rules_test.cc — every word of the refusal of a Pod.
#include "tests/unit/master/registry/rules.h"

namespace nodal::master {
namespace {

using namespace rules;

TEST(Rules, KernelParametersHaveNames) {
  const auto sysctls = [](std::string_view list) {
    return pod("", text::cat(R"("securityContext":{"sysctls":[)", list, "]}"));
  };
  const std::string rule =
      "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*"
      "[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
  check("pods",
        {{sysctls(R"({"name":"kernel.shm_rmid_forced","value":"1"},
                     {"name":"net/ipv4/tcp_syncookies","value":"1"},
                     {"name":"safe-and-unsafe","value":"1"})"),
          ""},
         {sysctls(R"({"name":"foo-","value":"1"},{"name":"kernel.shmmax","value":"1"},
                     {"name":"bar..","value":"1"},{"name":"A","value":"1"})"),
          "spec.securityContext.sysctls[0].name: Invalid value: \"foo-\": " + rule +
              "\nspec.securityContext.sysctls[2].name: Invalid value: \"bar..\": " + rule +
              "\nspec.securityContext.sysctls[3].name: Invalid value: \"A\": " + rule},
         {sysctls(R"({"name":"kernel.msgmax","value":"1"},{"name":"kernel/msgmax","value":"1"})"),
          "spec.securityContext.sysctls[1].name: Duplicate value: \"kernel/msgmax\""}});
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
        "podAffinityTerm.labelSelector.matchLabels: Invalid value: \"b c\": " +
            label_rule},
       {pod("", R"("schedulingGates":[{"name":"example.com/a b"}])"),
        "spec.schedulingGates[0]: Invalid value: \"example.com/a b\": " + key_rule}});
}

TEST(Rules, SomeListsHoldNothingTwice) {
  const std::string spread =
      R"({"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"})";
  check("pods",
        {{pod("", R"("schedulingGates":[{"name":"a.b/c"},{"name":"a.b/c"}])"),
          "spec.schedulingGates[1]: Duplicate value: \"a.b/c\""},
         {pod("", text::cat(R"("topologySpreadConstraints":[)", spread, ",", spread, "]")),
          "spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate value: "
          "\"{zone, DoNotSchedule}\""},
         {pod(R"("volumeMounts":[{"name":"v","mountPath":"/x"},{"name":"v","mountPath":"/x"}])",
              R"("volumes":[{"name":"v","emptyDir":{}}])"),
          "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/x\": must be unique"}});
}

TEST(Rules, MostListsMay) {
  check(
      "pods",
      {{pod(R"("env":[{"name":"A","value":"1"},{"name":"A","value":"2"}],
                 "ports":[{"name":"a","containerPort":1},{"name":"b","containerPort":1}])",
            R"("hostAliases":[{"ip":"10.0.0.1","hostnames":["a"]},{"ip":"10.0.0.1","hostnames":["b"]}],
                 "imagePullSecrets":[{"name":"s"},{"name":"s"}])"),
        ""}});
  check("serviceaccounts", {{R"({"secrets":[{"name":"s"},{"name":"s"}]})", ""}});
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
        "spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"a b\": " + key_rule},
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
        "spec.readinessGates[0].conditionType: Invalid value: \"a b\": " + key_rule}});
  EXPECT_NE(refusal("pods", pod("", "\"dnsConfig\":{\"searches\":[\"a\\nnameserver 6.6.6.6\"]}")),
            "")
      << "no line of its own in the pod's resolv.conf";
  EXPECT_NE(
      refusal("pods", pod("", "\"hostAliases\":[{\"ip\":\"10.0.0.1\",\"hostnames\":[\"a\\n\"]}]")),
      "");
}

}  // namespace
}  // namespace nodal::master
