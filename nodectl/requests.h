// nodectl/requests.h — one request to the server; errors read as kubectl's.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "nodectl/context.h"

namespace nodal::nodectl {

struct Ask {
  std::string path;
  std::string method = "GET";
  std::string body{};
  std::string content_type = "application/json";
  std::string accept = "application/json";
  std::string doing{};  ///< see server_error()
  bool bare = false;    ///< an error is the server's message alone
};

constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
constexpr const char* kMergePatch = "application/merge-patch+json";
constexpr const char* kStrategicPatch = "application/strategic-merge-patch+json";
constexpr const char* kJsonPatch = "application/json-patch+json";
constexpr const char* kApplyPatch = "application/apply-patch+yaml";

/// The answer's body.
Result<std::string> ask_text(Cluster& cluster, const Ask& ask);
Result<boost::json::value> ask(Cluster& cluster, const Ask& ask);
/// The body as it comes; ends when it does, or when `sink` answers false.
Result<> ask_stream(Cluster& cluster, const Ask& ask,
                    const std::function<bool(std::string_view)>& sink);
/// As ask_stream, by lines, each a JSON document: the events of a watch. An event that tells an
/// error ends it.
Result<> ask_events(
    Cluster& cluster, const Ask& ask,
    const std::function<bool(const std::string& type, const boost::json::value& object)>& sink);

/// PATH?name=value, the value encoded; an empty value adds nothing.
std::string with_query(std::string path, std::string_view name, std::string_view value);

}  // namespace nodal::nodectl
