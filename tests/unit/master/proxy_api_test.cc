// tests/unit/master/proxy_api_test.cc — where a proxied request goes, and who may send it.
#include <latch>
#include <thread>

#include "tests/support/served_api.h"

namespace nodal::master {
namespace {

constexpr const char* kCore = "/api/v1/namespaces/default/";

std::string asked;  // by the last request

ApiParts with_backends() {
  ApiParts parts;
  parts.call_backend = [](const ApiParts::Backend& backend, const http::Request& request,
                          const std::function<void(const http::Response&)>& head,
                          const std::function<bool(std::string_view)>& sink,
                          std::stop_token) -> Result<> {
    asked = text::cat(request.method, " ", backend.scheme, "://", backend.host, ":", backend.port,
                      request.target, " ", request.body, backend.is_agent ? "agent" : "");
    if (request.target == "/nobody") return fail(Errc::unavailable, "connect: refused");
    http::Response answer;
    answer.status = 418;
    answer.headers = {{"Content-Type", "text/plain"}, {"Content-Length", "15"}};
    head(answer);
    sink("short and stout");
    return {};
  };
  parts.upgrade_backend = [](const ApiParts::Backend&, const http::Request&,
                             std::stop_token) -> Result<http::Upgraded> {
    return fail(Errc::unavailable, "no");
  };
  return parts;
}

class ProxyApi : public ServedApi {
 protected:
  explicit ProxyApi(ApiParts parts = with_backends()) : ServedApi(std::move(parts)) {
    make("serviceaccounts", R"({"metadata":{"name":"default"}})");
    make("pods", R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i",
                     "ports":[{"name":"web","containerPort":8080}]}]}})");
    make("services", R"({"metadata":{"name":"s"},"spec":{"clusterIP":"None",
                         "ports":[{"name":"web","port":81,"targetPort":8080}]}})");
    call("POST", "/api/v1/nodes", R"({"metadata":{"name":"n"},"status":{
           "addresses":[{"type":"InternalIP","address":"192.0.2.7"}],
           "daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}})");
  }
  void make(std::string_view what, std::string_view body) {
    const auto made = call("POST", text::cat(kCore, what), body);
    EXPECT_EQ(made.status, 201) << made.message();
  }
  void put_pod_at(std::string_view address, std::string_view phase = "Running") {
    const auto put = call("PATCH", text::cat(kCore, "pods/p/status"),
                          text::cat(R"({"status":{"phase":")", phase, R"(","podIP":")", address,
                                    R"(","podIPs":[{"ip":")", address, R"("}]}})"),
                          {{"Content-Type", "application/merge-patch+json"}});
    EXPECT_EQ(put.status, 200) << put.message();
  }
  // Where a request went, or why it did not.
  std::string gone(std::string_view method, std::string_view path, std::string_view body = "",
                   http::Headers headers = {}) {
    asked.clear();
    const auto reply = call(method, path, body, std::move(headers));
    return asked.empty() ? text::cat(reply.status, " ", reply.message()) : asked;
  }
  std::string pod(std::string_view rest, std::string_view method = "GET") {
    return gone(method, text::cat(kCore, "pods/", rest));
  }
};

TEST_F(ProxyApi, APodIsAskedAtItsAddress) {
  EXPECT_EQ(pod("p/proxy/"), "503 pod \"p\" is not running");
  put_pod_at("10.244.0.5");
  EXPECT_EQ(pod("p/proxy/a%2Fb?watch=1"), "GET http://10.244.0.5:8080/a%2Fb?watch=1 ");
  EXPECT_EQ(pod("p:web/proxy/"), "GET http://10.244.0.5:8080/ ");
  EXPECT_EQ(pod("https:p:9443/proxy/x", "DELETE"), "DELETE https://10.244.0.5:9443/x ");
  EXPECT_EQ(gone("POST", text::cat(kCore, "pods/p/proxy/form?dryRun=x&fieldManager=%0a"), "field",
                 {{"Accept", "text/html"}, {"Content-Type", "text/plain"}}),
            "POST http://10.244.0.5:8080/form?dryRun=x&fieldManager=%0a field");
  EXPECT_EQ(pod("p:other/proxy/"), "400 pod \"p\" has no port \"other\"");
  EXPECT_EQ(pod("ftp:p:1/proxy/"), "400 invalid pod request \"ftp:p:1\"");
  EXPECT_EQ(pod("q/proxy/"), "404 pods \"q\" not found");
  EXPECT_EQ(pod("p/proxy"), "301 ");
  EXPECT_EQ(call("GET", text::cat(kCore, "pods/p/proxy/")).status, 418);
  const auto nobody = call("GET", text::cat(kCore, "pods/p/proxy/nobody"));
  EXPECT_EQ(nobody.status, 503);
  EXPECT_EQ(nobody.message(), "error trying to reach service: connect: refused");
  // Its address may be another's by now.
  put_pod_at("10.244.0.5", "Succeeded");
  EXPECT_EQ(pod("p/proxy/"), "503 pod \"p\" is not running");
}

TEST_F(ProxyApi, AServiceIsAskedAtAnEndpoint) {
  const auto service = [&](std::string_view rest) {
    return gone("GET", text::cat(kCore, "services/", rest));
  };
  EXPECT_EQ(service("s:web/proxy/"), "503 no endpoints available for service \"s\"");
  make("endpoints", R"({"metadata":{"name":"s"},"subsets":[{"ports":[{"name":"web","port":8080}],
         "addresses":[{"ip":"10.244.0.5"}],"notReadyAddresses":[{"ip":"10.244.0.6"}]}]})");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(service("s:web/proxy/x"), "GET http://10.244.0.5:8080/x ");
  EXPECT_EQ(service("https:s:81/proxy/"), "GET https://10.244.0.5:8080/ ");
  EXPECT_EQ(service("s:82/proxy/"), "503 no service port 82 found for service \"s\"");
  EXPECT_EQ(service("s/proxy/"), "503 no endpoints available for service \"s\"");
  EXPECT_EQ(service("t/proxy/"), "404 services \"t\" not found");
}

