// agent/runtime/docker/cni_config.cc — CNI documents ↔ values.
#include "agent/runtime/docker/cni_config.h"

#include <set>

#include "agent/runtime/docker/json.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

using json::bj::array;
using json::bj::object;
using json::bj::value;

constexpr std::size_t kMaxConfig = 1u << 20;
constexpr std::string_view kVersions[] = {"0.3.1", "0.4.0", "1.0.0", "1.1.0"};

bool known(std::string_view version) {
  return std::ranges::find(kVersions, version) != std::end(kVersions);
}

/// The version of the document, or the highest known of its `cniVersions`.
Result<std::string> version_of(const object& in) {
  auto version = json::string(in, "cniVersion");
  for (const auto& offered : json::strings(in, "cniVersions"))
    if (known(offered) && (!known(version) || version < offered)) version = offered;
  if (version == "0.3.0") version = "0.3.1";
  if (!known(version))
    return fail(Errc::invalid,
                text::cat("cniVersion '", version, "' is none of 0.3.1, 0.4.0, 1.0.0, 1.1.0"));
  return version;
}

bool is_name(std::string_view text) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !text.empty() && text.size() < 256 && text.front() != '.' && text.front() != '-' &&
         text.find_first_not_of(allowed) == std::string_view::npos;
}

object attachment_of(const CniAttachment& in) {
  array ports;
  for (const auto& p : in.ports)
    ports.push_back(object{{"container", p.container_port},
                           {"host", p.host_port},
                           {"protocol", p.protocol},
                           {"hostIP", p.host_ip}});
  return {{"containerID", in.container_id}, {"netns", in.netns},  {"ifname", in.interface},
          {"namespace", in.pod.namespace_}, {"pod", in.pod.name}, {"uid", in.pod.uid},
          {"ports", std::move(ports)}};
}

Result<object> base_input(const CniNetwork& network, const CniPlugin& plugin) {
  auto out = NODAL_TRY(json::parse_object(plugin.json, "CNI plugin configuration", kMaxConfig));
  out["name"] = network.name;
  out["cniVersion"] = network.version;
  return out;
}

}  // namespace

Result<CniNetwork> parse_network(std::string_view text, bool is_list) {
  auto in = NODAL_TRY(json::parse_object(text, "CNI configuration", kMaxConfig));
  if (!is_list) {
    // The fields of the list stand in the one plugin's object.
    object list;
    for (const auto* key : {"name", "cniVersion", "cniVersions"})
      if (const auto* v = in.if_contains(key)) list[key] = *v;
    list["plugins"] = array{std::move(in)};
    in = std::move(list);
  }
  CniNetwork out;
  out.name = json::string(in, "name");
  if (!is_name(out.name))
    return fail(Errc::invalid, text::cat("name '", out.name, "' is no network name"));
  out.version = NODAL_TRY(version_of(in));
  out.disable_check = json::boolean(in, "disableCheck");
  out.disable_gc = json::boolean(in, "disableGC");
  const auto* plugins = json::array(in, "plugins");
  if (!plugins || plugins->empty() || plugins->size() > 32)
    return fail(Errc::invalid, "plugins: between 1 and 32 are needed");
  for (const auto& entry : *plugins) {
    const auto* one = entry.if_object();
    if (!one) return fail(Errc::invalid, "plugins: an entry is not an object");
    CniPlugin plugin{json::string(*one, "type"), json::bj::serialize(*one), {}};
    if (!is_name(plugin.type))
      return fail(Errc::invalid,
                  text::cat("plugins: type '", plugin.type, "' is no program's name"));
    if (const auto* capabilities = json::object(*one, "capabilities"))
      for (const auto& [key, wanted] : *capabilities)
        if (wanted.is_bool() && wanted.get_bool()) plugin.capabilities.emplace_back(key);
    out.plugins.push_back(std::move(plugin));
  }
  out.json = json::bj::serialize(in);
  return out;
}

Result<std::string> plugin_input(const CniNetwork& network, const CniPlugin& plugin,
                                 const CniAttachment& attachment, std::string_view previous) {
  auto out = NODAL_TRY(base_input(network, plugin));
  if (std::ranges::find(plugin.capabilities, "portMappings") != plugin.capabilities.end() &&
      !attachment.ports.empty()) {
    array mappings;
    for (const auto& p : attachment.ports) {
      if (p.host_port == 0) continue;
      object one{{"hostPort", p.host_port},
                 {"containerPort", p.container_port},
                 {"protocol", text::lower(p.protocol)}};
      if (!p.host_ip.empty()) one["hostIP"] = p.host_ip;
      mappings.push_back(std::move(one));
    }
    if (!mappings.empty()) out["runtimeConfig"] = object{{"portMappings", std::move(mappings)}};
  }
  if (!previous.empty())
    out["prevResult"] = NODAL_TRY(json::parse(previous, "CNI result", kMaxConfig));
  return json::bj::serialize(out);
}

