// nodectl/cluster/layout.cc — see layout.h.
#include "nodectl/cluster/layout.h"

#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <climits>

#include "api-client/codec/codec.h"
#include "api-client/codec/names.h"
#include "base/file.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

// The fields by name, in one place for both ways.
template <class Visit>
void for_each_field(auto& settings, Visit visit) {
  visit("nodeName", settings.node_name);
  visit("listen", settings.listen);
  visit("nodeIP", settings.node_ip);
  visit("dockerSocket", settings.docker_socket);
  visit("serviceCIDR", settings.service_cidr);
  visit("clusterCIDR", settings.cluster_cidr);
  visit("clusterDNS", settings.cluster_dns);
  visit("clusterDomain", settings.cluster_domain);
  visit("addons", settings.addons);
}

}  // namespace

Result<Layout> layout() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size < 0) return fail_errno(errno, "find this program");
  std::string self(path, static_cast<std::size_t>(size));
  Layout out;
  out.programs = self.substr(0, self.rfind('/'));
  return out;
}

std::vector<std::string> addons_of(const Settings& settings) {
  std::vector<std::string> out;
  for (const auto name : text::split(settings.addons, ','))
    if (!name.empty()) out.emplace_back(name);
  return out;
}

Result<Settings> read_settings(const Layout& layout) {
  const auto document = NODAL_TRY(codec::parse(NODAL_TRY(file::read(layout.settings(), 1 << 20))));
  const auto* object = document.if_object();
  if (object == nullptr) return fail(Errc::invalid, layout.settings() + ": not a JSON object");
  Settings out;
  for_each_field(out, [&](const char* name, std::string& field) {
    if (const auto* value = object->if_contains(name); value != nullptr && value->is_string())
      field = value->get_string();
  });
  return out;
}

Result<Settings> settings_here(const Layout& layout) {
  auto settings = read_settings(layout);
  if (settings) return settings;
  if (settings.error().code == Errc::not_found)
    return fail(Errc::not_found, "no cluster on this node; `nodectl up` starts one");
  if (settings.error().code == Errc::forbidden)
    return fail(Errc::forbidden,
                "run it with sudo: what is known of this node's cluster is for root alone");
  return settings;
}

Result<> write_settings(const Layout& layout, const Settings& settings) {
  json::object object;
  for_each_field(settings,
                 [&](const char* name, const std::string& field) { object[name] = field; });
  return file::write(layout.settings(), json::serialize(object) + "\n", 0600);
}

std::string api_server(const Settings& settings) {
  auto at = net::SocketAddress::parse(settings.listen).value_or(net::SocketAddress{});
  if (at.ip.is_unspecified()) at.ip = net::IpAddress::v4(0x7f000001);
  return text::cat("https://", at.text());
}

std::string api_address(const Settings& settings) {
  const auto at = net::SocketAddress::parse(settings.listen);
  return !at || at->ip.is_unspecified() ? settings.node_ip : at->ip.text();
}

Result<> check_settings(const Settings& settings) {
  const auto invalid = [](std::string_view flag, std::string_view value, std::string_view why) {
    return fail(Errc::invalid, text::cat("--", flag, " ", value, ": ", why));
  };
  const auto range = [&](std::string_view flag, const std::string& text, int longest,
                         std::string_view example) -> Result<net::Cidr> {
    const auto cidr = net::Cidr::parse(text);
    if (!cidr || cidr->base().is_v6() || cidr->prefix_length() < 8 ||
        cidr->prefix_length() > longest)
      return invalid(
          flag, text,
          text::cat("an IPv4 range of /8 to /", longest, " is needed, such as ", example));
    return *cidr;
  };
  const auto services = NODAL_TRY(range("service-cidr", settings.service_cidr, 28, "10.96.0.0/16"));
  const auto pods = NODAL_TRY(range("cluster-cidr", settings.cluster_cidr, 24, "10.244.0.0/16"));
  if (services.overlaps(pods))
    return invalid("cluster-cidr", settings.cluster_cidr,
                   text::cat("it overlaps the Services' range ", settings.service_cidr));
  const auto dns = net::IpAddress::parse(settings.cluster_dns);
  if (!dns || !services.contains(*dns))
    return invalid(
        "cluster-dns", settings.cluster_dns,
        text::cat("an address of the Services' range ", settings.service_cidr, " is needed"));
  if (!settings.node_ip.empty()) {
    const auto ip = net::IpAddress::parse(settings.node_ip);
    if (!ip || ip->is_loopback() || ip->is_unspecified() || ip->is_multicast())
      return invalid("node-ip", settings.node_ip,
                     "an address is needed at which pods reach this node: not loopback");
    if (services.contains(*ip) || pods.contains(*ip))
      return invalid("node-ip", settings.node_ip,
                     "it lies in the range of Services or pods; give them others with "
                     "--service-cidr and --cluster-cidr");
  }
  if (!settings.node_name.empty())
    if (const auto why = names::dns_subdomain(settings.node_name); !why.empty())
      return invalid("node-name", settings.node_name, why);
  const auto listen = net::SocketAddress::parse(settings.listen);
  if (!listen || listen->port == 0)
    return invalid("listen", settings.listen,
                   "an address and port are needed, such as 0.0.0.0:6443");
  if (listen->ip.is_loopback())
    return invalid("listen", settings.listen,
                   text::cat("pods do not reach a loopback address; 0.0.0.0:", listen->port,
                             " listens on all"));
  return {};
}

Result<Settings> continue_with(const Settings& before, const Settings& wanted, bool running) {
  static const Settings kUnsaid;
  Settings out = before;
  const auto keep = [&](std::string_view flag, std::string Settings::*field) -> Result<> {
    if (wanted.*field == kUnsaid.*field || wanted.*field == before.*field) return {};
    // Where Docker listens is the host's business; the rest is what the cluster was made of.
    if (field == &Settings::docker_socket && !running) {
      out.*field = wanted.*field;
      return {};
    }
    return fail(Errc::conflict, text::cat("this node was started with --", flag, " ", before.*field,
                                          ", not ", wanted.*field,
                                          field == &Settings::docker_socket
                                              ? "; `nodectl stop` first"
                                              : "; `nodectl delete` first, to start anew"));
  };
  NODAL_TRY(keep("node-name", &Settings::node_name));
  NODAL_TRY(keep("node-ip", &Settings::node_ip));
  NODAL_TRY(keep("listen", &Settings::listen));
  NODAL_TRY(keep("docker-socket", &Settings::docker_socket));
  NODAL_TRY(keep("service-cidr", &Settings::service_cidr));
  NODAL_TRY(keep("cluster-cidr", &Settings::cluster_cidr));
  NODAL_TRY(keep("cluster-dns", &Settings::cluster_dns));
  return out;
}

}  // namespace nodal::nodectl