TEST_F(ProxyApi, ANodeIsAskedThroughItsAgent) {
  EXPECT_EQ(gone("GET", "/api/v1/nodes/n/proxy/healthz"),
            "GET https://192.0.2.7:10250/healthz agent");
  EXPECT_EQ(gone("GET", "/api/v1/nodes/n:10250/proxy/"), "GET https://192.0.2.7:10250/ agent");
  EXPECT_EQ(gone("GET", "/api/v1/nodes/n:9100/proxy/metrics"),
            "GET http://192.0.2.7:9100/metrics ");
  EXPECT_EQ(gone("GET", "/api/v1/nodes/n:web/proxy/"),
            "400 a node's port is a number, not \"web\"");
}

TEST_F(ProxyApi, ANodesOwnWordForItsAddressIsLookedAt) {
  // As it may have been stored before such addresses were refused in a status.
  const auto at = [&](std::string_view name, std::string_view type, std::string_view address) {
    const auto* nodes = schema::find_resource("", "v1", "nodes");
    const auto put = kv.put(
        object_key(*nodes, "", name),
        [&](Revision) {
          return text::cat(R"({"kind":"Node","apiVersion":"v1","metadata":{"name":")", name,
                           R"("},"status":{"addresses":[{"type":")", type, R"(","address":")",
                           address, R"("}]}})");
        },
        Expect::absent());
    EXPECT_TRUE(put);
    return gone("GET", text::cat("/api/v1/nodes/", name, "/proxy/healthz"));
  };
  EXPECT_EQ(at("named", "Hostname", "n"),
            "500 Internal error occurred: no preferred addresses found for node named");
  EXPECT_EQ(at("back", "InternalIP", "127.0.0.1"),
            "400 the address \"127.0.0.1\" of node back is not one that an agent can have");
  EXPECT_EQ(at("text", "ExternalIP", "localhost"),
            "400 the address \"localhost\" of node text is not one that an agent can have");
}

TEST_F(ProxyApi, OnlyKnownProtocolsAreSwitchedTo) {
  put_pod_at("10.244.0.5");
  const auto upgrade = [&](std::string_view protocol) {
    return gone("GET", text::cat(kCore, "pods/p/proxy/"), "",
                {{"Connection", "Upgrade"}, {"Upgrade", std::string(protocol)}});
  };
  EXPECT_EQ(upgrade("h2c"), "400 only websocket and SPDY/3.1 can be switched to");
  EXPECT_EQ(upgrade("websocket"), "503 error trying to reach service: no");
}

// One stream at a time, which lasts until the test ends it.
class BusyProxy : public ProxyApi {
 protected:
  static ApiParts parts() {
    ApiParts out = with_backends();
    out.streams = 1;
    out.call_backend = [](const ApiParts::Backend&, const http::Request&,
                          const std::function<void(const http::Response&)>& head,
                          const std::function<bool(std::string_view)>&,
                          std::stop_token) -> Result<> {
      begun.count_down();
      over.wait();
      head({});
      return {};
    };
    return out;
  }
  BusyProxy() : ProxyApi(parts()) {}
  static inline std::latch begun{1}, over{1};
};

TEST_F(BusyProxy, RefusesAtOnceWhatItCannotCarry) {
  put_pod_at("10.244.0.5");
  const std::string path = text::cat(kCore, "pods/p/proxy/");
  Reply first;
  std::jthread other([&] { first = call("GET", path); });
  begun.wait();
  const auto second = call("GET", path);
  over.count_down();
  other.join();
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(second.message(), "too many streams are open");
  EXPECT_EQ(first.status, 200);
}

// Reading a node's pages is not running commands on it.
class ProxyReader : public ServedApi {
 protected:
  static ApiParts parts() {
    auto out = with_backends();
    out.authorize = [](const Caller& caller,
                       const RequestInfo& info) -> std::optional<std::string> {
      if (caller.user == "reader" && info.verb != "get") return "no";
      return std::nullopt;
    };
    return out;
  }
  ProxyReader() : ServedApi(parts()) {
    call("POST", "/api/v1/nodes", R"({"metadata":{"name":"n"},"status":{
           "addresses":[{"type":"InternalIP","address":"192.0.2.7"}]}})");
  }
};

TEST_F(ProxyReader, MayNotSwitchProtocols) {
  const http::Headers upgrade{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
  EXPECT_EQ(call("GET", "/api/v1/nodes/n/proxy/pods", "", {}, "reader").status, 418);
  EXPECT_EQ(call("GET", "/api/v1/nodes/n/proxy/exec/a/b/c", "", upgrade, "reader").status, 403);
  EXPECT_EQ(call("GET", "/api/v1/nodes/n/proxy/exec/a/b/c", "", upgrade).status, 503);
  EXPECT_EQ(call("POST", "/api/v1/nodes/n/proxy/x", "", {}, "reader").status, 403);
  for (const char* stream : {"exec?command=id&stdout=1", "attach?stdout=1", "portforward"}) {
    const auto path = text::cat(kCore, "pods/p/", stream);
    EXPECT_EQ(call("GET", path, "", upgrade, "reader").status, 403) << stream;
    EXPECT_EQ(call("GET", path, "", upgrade).status, 404) << stream;
  }
}

}  // namespace
}  // namespace nodal::master
