// nodectl/cluster/layout.cc — see layout.h.
#include "nodectl/cluster/layout.h"

#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <climits>

#include "api-client/codec/codec.h"
#include "base/file.h"

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

Result<> write_settings(const Layout& layout, const Settings& settings) {
  json::object object;
  for_each_field(settings,
                 [&](const char* name, const std::string& field) { object[name] = field; });
  return file::write(layout.settings(), json::serialize(object) + "\n", 0600);
}

}  // namespace nodal::nodectl
