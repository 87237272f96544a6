// nodectl/commands/status.cc — status: how the parts of this node are.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

#include "api-client/client/kubeconfig.h"
#include "api-client/codec/time.h"
#include "base/text.h"
#include "gen/core_v1.h"
#include "nodectl/cluster/daemons.h"
#include "nodectl/cluster/host.h"
#include "nodectl/commands.h"
#include "nodectl/context.h"
#include "nodectl/print/format.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

Result<bool> is_node_ready(client::Client& client, const std::string& name) {
  const auto node = NODAL_TRY(client.get<core_v1::Node>("", name));
  for (const auto& condition : node.status.conditions)
    if (condition.type == "Ready") return condition.status == "True";
  return false;
}

Result<int> status(std::string_view output) {
  const auto where = NODAL_TRY(layout());
  const auto settings = NODAL_TRY(settings_here(where));
  const auto parts = read_parts(where);
  const auto now = SystemClock().now();
  const bool supervised = supervisor_pid(where) != 0;
  bool all = supervised;
  std::vector<std::vector<std::string>> rows{
      {"PART", "STATUS", "PID", "RESTARTS", "AGE", "LAST END"}};
  json::array list;
  if (parts)
    for (const auto& part : *parts) {
      const bool running = is_running(part);
      all = all && running;
      const auto age =
          human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - part.started_at));
      rows.push_back({part.name, running ? good("Running") : bad("Stopped"),
                      running ? text::cat(part.pid) : "-", text::cat(part.restarts),
                      running ? age : "-", part.last_exit.empty() ? "-" : part.last_exit});
      list.push_back(json::object{{"name", part.name},
                                  {"running", running},
                                  {"pid", running ? part.pid : 0},
                                  {"restarts", part.restarts},
                                  {"lastExit", part.last_exit}});
    }
  std::string node = "unknown";
  if (const auto access = client::load_kubeconfig(where.admin_kubeconfig()))
    if (auto transport = client::connect(*access)) {
      client::Client client(*transport, text::cat("nodectl/", NODAL_VERSION));
      const auto ready = is_node_ready(client, settings.node_name);
      node = !ready ? "unknown" : *ready ? "Ready" : "NotReady";
    }
  all = all && node == "Ready";
  if (!output.empty()) {
    const json::object document{{"node", settings.node_name},
                                {"nodeStatus", node},
                                {"supervised", supervised},
                                {"docker", docker_answers(settings.docker_socket)},
                                {"parts", list}};
    std::fputs(NODAL_TRY(print_document(document, output)).c_str(), stdout);
  } else {
    std::puts(text::cat("node ", settings.node_name, ": ", node == "Ready" ? good(node) : bad(node))
                  .c_str());
    std::fputs(text::table(rows).c_str(), stdout);
    if (!docker_answers(settings.docker_socket))
      std::puts(bad(text::cat("Docker does not answer on ", settings.docker_socket)).c_str());
  }
  if (!all)
    return fail(Errc::unavailable, "not everything runs; `nodectl up` starts what is missing");
  return 0;
}

}  // namespace

Command status_command() {
  const auto output = std::make_shared<std::string>();
  return {.name = "status",
          .help = "How the parts of this node are",
          .group = kClusterGroup,
          .flags = {document_flag(*output)},
          .examples = {"nodectl status", "nodectl status -o json"},
          .run = [output] { return status(*output); },
          .own = true};
}

}  // namespace nodal::nodectl
