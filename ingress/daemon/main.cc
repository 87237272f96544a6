// ingress/daemon/main.cc — nodal-ingress: constructs everything and waits.

#include <sys/stat.h>
#include <unistd.h>

#include "api-client/client/kubeconfig.h"
#include "api-client/client/reflector.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/memory.h"
#include "base/text.h"
#include "ingress/balancer.h"
#include "ingress/controller.h"
#include "ingress/daemon/options.h"

namespace nodal::ingress {
namespace {

// What readers of Services never look at stays out of the mirrors.
template <class T>
void trim(T& object) {
  object.metadata.managed_fields.clear();
}

Result<> make_folders(const Options& options) {
  for (const char* below : {"", "/tls", "/private", "/tmp"})
    NODAL_TRY(file::make_folders(options.folder + below, 0700));
  // The workers, who are somebody else, have temporary files in it: they may pass, not look.
  if (::chmod(options.folder.c_str(), 0711) != 0 ||
      ::chmod((options.folder + "/tmp").c_str(), 0711) != 0)
    return fail_errno(errno, text::cat("permissions of ", options.folder));
  NODAL_TRY(file::write(options.folder + "/balancer.lua", kBalancerLua, 0644));
  return file::write(options.folder + "/control.lua", kControlLua, 0644);
}

// Ingresses without a class are served; the class is for those that name one, and for people to
// see.
void ensure_class(client::Client& api, const std::string& name) {
  if (name.empty()) return;
  networking_v1::IngressClass item;
  item.metadata.name = name;
  item.metadata.annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
  item.spec.controller = kController;
  const auto made = api.create(item);
  if (!made && made.error().code != Errc::already_exists)
    log::warn("the IngressClass cannot be made", {{"name", name}, {"error", made.error().message}});
}

Result<> run(const Options& options) {
  if (::access(options.nginx.c_str(), X_OK) != 0)
    return fail(
        Errc::not_found,
        text::cat(options.nginx,
                  " is not there; install it: apt-get install nginx-light libnginx-mod-http-lua"));
  const auto api =
      std::make_shared<client::Client>(NODAL_TRY(client::connect_following(options.kubeconfig)),
                                       text::cat("nodal-ingress/", NODAL_VERSION));
  NODAL_TRY(make_folders(options));
  client::EventRecorder events(api, "nodal-ingress", "");
  client::Mirror<networking_v1::Ingress> ingresses;
  client::Mirror<networking_v1::IngressClass> classes;
  client::Mirror<core_v1::Service> services;
  client::Mirror<discovery_v1::EndpointSlice> slices;
  ControllerParts parts{.client = api,
                        .events = events,
                        .ingresses = ingresses,
                        .classes = classes,
                        .services = services,
                        .slices = slices,
                        .node_ip = options.node_ip,
                        .nginx = options.nginx,
                        .render = {}};
  parts.render.folder = options.folder;
  parts.render.user = options.user;
  parts.render.error_log = options.error_log;
  parts.render.http_port = options.http_port;
  parts.render.https_port = options.https_port;
  parts.render.ipv6 = ::access("/proc/net/if_inet6", R_OK) == 0;
  Controller controller(std::move(parts));
  classes.on_synced([&api, &options] { ensure_class(*api, options.ingress_class); });
  const client::Reflector<networking_v1::IngressClass> class_feed(
      api, classes, {.trim = trim<networking_v1::IngressClass>});
  const client::Reflector<networking_v1::Ingress> ingress_feed(
      api, ingresses, {.trim = trim<networking_v1::Ingress>});
  const client::Reflector<core_v1::Service> service_feed(api, services,
                                                         {.trim = trim<core_v1::Service>});
  const client::Reflector<discovery_v1::EndpointSlice> slice_feed(
      api, slices, {.trim = trim<discovery_v1::EndpointSlice>});
  log::info("nodal-ingress is up",
            {{"version", NODAL_VERSION}, {"kubeconfig", options.kubeconfig}});
  std::stop_source stop;
  wait_for_stop_signal(stop);
  log::info("nodal-ingress ends; nginx serves on");
  return {};
}

Result<> remove(const Options& options) {
  Nginx(options.nginx, options.folder, [] {}).stop();
  return file::remove_all(options.folder);
}

}  // namespace
}  // namespace nodal::ingress

int main(int argc, char** argv) {
  nodal::block_signals();
  nodal::raise_descriptor_limit();
  nodal::tune_memory();
  const auto parsed = nodal::ingress::parse_options(argc, argv);
  if (parsed.exit_code >= 0) return parsed.exit_code;
  const auto done = parsed.options.remove ? nodal::ingress::remove(parsed.options)
                                          : nodal::ingress::run(parsed.options);
  if (!done) {
    nodal::log::error("nodal-ingress cannot go on", {{"error", done.error().message}});
    return 1;
  }
  return 0;
}
