// cni/result.cc — results, errors and versions as JSON.
// @source CNI specification 1.1.0, section 5
#include "cni/result.h"

#include <boost/json.hpp>
#include <cstdio>

#include "base/text.h"

namespace nodal::cni {
namespace {

using boost::json::array;
using boost::json::object;

}  // namespace

std::string mac_text(const netlink::Mac& mac) {
  char out[18];
  std::snprintf(out, sizeof out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                mac[4], mac[5]);
  return out;
}

std::string success_document(const Request& request, const Lease& lease) {
  object ip{{"address", text::cat(lease.ip.text(), "/32")},
            {"gateway", lease.gateway.text()},
            {"interface", 1}};
  if (request.version.starts_with("0.")) ip["version"] = "4";
  return serialize(
      object{{"cniVersion", request.version},
             {"interfaces", array{object{{"name", host_link_name(request.attachment)},
                                         {"mac", mac_text(host_mac(lease.ip))}},
                                  object{{"name", request.attachment.interface},
                                         {"mac", mac_text(pod_mac(lease.ip))},
                                         {"sandbox", request.netns}}}},
             {"ips", array{std::move(ip)}},
             {"routes", array{object{{"dst", "0.0.0.0/0"}, {"gw", lease.gateway.text()}}}},
             {"dns", object{}}});
}

std::string error_document(std::string_view version, const Failure& failure) {
  object out{{"cniVersion", version.empty() ? "1.1.0" : version},
             {"code", static_cast<int>(failure.code)},
             {"msg", failure.message}};
  if (!failure.details.empty()) out["details"] = failure.details;
  return serialize(out);
}

std::string version_document(std::string_view version) {
  return serialize(object{{"cniVersion", version.empty() ? "1.1.0" : version},
                          {"supportedVersions", array{"0.3.1", "0.4.0", "1.0.0", "1.1.0"}}});
}

}  // namespace nodal::cni
