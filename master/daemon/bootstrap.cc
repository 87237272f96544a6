// master/daemon/bootstrap.cc — see bootstrap.h.
#include "master/daemon/bootstrap.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::master {
namespace {

Result<int> call(client::Transport& api, std::string_view method, std::string path,
                 std::string body, std::string_view type) {
  http::Request request;
  request.method = method;
  request.target = std::move(path);
  request.body = std::move(body);
  if (!type.empty()) request.headers.set("Content-Type", type);
  const auto answer = NODAL_TRY(api.send(request, {}));
  if (answer.status >= 300 && answer.status != 404)
    return fail(Errc::internal,
                text::cat(method, " ", request.target, ": ", answer.status, " ", answer.text()));
  return answer.status;
}

// Creates; what is there already gets the same content.
Result<> ensure(client::Transport& api, const std::string& collection, std::string_view name,
                const std::string& body, bool correct) {
  const std::string path = text::cat(collection, "/", name);
  const int status = NODAL_TRY(call(api, "GET", path, {}, {}));
  if (status == 404) {
    NODAL_TRY(call(api, "POST", collection, body, "application/json"));
  } else if (correct) {
    NODAL_TRY(call(api, "PATCH", path, body, "application/merge-patch+json"));
  }
  return {};
}

constexpr std::string_view kNamespaces[] = {"default", "kube-system", "kube-public",
                                            "kube-node-lease"};
constexpr std::string_view kService = "default/kubernetes";

}  // namespace

Result<> bootstrap(client::Transport& api, const net::IpAddress& service_ip,
                   const net::SocketAddress& served_at) {
  for (const auto name : kNamespaces)
    NODAL_TRY(ensure(api, "/api/v1/namespaces", name,
                     text::cat(R"({"metadata":{"name":")", name, "\"}}"), false));
  NODAL_TRY(ensure(
      api, "/api/v1/namespaces/default/services", "kubernetes",
      text::cat(
          R"({"metadata":{"name":"kubernetes","labels":{"component":"apiserver","provider":"kubernetes"}},)",
          R"("spec":{"clusterIP":")", service_ip.text(),
          R"(","ports":[{"name":"https","port":443,"protocol":"TCP","targetPort":)", served_at.port,
          "}]}}"),
      true));
  // A loopback address may not be an endpoint: pods could not reach it, and proxies refuse it
  // (SECURITY 3).
  if (served_at.ip.is_loopback()) return {};
  const std::string port =
      text::cat(R"("ports":[{"name":"https","port":)", served_at.port, R"(,"protocol":"TCP"}])");
  NODAL_TRY(ensure(
      api, "/api/v1/namespaces/default/endpoints", "kubernetes",
      text::cat(
          R"({"metadata":{"name":"kubernetes","labels":{"endpointslice.kubernetes.io/skip-mirror":"true"}},)",
          R"("subsets":[{"addresses":[{"ip":")", served_at.ip.text(), "\"}],", port, "}]}"),
      true));
  return ensure(
      api, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "kubernetes",
      text::cat(
          R"({"metadata":{"name":"kubernetes","labels":{"kubernetes.io/service-name":"kubernetes"}},)",
          R"("addressType":"IPv4","endpoints":[{"addresses":[")", served_at.ip.text(),
          R"("],"conditions":{"ready":true}}],)", port, "}"),
      true);
}

BootstrapKeeper::BootstrapKeeper(controllers::Context context, client::Transport& api,
                                 net::IpAddress service_ip, net::SocketAddress served_at)
    : Controller("bootstrap", std::move(context)),
      api_(api),
      service_ip_(service_ip),
      served_at_(served_at) {
  const auto follow = [this]<class T>(client::Mirror<T>& mirror) {
    mirror.on_change([this](const client::Change<T>& change) {
      if (change.key == kService) wake(kService);
    });
  };
  follow(context_.mirrors.services);
  follow(context_.mirrors.endpoints);
  follow(context_.mirrors.slices);
  context_.mirrors.namespaces.on_change([this](const client::Change<core_v1::Namespace>& change) {
    if (!change.after && std::ranges::find(kNamespaces, change.key) != std::end(kNamespaces))
      wake(kService);
  });
}

Result<Again> BootstrapKeeper::reconcile(const std::string& /*key*/) {
  NODAL_TRY(bootstrap(api_, service_ip_, served_at_));
  return Again{};
}

}  // namespace nodal::master
