// tests/unit/master/strategy_test.cc — what the kinds' own rules refuse, and in which words.
#include "master/registry/strategy.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api-client/codec/schema.h"
#include "base/text.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

struct Case {
  const char* name;
  const char* object;
  const char* error;  // "field: message"; "" for none
};

std::string first_error(const schema::Resource& resource, const char* text, bool status = false) {
  const auto object = json::parse(text).as_object();
  FieldErrors errors;
  const auto& strategy = strategy_for(resource);
  const auto rule = status ? strategy.validate_status : strategy.validate;
  EXPECT_NE(rule, nullptr);
  if (rule) rule(object, errors);
  return errors.empty() ? "" : text::cat(errors[0].field, ": ", errors[0].message);
}

void check(const char* group, const char* plural, const std::vector<Case>& cases,
           bool status = false) {
  const auto* resource = schema::find_resource(group, "v1", plural);
  ASSERT_NE(resource, nullptr);
  for (const auto& c : cases)
    EXPECT_EQ(first_error(*resource, c.object, status), c.error) << c.name;
}

// One container with further members.
std::string pod(std::string_view container, std::string_view spec = "") {
  return text::cat(R"({"spec":{"containers":[{"name":"c","image":"i:1")",
                   container.empty() ? "" : ",", container, "}]", spec.empty() ? "" : ",", spec,
                   "}}");
}

TEST(Strategy, PodsSayWhatIsWrongWithThem) {
  const struct {
    std::string object;
    const char* error;
  } cases[] = {
      {pod(""), ""},
      {R"({"spec":{"containers":[]}})", "spec.containers: Required value"},
      {R"({"spec":{"containers":[{"name":"c"}]}})", "spec.containers[0].image: Required value"},
      {R"({"spec":{"containers":[{"name":"c","image":"i"},{"name":"c","image":"i"}]}})",
       "spec.containers[1].name: Duplicate value: \"c\""},
      {pod(R"("volumeMounts":[{"name":"v","mountPath":"/x"}])"),
       "spec.containers[0].volumeMounts[0].name: Not found: \"v\""},
      {pod(R"("volumeMounts":[{"name":"v","mountPath":"/x","subPath":"../etc"}])",
           R"("volumes":[{"name":"v","emptyDir":{}}])"),
       "spec.containers[0].volumeMounts[0].subPath: Invalid value: \"../etc\": must not contain "
       "'..'"},
      {pod(R"("volumeMounts":[{"name":"v","mountPath":"/x","subPath":"/etc"}])",
           R"("volumes":[{"name":"v","emptyDir":{}}])"),
       "spec.containers[0].volumeMounts[0].subPath: Invalid value: \"/etc\": must be a relative "
       "path"},
      {pod(R"("volumeMounts":[{"name":"v","mountPath":"/x"},{"name":"v","mountPath":"/x"}])",
           R"("volumes":[{"name":"v","emptyDir":{}}])"),
       "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/x\": must be unique"},
      {pod("", R"("volumes":[{"name":"v","emptyDir":{}},{"name":"v","emptyDir":{}}])"),
       "spec.volumes[1].name: Duplicate value: \"v\""},
      {pod("", R"("volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/x"}}])"),
       "spec.volumes[0]: Forbidden: may not specify more than 1 volume type"},
      {pod("", R"("volumes":[{"name":"v","hostPath":{"path":"/var/../etc"}}])"),
       "spec.volumes[0].hostPath.path: Invalid value: \"/var/../etc\": must not contain '..'"},
      {pod("",
           R"("volumes":[{"name":"v","configMap":{"name":"m","items":[{"key":"k","path":"a/../../b"}]}}])"),
       "spec.volumes[0].configMap.items[0].path: Invalid value: \"a/../../b\": must not contain "
       "'..'"},
      {pod("",
           R"("volumes":[{"name":"v","secret":{"secretName":"s","items":[{"key":"k","path":"/b"}]}}])"),
       "spec.volumes[0].secret.items[0].path: Invalid value: \"/b\": must be a relative path"},
      {pod(R"("env":[{"name":""}])"), "spec.containers[0].env[0].name: Required value"},
      {pod(R"("env":[{"name":"A","value":"x","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}])"),
       "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when "
       "`value` is not empty"},
      {pod(R"("env":[{"name":"A","valueFrom":{}}])"),
       "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, "
       "`resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"},
      {pod(R"("livenessProbe":{"periodSeconds":1})"),
       "spec.containers[0].livenessProbe: Required value: must specify a handler type"},
      {pod(R"("livenessProbe":{"exec":{"command":["true"]},"tcpSocket":{"port":1}})"),
       "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler "
       "type"},
      {pod(R"("readinessProbe":{"httpGet":{"port":70000}})"),
       "spec.containers[0].readinessProbe.httpGet.port: Invalid value: 70000: must be between 1 "
       "and 65535, inclusive"},
      {pod(R"("livenessProbe":{"tcpSocket":{"port":1},"successThreshold":2})"),
       "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"},
      {pod(R"("resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}})"),
       "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to "
       "cpu limit of 1"},
      {pod(R"("resources":{"requests":{"memory":"-1"}})"),
       "spec.containers[0].resources.requests[memory]: Invalid value: \"-1\": must be greater than "
       "or equal to 0"},
      {pod(R"("ports":[{"name":"a","containerPort":1},{"name":"a","containerPort":2}])"),
       "spec.containers[0].ports[1].name: Duplicate value: \"a\""},
      {pod(R"("ports":[{"containerPort":80,"hostPort":81}])", R"("hostNetwork":true)"),
       "spec.containers[0].ports[0].containerPort: Invalid value: 80: must match `hostPort` when "
       "`hostNetwork` is true"},
      {pod("", R"("terminationGracePeriodSeconds":-1)"),
       "spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0"},
  };
  const auto* resource = schema::find_resource("", "v1", "pods");
  for (const auto& c : cases)
    EXPECT_EQ(first_error(*resource, c.object.c_str()), c.error) << c.object;
}

