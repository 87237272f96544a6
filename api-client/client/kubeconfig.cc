// api-client/client/kubeconfig.cc — see kubeconfig.h.
#include "api-client/client/kubeconfig.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>

#include "api-client/client/http_transport.h"
#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop/file_watch.h"
#include "base/text.h"
#include "base/yaml.h"

namespace nodal::client {
namespace {

namespace json = boost::json;

std::string string_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool flag_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// The entry of that name in a list of {name, KIND: {…}}.
const json::object* find_entry(const json::object& config, std::string_view list,
                               std::string_view kind, std::string_view name) {
  const auto* entries = config.if_contains(list);
  if (entries == nullptr || !entries->is_array()) return nullptr;
  for (const auto& entry : entries->get_array()) {
    const auto* object = entry.if_object();
    if (object == nullptr || string_of(*object, "name") != name) continue;
    const auto* inner = object->if_contains(kind);
    return inner != nullptr ? inner->if_object() : nullptr;
  }
  return nullptr;
}

// NAME-data (base64) or NAME (a file, relative to the kubeconfig's folder), which joins `files`.
Result<std::string> data_or_file(const json::object& object, const std::string& name,
                                 const std::string& folder, std::vector<std::string>& files) {
  if (const auto data = string_of(object, name + "-data"); !data.empty()) {
    auto bytes = text::unbase64(data);
    if (!bytes) return fail(Errc::invalid, text::cat(name, "-data is no base64"));
    return *bytes;
  }
  const auto path = string_of(object, name);
  if (path.empty()) return std::string();
  files.push_back(path.starts_with('/') ? path : text::cat(folder, "/", path));
  return file::read(files.back(), 4 << 20);
}

// The files of $KUBECONFIG, or the one in the home folder.
std::vector<std::string> default_paths() {
  std::vector<std::string> out;
  if (const char* list = std::getenv("KUBECONFIG"); list != nullptr)
    for (const auto part : text::split(list, ':'))
      if (!part.empty()) out.emplace_back(part);
  if (!out.empty()) return out;
  const char* home = std::getenv("HOME");
  return {text::cat(home == nullptr ? "/root" : home, "/.kube/config")};
}

struct ConfigFile {
  std::string path, folder;
  json::value document;  ///< an object
};

Result<ConfigFile> read_config(const std::string& path) {
  const auto bytes = file::read(path, 4 << 20);
  if (!bytes) return wrap("kubeconfig", bytes.error());
  const auto documents = yaml_to_json(*bytes);
  if (!documents) return wrap(text::cat("kubeconfig ", path), documents.error());
  if (documents->empty()) return fail(Errc::invalid, text::cat("kubeconfig ", path, " is empty"));
  auto document = NODAL_TRY(codec::parse(documents->front()));
  if (!document.is_object())
    return fail(Errc::invalid, text::cat("kubeconfig ", path, " is no map"));
  const auto slash = path.rfind('/');
  return ConfigFile{path, slash == std::string::npos ? "." : path.substr(0, slash),
                    std::move(document)};
}

// A file that is named must be there; of those in $KUBECONFIG one is enough.
Result<std::vector<ConfigFile>> read_configs(std::string_view path) {
  std::vector<ConfigFile> out;
  if (!path.empty()) {
    out.push_back(NODAL_TRY(read_config(std::string(path))));
    return out;
  }
  const auto paths = default_paths();
  for (const auto& each : paths)
    if (file::exists(each)) out.push_back(NODAL_TRY(read_config(each)));
  if (out.empty()) out.push_back(NODAL_TRY(read_config(paths.front())));
  return out;
}

struct Entry {
  const json::object* object = nullptr;
  std::string folder;
};

// The first file that has the entry.
Entry find_entry(const std::vector<ConfigFile>& files, std::string_view list, std::string_view kind,
                 std::string_view name) {
  for (const auto& file : files)
    if (const auto* found = find_entry(file.document.get_object(), list, kind, name))
      return {found, file.folder};
  return {};
}

}  // namespace

Result<ClusterAccess> load_kubeconfig(std::string_view path, std::string_view context) {
  const auto files = NODAL_TRY(read_configs(path));
  const auto& file_path = files.front().path;
  ClusterAccess out;
  out.context = std::string(context);
  for (const auto& file : files) out.files.push_back(file.path);
  for (const auto& file : files)
    if (out.context.empty()) out.context = string_of(file.document.get_object(), "current-context");
  if (out.context.empty())
    return fail(Errc::not_found, text::cat("kubeconfig ", file_path,
                                           " has no current-context; name one with --context"));
  const auto chosen = find_entry(files, "contexts", "context", out.context);
  if (chosen.object == nullptr)
    return fail(Errc::not_found,
                text::cat("kubeconfig ", file_path, " has no context \"", out.context, "\""));
  out.namespace_ = string_of(*chosen.object, "namespace");
  const auto cluster =
      find_entry(files, "clusters", "cluster", string_of(*chosen.object, "cluster"));
  if (cluster.object == nullptr)
    return fail(Errc::invalid, text::cat("kubeconfig ", file_path, ": context \"", out.context,
                                         "\" names no known cluster"));
  out.server = string_of(*cluster.object, "server");
  if (out.server.empty())
    return fail(Errc::invalid, text::cat("kubeconfig ", file_path, ": the cluster has no server"));
  out.ca_pem =
      NODAL_TRY(data_or_file(*cluster.object, "certificate-authority", cluster.folder, out.files));
  out.insecure = flag_of(*cluster.object, "insecure-skip-tls-verify");
  out.tls_server_name = string_of(*cluster.object, "tls-server-name");
  if (const auto user = find_entry(files, "users", "user", string_of(*chosen.object, "user"));
      user.object != nullptr) {
    if (user.object->contains("exec") || user.object->contains("auth-provider"))
      return fail(Errc::invalid,
                  text::cat("kubeconfig ", file_path,
                            ": the user gets its credentials from a plugin, which is not "
                            "supported; use a client certificate or a token"));
    out.certificate_pem =
        NODAL_TRY(data_or_file(*user.object, "client-certificate", user.folder, out.files));
    out.key_pem = NODAL_TRY(data_or_file(*user.object, "client-key", user.folder, out.files));
    out.token = string_of(*user.object, "token");
    if (const auto token_file = string_of(*user.object, "tokenFile");
        out.token.empty() && !token_file.empty()) {
      out.files.push_back(token_file);
      out.token = text::trim(NODAL_TRY(file::read(token_file, 1 << 20)));
    }
  }
  return out;
}

Result<std::vector<std::string>> context_names(std::string_view path) {
  std::vector<std::string> out;
  for (const auto& file : NODAL_TRY(read_configs(path)))
    if (const auto* contexts = file.document.get_object().if_contains("contexts");
        contexts != nullptr && contexts->is_array())
      for (const auto& context : contexts->get_array())
        if (context.is_object()) out.push_back(string_of(context.get_object(), "name"));
  return out;
}

std::string render_kubeconfig(const ClusterAccess& access, std::string_view name) {
  json::object cluster{{"server", access.server}};
  if (!access.ca_pem.empty()) cluster["certificate-authority-data"] = text::base64(access.ca_pem);
  if (access.insecure) cluster["insecure-skip-tls-verify"] = true;
  if (!access.tls_server_name.empty()) cluster["tls-server-name"] = access.tls_server_name;
  json::object user;
  if (!access.certificate_pem.empty()) {
    user["client-certificate-data"] = text::base64(access.certificate_pem);
    user["client-key-data"] = text::base64(access.key_pem);
  }
  if (!access.token.empty()) user["token"] = access.token;
  json::object context{{"cluster", name}, {"user", name}};
  if (!access.namespace_.empty()) context["namespace"] = access.namespace_;
  const json::object config{
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"current-context", name},
      {"clusters", json::array{json::object{{"name", name}, {"cluster", std::move(cluster)}}}},
      {"users", json::array{json::object{{"name", name}, {"user", std::move(user)}}}},
      {"contexts", json::array{json::object{{"name", name}, {"context", std::move(context)}}}},
  };
  return json_to_yaml(json::serialize(config)).value_or(std::string());
}

Result<std::shared_ptr<Transport>> connect(const ClusterAccess& access) {
  return std::shared_ptr<Transport>(std::make_shared<HttpTransport>(access, std::nullopt));
}

Result<std::shared_ptr<Transport>> connect_following(const std::string& path) {
  struct Following {
    explicit Following(const ClusterAccess& access) : transport(access) {}
    HttpTransport transport;
    std::unique_ptr<FileWatch> watch;  // ends first
  };
  const auto access = NODAL_TRY(load_kubeconfig(path));
  const auto following = std::make_shared<Following>(access);
  following->watch = NODAL_TRY(FileWatch::start(access.files, [path, to = following.get()] {
    const auto reload = [&]() -> Result<> {
      return to->transport.reload(NODAL_TRY(load_kubeconfig(path)));
    };
    const auto renewed = reload();
    if (renewed) return log::info("took the new keys", {{"kubeconfig", path}});
    log::warn("the kubeconfig changed but cannot be used; going on with the keys it had",
              {{"error", renewed.error().message}});
  }));
  return std::shared_ptr<Transport>(following, &following->transport);
}

}  // namespace nodal::client
