// agent/pod/env.cc — see env.h.
#include "agent/pod/env.h"

#include <algorithm>

#include "base/net/address.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

// A map entry of "metadata.labels['app']".
std::optional<std::string> entry_of(const std::string& path, std::string_view prefix,
                                    const Values& values) {
  if (!path.starts_with(prefix) || !path.ends_with("']")) return std::nullopt;
  const auto key = path.substr(prefix.size(), path.size() - prefix.size() - 2);
  const auto it = values.find(key);
  return it == values.end() ? std::string() : it->second;
}

std::string upper_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  return out;
}

// @source KEP-4369: any printable ASCII but "="
bool is_env_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

// As Docker links once had it: HOST, PORT, and the URL forms of each port.
void add_service(const core_v1::Service& service, Values& out) {
  const auto& ip = service.spec.cluster_ip;
  if (ip.empty() || ip == "None" || service.spec.ports.empty()) return;
  const std::string prefix = upper_name(service.metadata.name);
  const bool v6 = ip.find(':') != std::string::npos;
  const std::string host = v6 ? text::cat("[", ip, "]") : ip;
  out[prefix + "_SERVICE_HOST"] = ip;
  out[prefix + "_SERVICE_PORT"] = text::cat(service.spec.ports[0].port);
  for (std::size_t i = 0; i < service.spec.ports.size(); ++i) {
    const auto& port = service.spec.ports[i];
    const std::string protocol = port.protocol.empty() ? "TCP" : port.protocol;
    const std::string url = text::cat(text::lower(protocol), "://", host, ":", port.port);
    if (!port.name.empty())
      out[text::cat(prefix, "_SERVICE_PORT_", upper_name(port.name))] = text::cat(port.port);
    if (i == 0) out[prefix + "_PORT"] = url;
    const std::string stem = text::cat(prefix, "_PORT_", port.port, "_", protocol);
    out[stem] = url;
    out[stem + "_PROTO"] = text::lower(protocol);
    out[stem + "_PORT"] = text::cat(port.port);
    out[stem + "_ADDR"] = ip;
  }
}

// `value` is asked for each $(NAME), with the name and the reference as written.
template <typename Value>
std::string expand_with(std::string_view text, Value&& value) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const auto end = text[i + 1] == '(' ? text.find(')', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    out += value(std::string(text.substr(i + 2, end - i - 2)), text.substr(i, end - i + 1));
    i = end;
  }
  return out;
}

}  // namespace

std::string expand(std::string_view text, const Values& known) {
  return expand_with(text, [&](const std::string& name, std::string_view reference) {
    const auto it = known.find(name);
    return it == known.end() ? std::string(reference) : it->second;
  });
}

Result<std::string> expand_all(std::string_view text, const Values& known) {
  std::vector<std::string> missing;
  auto out = expand_with(text, [&](const std::string& name, std::string_view) {
    const auto it = known.find(name);
    if (it != known.end() && !it->second.empty()) return it->second;
    if (std::ranges::find(missing, name) == missing.end()) missing.push_back(name);
    return std::string();
  });
  if (!missing.empty())
    return fail(Errc::invalid, text::cat("missing value for ", text::join(missing, ", ")));
  return out;
}

std::optional<std::string> field_value(const core_v1::Pod& pod, const std::string& pod_ip,
                                       const NodeFactsForPods& node, const std::string& path) {
  if (path == "metadata.name") return pod.metadata.name;
  if (path == "metadata.namespace") return pod.metadata.namespace_;
  if (path == "metadata.uid") return pod.metadata.uid;
  if (path == "spec.nodeName") return node.name;
  if (path == "spec.serviceAccountName") return pod.spec.service_account_name;
  if (path == "status.hostIP" || path == "status.hostIPs") return node.ip;
  if (path == "status.podIP" || path == "status.podIPs") return pod_ip;
  if (auto value = entry_of(path, "metadata.labels['", pod.metadata.labels)) return value;
  if (auto value = entry_of(path, "metadata.annotations['", pod.metadata.annotations)) return value;
  if (path == "metadata.labels" || path == "metadata.annotations") {
    std::string out;
    for (const auto& [key, value] :
         path == "metadata.labels" ? pod.metadata.labels : pod.metadata.annotations) {
      std::string quoted;
      for (const char c : value)
        quoted += c == '"' || c == '\\' ? text::cat('\\', c)
                  : c == '\n'           ? std::string("\\n")
                                        : std::string(1, c);
      out += text::cat(out.empty() ? "" : "\n", key, "=\"", quoted, "\"");
    }
    return out;
  }
  return std::nullopt;
}