TEST(Strategy, ServicesTakeOverNobodysAddress) {
  check("", "services",
        {{"plain", R"({"spec":{"type":"ClusterIP","ports":[{"port":80}]}})", ""},
         {"external", R"({"spec":{"ports":[{"port":80}],"externalIPs":["8.8.8.8"]}})",
          "spec.externalIPs: Forbidden: externalIPs are not served here; use type NodePort or an "
          "Ingress"}});
  check("", "services",
        {{"balancer", R"({"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}})", ""},
         {"loopback", R"({"status":{"loadBalancer":{"ingress":[{"ip":"127.0.0.1"}]}}})",
          "status.loadBalancer.ingress[0].ip: Invalid value: \"127.0.0.1\": may not be in the "
          "loopback range "
          "(127.0.0.0/8, ::1/128)"}},
        true);
}

TEST(Strategy, EndpointsLeadToNoNodesOwnServices) {
  check("discovery.k8s.io", "endpointslices",
        {{"good", R"({"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]}]})", ""},
         {"loopback", R"({"addressType":"IPv4","endpoints":[{"addresses":["127.0.0.1"]}]})",
          "endpoints[0].addresses[0]: Invalid value: \"127.0.0.1\": may not be in the loopback "
          "range (127.0.0.0/8, ::1/128)"},
         {"link-local", R"({"addressType":"IPv4","endpoints":[{"addresses":["169.254.169.254"]}]})",
          "endpoints[0].addresses[0]: Invalid value: \"169.254.169.254\": may not be in the "
          "link-local range "
          "(169.254.0.0/16, fe80::/10)"},
         {"other family", R"({"addressType":"IPv6","endpoints":[{"addresses":["10.0.0.1"]}]})",
          "endpoints[0].addresses[0]: Invalid value: \"10.0.0.1\": must be a valid IPv6 address"},
         {"mapped", R"({"addressType":"IPv6","endpoints":[{"addresses":["::ffff:127.0.0.1"]}]})",
          "endpoints[0].addresses[0]: Invalid value: \"::ffff:127.0.0.1\": must not be an "
          "IPv4-mapped IPv6 address"},
         {"no address", R"({"addressType":"IPv4","endpoints":[{"addresses":[]}]})",
          "endpoints[0].addresses: Required value: must contain at least 1 item"},
         {"names", R"({"addressType":"FQDN","endpoints":[{"addresses":["example.org"]}]})", ""}});
  check("", "endpoints",
        {{"unspecified", R"({"subsets":[{"addresses":[{"ip":"0.0.0.0"}]}]})",
          "subsets[0].addresses[0].ip: Invalid value: \"0.0.0.0\": may not be unspecified (0.0.0.0 "
          "or ::)"}});
}

