// agent/runtime/docker/cni_config.h — CNI network configurations and results as values. Pure.
// @source CNI specification 1.1.0, sections 1 and 5
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/types.h"
#include "base/result.h"

namespace nodal::agent::docker {

/// One plugin of a chain.
struct CniPlugin {
  std::string type;
  std::string json;  ///< its object, as configured
  std::vector<std::string> capabilities;
};

/// A network configuration list.
struct CniNetwork {
  std::string name, version;
  bool disable_check = false, disable_gc = false;
  std::vector<CniPlugin> plugins;
  std::string json;  ///< as a list, to be kept for DEL
};

/// @param is_list  a .conflist; otherwise one plugin (.conf, .json), which becomes a list of one
/// @errors invalid, with what is wrong
Result<CniNetwork> parse_network(std::string_view text, bool is_list);

/// What a sandbox wants of its network.
struct CniAttachment {
  std::string container_id, netns, interface = "eth0";
  PodRef pod;
  std::vector<PortMapping> ports;
};

/// The configuration a plugin gets on its standard input.
/// @param previous  result of the plugin before it (ADD) or of the chain (CHECK, DEL); "" none
Result<std::string> plugin_input(const CniNetwork& network, const CniPlugin& plugin,
                                 const CniAttachment& attachment, std::string_view previous);
/// The same for GC: what may stay.
Result<std::string> gc_input(const CniNetwork& network, const CniPlugin& plugin,
                             const std::vector<CniAttachment>& valid);

/// The environment of a plugin.
std::vector<std::string> plugin_environment(std::string_view command,
                                            const CniAttachment& attachment,
                                            const std::vector<std::string>& path);

/// The addresses of a result, without their prefix lengths.
/// @errors invalid when it is no result of version 0.3 or newer
Result<std::vector<std::string>> result_addresses(std::string_view json);

/// {"code": 11, "msg": "try again", "details": …} → "try again: …"; other text as it is, cut.
std::string cni_error_message(std::string_view output);

/// What is kept of an attachment until its DEL.
struct CniRecord {
  CniAttachment attachment;
  std::string network;  ///< CniNetwork::json
  std::string result;   ///< "" while ADD has not ended
};
std::string encode_record(const CniRecord& record);
Result<CniRecord> parse_record(std::string_view json);

}  // namespace nodal::agent::docker
