// nodectl/commands/drain.cc — drain: a node is closed and its pods are sent away.
#include <algorithm>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/commands/cordon.h"
#include "nodectl/document.h"
#include "nodectl/drain_plan.h"
#include "nodectl/wait_for.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  Writing writing;
  std::vector<std::string> nodes;
  DrainRules rules;
  std::string pod_selector, timeout = "0s";
  bool disable_eviction = false;
  std::optional<std::int64_t> grace_period;
};

// A budget that forbids an eviction now may allow it later; nothing tells when.
constexpr auto kTryAgain = std::chrono::seconds(5);
constexpr std::string_view kTooMany = "Error from server (TooManyRequests): ";

Result<json::array> pods_on(Cluster& cluster, const std::string& node, const Options& o) {
  auto path = with_query("/api/v1/pods", "fieldSelector", text::cat("spec.nodeName=", node));
  path = with_query(path, "labelSelector", o.pod_selector);
  return list_at(NODAL_TRY(ask(cluster, {.path = path})), "items");
}

Result<bool> evictions_are_served(Cluster& cluster) {
  const auto served = NODAL_TRY(ask(cluster, {.path = "/api/v1"}));
  return std::ranges::any_of(list_at(served, "resources"), [](const json::value& resource) {
    return text_at(resource, "name") == "pods/eviction";
  });
}

class Drain {
 public:
  Drain(Session& session, const Options& o, bool evict, const Deadline& deadline)
      : session_(session),
        o_(o),
        evict_(evict),
        deadline_(deadline),
        server_(o.writing.dry_run == "server") {}

  Result<> empty(const Target& node) {
    const auto plan =
        NODAL_TRY(plan_drain(NODAL_TRY(pods_on(session_.cluster, node.name, o_)), o_.rules));
    if (!plan.warnings.empty())
      std::fputs(text::cat("Warning: ", plan.warnings, "\n").c_str(), stderr);
    const bool only_here = o_.writing.dry_run != "none" && !server_;
    if (only_here) {
      for (const auto& pod : plan.pods) begin(pod, " (dry run)");
      return {};
    }
    std::vector<json::value> left(plan.pods.begin(), plan.pods.end());
    while (!left.empty()) {
      std::vector<json::value> refused, leaving;
      for (const auto& pod : left) {
        if (evict_ || server_) begin(pod, server_ ? " (server dry run)" : "");
        if (auto sent = send(pod); !sent) {
          if (!evict_ || !sent.error().message.starts_with(kTooMany)) return sent;
          std::fputs(text::cat("error when evicting ", named(pod), " (will retry after 5s): ",
                               printable(sent.error().message.substr(kTooMany.size())), "\n")
                         .c_str(),
                     stderr);
          refused.push_back(pod);
        } else {
          leaving.push_back(pod);
        }
      }
      if (server_) return {};
      std::fflush(stdout);
      for (const auto& pod : leaving) NODAL_TRY(wait(pod));
      left = std::move(refused);
      if (left.empty()) break;
      if (deadline_.over()) return too_late(left[0]);
      std::this_thread::sleep_for(kTryAgain);
    }
    return {};
  }

 private:
  [[nodiscard]] static std::string named(const json::value& pod) {
    return text::cat("pods/\"", text_at(pod, "metadata.name"), "\" -n \"",
                     text_at(pod, "metadata.namespace"), "\"");
  }

  void begin(const json::value& pod, std::string_view how) const {
    std::puts(text::cat(evict_ ? "evicting" : "deleting", " pod ",
                        text_at(pod, "metadata.namespace"), "/", text_at(pod, "metadata.name"), how)
                  .c_str());
  }

  [[nodiscard]] Result<Target> target(const json::value& pod) const {
    return Target{NODAL_TRY(session_.resources.by_name("pods")), text_at(pod, "metadata.namespace"),
                  text_at(pod, "metadata.name")};
  }

  // A pod that is gone already is no error.
  Result<> send(const json::value& pod) {
    const auto path = NODAL_TRY(target(pod)).path();
    json::object options;
    if (o_.grace_period && *o_.grace_period >= 0) options["gracePeriodSeconds"] = *o_.grace_period;
    if (server_) options["dryRun"] = json::array{"All"};
    const json::object eviction{
        {"apiVersion", "policy/v1"},
        {"kind", "Eviction"},
        {"metadata", json::object{{"name", text_at(pod, "metadata.name")},
                                  {"namespace", text_at(pod, "metadata.namespace")}}},
        {"deleteOptions", options}};
    const auto sent =
        ask_text(session_.cluster, {.path = evict_ ? text::cat(path, "/eviction") : path,
                                    .method = evict_ ? "POST" : "DELETE",
                                    .body = codec::to_text(evict_ ? eviction : options)});
    if (sent || sent.error().code == Errc::not_found) return {};
    return std::unexpected(sent.error());
  }