std::optional<std::string> resource_value(const core_v1::Pod& pod, const std::string& container,
                                          const core_v1::ResourceFieldSelector& field,
                                          const NodeFactsForPods& node) {
  const core_v1::Container* found = nullptr;
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers})
    for (const auto& c : *list)
      if (c.name == container) found = &c;
  if (found == nullptr) return std::nullopt;
  const bool limits = field.resource.starts_with("limits.");
  if (!limits && !field.resource.starts_with("requests.")) return std::nullopt;
  const std::string resource = field.resource.substr(limits ? 7 : 9);
  const auto& values = limits ? found->resources.limits : found->resources.requests;
  const auto it = values.find(resource);
  const auto divided = [](std::int64_t value, std::int64_t by) {
    return text::cat((value + by - 1) / by);
  };
  if (resource == "cpu") {
    const std::int64_t milli = it != values.end() ? it->second.milli_value()
                               : limits           ? node.cpu_milli
                                                  : 0;
    return divided(milli, field.divisor.is_zero()
                              ? 1000
                              : std::max<std::int64_t>(field.divisor.milli_value(), 1));
  }
  const std::int64_t of_node = resource == "memory"              ? node.memory_bytes
                               : resource == "ephemeral-storage" ? node.disk_bytes
                                                                 : 0;
  const std::int64_t amount = it != values.end() ? it->second.value() : limits ? of_node : 0;
  return divided(amount,
                 field.divisor.is_zero() ? 1 : std::max<std::int64_t>(field.divisor.value(), 1));
}

Result<Environment> environment(
    const core_v1::Pod& pod, const core_v1::Container& container, const std::string& pod_ip,
    const NodeFactsForPods& node, const References& references,
    const std::vector<std::shared_ptr<const core_v1::Service>>& services) {
  Values from_services;
  const bool links = pod.spec.enable_service_links.value_or(true);
  for (const auto& service : services) {
    const bool api =
        service->metadata.namespace_ == "default" && service->metadata.name == "kubernetes";
    if (api || (links && service->metadata.namespace_ == pod.metadata.namespace_))
      add_service(*service, from_services);
  }
  Values out = from_services;
  for (const auto& source : container.env_from) {
    const bool secret = source.secret_ref.has_value();
    if (!secret && !source.config_map_ref) continue;
    const std::string name = secret ? source.secret_ref->name : source.config_map_ref->name;
    const bool optional = secret ? source.secret_ref->optional.value_or(false)
                                 : source.config_map_ref->optional.value_or(false);
    const auto values = secret ? references.secret(name) : references.config_map(name);
    if (!values) {
      if (values.error().code == Errc::not_found && optional) continue;
      if (values.error().code == Errc::not_found)
        return fail(Errc::invalid,
                    text::cat(secret ? "secret" : "configmap", " \"", name, "\" not found"));
      return std::unexpected(values.error());
    }
    for (const auto& [key, value] : *values)
      if (is_env_name(source.prefix + key)) out[source.prefix + key] = value;
  }
  for (const auto& variable : container.env) {
    if (!variable.value_from) {
      out[variable.name] = expand(variable.value, out);
      continue;
    }
    const auto& from = *variable.value_from;
    if (from.field_ref) {
      auto value = field_value(pod, pod_ip, node, from.field_ref->field_path);
      if (!value)
        return fail(Errc::invalid,
                    text::cat("unsupported fieldPath: ", from.field_ref->field_path));
      out[variable.name] = std::move(*value);
    } else if (from.resource_field_ref) {
      const auto& of = from.resource_field_ref->container_name.empty()
                           ? container.name
                           : from.resource_field_ref->container_name;
      auto value = resource_value(pod, of, *from.resource_field_ref, node);
      if (!value)
        return fail(Errc::invalid, text::cat("unsupported container resource: ",
                                             from.resource_field_ref->resource));
      out[variable.name] = std::move(*value);
    } else {
      const bool secret = from.secret_key_ref.has_value();
      if (!secret && !from.config_map_key_ref) continue;
      const std::string name = secret ? from.secret_key_ref->name : from.config_map_key_ref->name;
      const std::string key = secret ? from.secret_key_ref->key : from.config_map_key_ref->key;
      const bool optional = secret ? from.secret_key_ref->optional.value_or(false)
                                   : from.config_map_key_ref->optional.value_or(false);
      const auto values = secret ? references.secret(name) : references.config_map(name);
      if (!values) {
        if (values.error().code == Errc::not_found && optional) continue;
        if (values.error().code == Errc::not_found)
          return fail(Errc::invalid,
                      text::cat(secret ? "secret" : "configmap", " \"", name, "\" not found"));
        return std::unexpected(values.error());
      }
      const auto it = values->find(key);
      if (it == values->end()) {
        if (optional) continue;
        return fail(Errc::invalid,
                    text::cat("couldn't find key ", key, " in ", secret ? "Secret " : "ConfigMap ",
                              pod.metadata.namespace_, "/", name));
      }
      out[variable.name] = it->second;
    }
  }
  return Environment(out.begin(), out.end());
}

}  // namespace nodal::agent