Result<std::string> gc_input(const CniNetwork& network, const CniPlugin& plugin,
                             const std::vector<CniAttachment>& valid) {
  auto out = NODAL_TRY(base_input(network, plugin));
  array attachments;
  for (const auto& one : valid)
    attachments.push_back(object{{"containerID", one.container_id}, {"ifname", one.interface}});
  out["cni.dev/valid-attachments"] = attachments;
  out["cni.dev/attachments"] = std::move(attachments);  // as libcni 1.2 names it
  return json::bj::serialize(out);
}

std::vector<std::string> plugin_environment(std::string_view command,
                                            const CniAttachment& attachment,
                                            const std::vector<std::string>& path) {
  std::vector<std::string> out{
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      text::cat("CNI_COMMAND=", command),
      text::cat("CNI_PATH=", text::join(path, ":")),
  };
  if (command == "GC" || command == "STATUS" || command == "VERSION") return out;
  out.push_back(text::cat("CNI_CONTAINERID=", attachment.container_id));
  out.push_back(text::cat("CNI_NETNS=", attachment.netns));
  out.push_back(text::cat("CNI_IFNAME=", attachment.interface));
  out.push_back(text::cat("CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=", attachment.pod.namespace_,
                          ";K8S_POD_NAME=", attachment.pod.name, ";K8S_POD_INFRA_CONTAINER_ID=",
                          attachment.container_id, ";K8S_POD_UID=", attachment.pod.uid));
  return out;
}

Result<std::vector<std::string>> result_addresses(std::string_view text) {
  const auto in = NODAL_TRY(json::parse_object(text, "CNI result", kMaxConfig));
  std::vector<std::string> out;
  if (const auto* ips = json::array(in, "ips")) {
    for (const auto& entry : *ips) {
      const auto* ip = entry.if_object();
      const auto address = ip ? json::string(*ip, "address") : "";
      const auto parsed = net::IpAddress::parse(address.substr(0, address.find('/')));
      if (!parsed)
        return fail(Errc::invalid, text::cat("CNI result: ips: '", address, "' is no address"));
      out.push_back(parsed->text());
    }
  }
  return out;
}

std::string cni_error_message(std::string_view output) {
  if (const auto in = json::parse_object(output, "CNI error", kMaxConfig)) {
    auto message = json::string(*in, "msg");
    const auto details = json::string(*in, "details");
    if (!message.empty())
      return (details.empty() ? message : text::cat(message, ": ", details)).substr(0, 2048);
  }
  return std::string(text::trim(output.substr(0, 2048)));
}

std::string encode_record(const CniRecord& record) {
  object out = attachment_of(record.attachment);
  out["kind"] = "nodal-cni-attachment";
  out["network"] = record.network;
  out["result"] = record.result;
  return json::bj::serialize(out);
}

Result<CniRecord> parse_record(std::string_view text) {
  const auto in = NODAL_TRY(json::parse_object(text, "CNI record", 4 * kMaxConfig));
  CniRecord out;
  out.attachment.container_id = json::string(in, "containerID");
  out.attachment.netns = json::string(in, "netns");
  out.attachment.interface = json::string(in, "ifname");
  out.attachment.pod = {json::string(in, "namespace"), json::string(in, "pod"),
                        json::string(in, "uid")};
  if (const auto* ports = json::array(in, "ports"))
    for (const auto& entry : *ports)
      if (const auto* p = entry.if_object())
        out.attachment.ports.push_back({static_cast<std::uint16_t>(json::integer(*p, "container")),
                                        static_cast<std::uint16_t>(json::integer(*p, "host")),
                                        json::string(*p, "protocol"), json::string(*p, "hostIP")});
  out.network = json::string(in, "network");
  out.result = json::string(in, "result");
  if (json::string(in, "kind") != "nodal-cni-attachment" || out.attachment.container_id.empty() ||
      out.network.empty())
    return fail(Errc::invalid, "CNI record: not one of ours");
  return out;
}

}  // namespace nodal::agent::docker