// One rule of host a.example with this path.
std::string ingress(std::string_view path) {
  return text::cat(R"({"spec":{"rules":[{"host":"a.example","http":{"paths":[)", path, "]}}]}}");
}

TEST(Strategy, IngressesCanBeServed) {
  const std::string to = R"("backend":{"service":{"name":"s","port":{"number":80}}})";
  const auto with_backend = [](std::string_view backend) {
    return ingress(text::cat(R"({"path":"/","pathType":"Prefix","backend":)", backend, "}"));
  };
  const auto with_host = [](std::string_view host) {
    return text::cat(R"({"spec":{"rules":[{"host":")", host, R"("}]}})");
  };
  const std::string at = "spec.rules[0].http.paths[0]";
  const struct {
    std::string object, error;
  } cases[] = {
      {ingress(R"({"path":"/","pathType":"Prefix",)" + to + "}"), ""},
      {ingress(R"({"pathType":"ImplementationSpecific",)" + to + "}"), ""},
      {R"({"spec":{}})",
       "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"},
      {ingress(R"({"path":"/",)" + to + "}"),
       at + ".pathType: Required value: pathType must be specified"},
      {ingress(R"({"path":"x","pathType":"Prefix",)" + to + "}"),
       at + ".path: Invalid value: \"x\": must be an absolute path"},
      {ingress(R"({"pathType":"Exact",)" + to + "}"),
       at + ".path: Invalid value: \"\": must be an absolute path"},
      {ingress(R"({"path":"/a//b","pathType":"Exact",)" + to + "}"),
       at + ".path: Invalid value: \"/a//b\": must not contain '//'"},
      {ingress(R"({"path":"/a/..","pathType":"Prefix",)" + to + "}"),
       at + ".path: Invalid value: \"/a/..\": cannot end with '/..'"},
      {with_backend("{}"),
       at + ".backend: Invalid value: \"\": resource or service backend is required"},
      {with_backend(R"({"service":{"name":"s"}})"),
       at + ".backend: Required value: port name or number is required"},
      {with_backend(R"({"service":{"name":"s","port":{"name":"a","number":1}}})"),
       at + ".backend: Invalid value: \"\": cannot set both port name & port number"},
      {with_backend(R"({"service":{"name":"s","port":{"name":"a--b"}}})"),
       at + ".backend.service.port.name: Invalid value: \"a--b\": must not contain consecutive "
            "hyphens"},
      {with_backend(R"({"service":{"name":"s","port":{"number":70000}}})"),
       at + ".backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, "
            "inclusive"},
      {with_host("*.example"), ""},
      {with_host("10.0.0.1"),
       "spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"},
  };
  const auto* resource = schema::find_resource("networking.k8s.io", "v1", "ingresses");
  for (const auto& c : cases)
    EXPECT_EQ(first_error(*resource, c.object.c_str()), c.error) << c.object;
  EXPECT_TRUE(first_error(*resource, with_host("a.*.example").c_str())
                  .starts_with("spec.rules[0].host: Invalid value: \"a.*.example\": a wildcard "));
}

TEST(Strategy, IngressClassesNameAController) {
  check("networking.k8s.io", "ingressclasses",
        {{"good", R"({"spec":{"controller":"example.com/ingress"}})", ""},
         {"none", R"({"spec":{}})", "spec.controller: Required value"},
         {"no path", R"({"spec":{"controller":"nginx"}})",
          "spec.controller: Invalid value: \"nginx\": must be a domain-prefixed path (such as "
          "\"acme.io/foo\")"},
         {"namespace", R"({"spec":{"controller":"e.x/y","parameters":{"namespace":"n"}}})",
          "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"}});
}

TEST(Strategy, ANodeIsReachedAtNoLoopback) {
  check(
      "", "nodes",
      {{"good",
        R"({"status":{"addresses":[{"type":"InternalIP","address":"192.0.2.1"},{"type":"Hostname","address":"n"}]}})",
        ""},
       {"loopback", R"({"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}]}})",
        "status.addresses[0].address: Invalid value: \"127.0.0.1\": may not be in the loopback "
        "range (127.0.0.0/8, ::1/128)"}},
      true);
}

}  // namespace
}  // namespace nodal::master