  Result<> wait(const json::value& pod) {
    const auto done = wait_until_gone(session_.cluster, NODAL_TRY(target(pod)),
                                      text_at(pod, "metadata.uid"), deadline_);
    if (!done && done.error().code == Errc::timed_out) return too_late(pod);
    NODAL_TRY(done);
    std::puts(
        text::cat("pod/", text_at(pod, "metadata.name"), evict_ ? " evicted" : " deleted").c_str());
    std::fflush(stdout);
    return {};
  }

  [[nodiscard]] Result<> too_late(const json::value& pod) const {
    return fail(Errc::timed_out,
                text::cat("error when waiting for pod \"", text_at(pod, "metadata.name"),
                          "\" in namespace \"", text_at(pod, "metadata.namespace"),
                          "\" to terminate: global timeout reached: ", o_.timeout));
  }

  Session& session_;
  const Options& o_;
  const bool evict_;
  const Deadline& deadline_;
  const bool server_;
};

Result<int> drain(const Globals& globals, const Options& o) {
  const auto limit = NODAL_TRY(parse_duration(o.timeout));
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, ""));
  const auto nodes = NODAL_TRY(choose_nodes(session, globals, o.selection, o.nodes));
  if (nodes.empty()) return fail(Errc::not_found, "no node has these labels");
  const bool served = NODAL_TRY(evictions_are_served(session.cluster));
  if (!served && !o.disable_eviction)
    std::fputs("Warning: the server knows no evictions; pods are deleted\n", stderr);
  for (const auto& node : nodes) NODAL_TRY(set_closed(session, writer, node, true));
  const Deadline deadline(limit);
  Drain drain(session, o, served && !o.disable_eviction, deadline);
  std::vector<std::string> left;
  Result<int> outcome = 0;
  for (const auto& node : nodes) {
    std::fflush(stdout);
    if (const auto done = drain.empty(node); !done) {
      std::fputs(text::cat("error: unable to drain node \"", node.name, "\" due to error: ",
                           printable(done.error().message), ", continuing command...\n")
                     .c_str(),
                 stderr);
      left.push_back(node.name);
      outcome = 1;
      continue;
    }
    NODAL_TRY(writer.tell(node, "drained", json::object{}));
  }
  if (left.empty()) return outcome;
  std::fputs("There are pending nodes to be drained:\n", stderr);
  for (const auto& name : left) std::fputs(text::cat(" ", name, "\n").c_str(), stderr);
  return outcome;
}

}  // namespace

Command drain_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return {.name = "drain",
          .help = "Send a node's pods away, and let no new ones come",
          .usage = "NODE …",
          .group = kChangeGroup,
          .flags = {{.names = "--ignore-daemonsets",
                     .help = "Leave pods of DaemonSets, which would come back, on the node",
                     .target = &o->rules.ignore_daemon_sets},
                    {.names = "--delete-emptydir-data",
                     .help = "Also pods with emptyDir volumes, whose files are lost",
                     .target = &o->rules.delete_empty_dirs},
                    {.names = "--force",
                     .help = "Also pods that nobody makes again",
                     .target = &o->rules.force},
                    {.names = "--grace-period",
                     .value = "SECONDS",
                     .help = "Time that pods have to end; less than 0: their own",
                     .target = &o->grace_period},
                    {.names = "--timeout",
                     .value = "TIME",
                     .help = "How long to wait: 30s, 2m; 0s: without end",
                     .target = &o->timeout},
                    {.names = "--pod-selector",
                     .value = "LABELS",
                     .help = "Only pods with these labels",
                     .target = &o->pod_selector},
                    {.names = "--disable-eviction",
                     .help = "Delete the pods, whatever a disruption budget says",
                     .target = &o->disable_eviction},
                    selector_flag(o->selection),
                    dry_run_flag(o->writing)},
          .args = &o->nodes,
          .offer = Offer::nodes,
          .examples = {"nodectl drain node1 --ignore-daemonsets", "nodectl uncordon node1"},
          .run = [o, &globals] { return drain(globals, *o); }};
}

}  // namespace nodal::nodectl
