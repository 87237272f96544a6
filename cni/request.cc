// cni/request.cc — environment and configuration → Request.
#include "cni/request.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "base/text.h"

namespace nodal::cni {
namespace {

namespace bj = boost::json;

constexpr std::size_t kMaxInput = 1u << 20;
constexpr std::string_view kVersions[] = {"0.3.1", "0.4.0", "1.0.0", "1.1.0"};

std::unexpected<Failure> refuse(Code code, std::string message, std::string details = {}) {
  return std::unexpected(Failure{code, std::move(message), std::move(details)});
}

const bj::object* object(const bj::object& in, std::string_view key) {
  const auto* v = in.if_contains({key.data(), key.size()});
  return v ? v->if_object() : nullptr;
}
const bj::array* array(const bj::object& in, std::string_view key) {
  const auto* v = in.if_contains({key.data(), key.size()});
  return v ? v->if_array() : nullptr;
}
std::string string(const bj::object& in, std::string_view key) {
  const auto* v = in.if_contains({key.data(), key.size()});
  const auto* s = v ? v->if_string() : nullptr;
  return s ? std::string(s->data(), s->size()) : std::string();
}

// @source specification, section 3: ^[a-zA-Z0-9][a-zA-Z0-9_.\-]*$
bool is_word(std::string_view text) {
  constexpr std::string_view first =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return !text.empty() && text.size() <= 255 && first.contains(text.front()) &&
         std::ranges::all_of(
             text, [&](char c) { return first.contains(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_interface(std::string_view name) {
  return !name.empty() && name.size() <= 15 && name != "." && name != ".." &&
         std::ranges::none_of(name,
                              [](char c) { return c == '/' || c == ':' || c <= ' ' || c == 127; });
}

Outcome<std::vector<net::Cidr>> subnets_of(const bj::object& ipam) {
  std::vector<std::string> texts;
  if (auto one = string(ipam, "subnet"); !one.empty()) texts.push_back(std::move(one));
  if (const auto* ranges = array(ipam, "ranges"))
    for (const auto& set : *ranges)
      if (const auto* members = set.if_array())
        for (const auto& range : *members)
          if (const auto* r = range.if_object()) texts.push_back(string(*r, "subnet"));
  if (texts.empty()) return refuse(Code::invalid_config, "ipam: neither subnet nor ranges");
  if (texts.size() > 16) return refuse(Code::invalid_config, "ipam: more than 16 subnets");
  std::vector<net::Cidr> out;
  for (const auto& text : texts) {
    const auto cidr = net::Cidr::parse(text);
    if (!cidr) return refuse(Code::invalid_config, text::cat("ipam: '", text, "' is no subnet"));
    if (cidr->base().is_v6())
      return refuse(Code::invalid_config, text::cat("ipam: ", text, ": only IPv4 is supported"));
    if (cidr->prefix_length() < 8 || cidr->prefix_length() > 30)
      return refuse(Code::invalid_config,
                    text::cat("ipam: ", text, ": a prefix length of 8 to 30 is needed"));
    out.push_back(*cidr);
  }
  return out;
}

Previous previous_of(const bj::object& result) {
  Previous out;
  const auto each = [&](std::string_view key, auto&& take) {
    if (const auto* entries = array(result, key))
      for (const auto& entry : *entries)
        if (const auto* one = entry.if_object()) take(*one);
  };
  each("interfaces", [&](const bj::object& i) {
    out.interfaces.push_back({string(i, "name"), string(i, "mac"), string(i, "sandbox")});
  });
  each("ips", [&](const bj::object& ip) { out.ips.push_back(string(ip, "address")); });
  each("routes", [&](const bj::object& r) {
    out.routes.push_back({string(r, "dst"), string(r, "gw")});
  });
  return out;
}

}  // namespace

std::string host_link_name(const Attachment& attachment) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : text::cat(attachment.container_id, "/", attachment.interface))
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char out[16];
  std::snprintf(out, sizeof out, "nodal%010llx", static_cast<unsigned long long>(hash >> 24));
  return out;
}

Outcome<Request> parse_request(const Environment& environment, std::string_view input) {
  Request out;
  const auto verb = environment("CNI_COMMAND");
  if (verb == "ADD")
    out.verb = Verb::add;
  else if (verb == "CHECK")
    out.verb = Verb::check;
  else if (verb == "DEL")
    out.verb = Verb::del;
  else if (verb == "GC")
    out.verb = Verb::gc;
  else if (verb == "STATUS")
    out.verb = Verb::status;
  else if (verb == "VERSION")
    out.verb = Verb::version;
  else
    return refuse(Code::invalid_environment,
                  text::cat("CNI_COMMAND '", verb.substr(0, 32), "' is unknown"));

  if (input.size() > kMaxInput)
    return refuse(Code::undecodable, "the configuration is larger than 1 MiB");
  bj::parse_options limits;
  limits.max_depth = 32;
  boost::system::error_code error;
  bj::value document;
  try {
    document = bj::parse({input.data(), input.size()}, error, {}, limits);
  } catch (const std::exception& e) {
    return refuse(Code::undecodable, "the configuration cannot be read", e.what());
  }
  if (error || !document.is_object())
    return refuse(Code::undecodable, "the configuration is no JSON object", error.message());
  const auto& config = document.get_object();
  out.version = string(config, "cniVersion");
  if (out.verb == Verb::version) return out;
  if (std::ranges::find(kVersions, out.version) == std::end(kVersions))
    return refuse(Code::incompatible_version,
                  text::cat("cniVersion '", out.version.substr(0, 32), "' is not supported"),
                  "supported: 0.3.1, 0.4.0, 1.0.0, 1.1.0");
  if ((out.verb == Verb::check && out.version == "0.3.1") ||
      ((out.verb == Verb::gc || out.verb == Verb::status) && out.version != "1.1.0"))
    return refuse(Code::incompatible_version,
                  text::cat(verb, " does not exist in cniVersion ", out.version));
  out.network = string(config, "name");
  if (!is_word(out.network)) return refuse(Code::invalid_config, "name is missing or malformed");

  const auto* ipam = object(config, "ipam");
  if (!ipam) return refuse(Code::invalid_config, "ipam is missing");
  if (string(*ipam, "type") != "nodal")
    return refuse(Code::invalid_config, "ipam.type must be nodal");
  auto subnets = subnets_of(*ipam);
  if (!subnets) return std::unexpected(std::move(subnets).error());
  out.subnets = std::move(*subnets);
  out.data_folder = string(*ipam, "dataDir");
  if (out.data_folder.empty()) out.data_folder = "/var/lib/nodal/cni/addresses";
  if (!out.data_folder.starts_with('/'))
    return refuse(Code::invalid_config, "ipam.dataDir must be absolute");
  if (const auto* mtu = config.if_contains("mtu")) {
    const auto* number = mtu->if_int64();
    if (!number || (*number != 0 && (*number < 576 || *number > 65535)))
      return refuse(Code::invalid_config, "mtu is not between 576 and 65535");
    out.mtu = static_cast<std::uint32_t>(*number);
  }

  if (out.verb == Verb::gc) {
    const auto* valid = array(config, "cni.dev/valid-attachments");
    if (!valid) valid = array(config, "cni.dev/attachments");
    // Without the list everything would be garbage: that is no request but an accident.
    if (!valid) return refuse(Code::invalid_config, "cni.dev/valid-attachments is missing");
    for (const auto& entry : *valid) {
      const auto* one = entry.if_object();
      if (!one)
        return refuse(Code::invalid_config, "cni.dev/valid-attachments: an entry is not an object");
      out.valid.insert({string(*one, "containerID"), string(*one, "ifname")});
    }
    return out;
  }
  if (out.verb == Verb::status) return out;

  out.attachment = {environment("CNI_CONTAINERID"), environment("CNI_IFNAME")};
  out.netns = environment("CNI_NETNS");
  if (!is_word(out.attachment.container_id))
    return refuse(Code::invalid_environment, "CNI_CONTAINERID is missing or malformed");
  if (!is_interface(out.attachment.interface))
    return refuse(Code::invalid_environment, "CNI_IFNAME is missing or no interface name");
  if (out.netns.empty() && out.verb != Verb::del)
    return refuse(Code::invalid_environment, "CNI_NETNS is missing");
  if (out.verb == Verb::check) {
    const auto* previous = object(config, "prevResult");
    if (!previous) return refuse(Code::invalid_config, "prevResult is missing");
    out.previous = previous_of(*previous);
  }
  return out;
}

}  // namespace nodal::cni
