// nodectl/cluster/user_kubeconfig.cc — see user_kubeconfig.h.
#include "nodectl/cluster/user_kubeconfig.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>

#include "api-client/client/kubeconfig.h"
#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

// With `ours` empty, takes the entries out.
Result<> merge(const json::object& ours) {
  const auto path = user_kubeconfig();
  json::object config;
  if (file::exists(path)) {
    const auto documents = NODAL_TRY(yaml_to_json(NODAL_TRY(file::read(path, 4 << 20))));
    if (!documents.empty()) {
      auto document = NODAL_TRY(codec::parse(documents.front()));
      if (!document.is_object()) return fail(Errc::invalid, text::cat(path, " is no kubeconfig"));
      config = std::move(document.get_object());
    }
  } else if (ours.empty()) {
    return {};
  }
  std::size_t left = 0;
  for (const char* list : {"clusters", "users", "contexts"}) {
    json::array kept;
    if (const auto* entries = config.if_contains(list); entries != nullptr && entries->is_array())
      for (const auto& entry : entries->get_array()) {
        const auto* name = entry.is_object() ? entry.get_object().if_contains("name") : nullptr;
        if (name == nullptr || *name != json::value(kContext)) kept.push_back(entry);
      }
    if (const auto* entries = ours.if_contains(list)) kept.push_back(entries->get_array()[0]);
    left += kept.size();
    config[list] = std::move(kept);
  }
  config["apiVersion"] = "v1";
  config["kind"] = "Config";
  if (!ours.empty()) {
    config["current-context"] = kContext;
  } else if (const auto* current = config.if_contains("current-context");
             current != nullptr && *current == json::value(kContext)) {
    config["current-context"] = "";
  }
  if (left == 0) return file::remove(path);
  NODAL_TRY(file::make_folders(path.substr(0, path.rfind('/')), 0700));
  return file::write(path, NODAL_TRY(json_to_yaml(json::serialize(config))), 0600);
}

}  // namespace

std::string user_kubeconfig() {
  if (const char* list = std::getenv("KUBECONFIG"); list != nullptr && *list != '\0')
    return std::string(text::split(list, ':').front());
  const char* home = std::getenv("HOME");
  return text::cat(home == nullptr ? "/root" : home, "/.kube/config");
}

Result<> join_user_kubeconfig(const Layout& where) {
  const auto access = NODAL_TRY(client::load_kubeconfig(where.admin_kubeconfig()));
  const auto rendered = NODAL_TRY(yaml_to_json(client::render_kubeconfig(access, kContext)));
  json::object ours = NODAL_TRY(codec::parse(rendered.front())).get_object();
  const std::string keys = where.state + "/master/pki/admin";
  ours["users"].get_array()[0].get_object()["user"] =
      json::object{{"client-certificate", keys + ".crt"}, {"client-key", keys + ".key"}};
  return merge(ours);
}

Result<> leave_user_kubeconfig() { return merge({}); }

}  // namespace nodal::nodectl
