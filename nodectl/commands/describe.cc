// nodectl/commands/describe.cc — describe: objects as pages for people.
#include "nodectl/describe/describe.h"

#include <boost/json/object.hpp>
#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/requests.h"
#include "nodectl/rollout/history.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  bool events = true;
};

json::array items(Cluster& cluster, const std::string& path) {
  const auto list = ask(cluster, {.path = path});
  return list ? list_at(*list, "items") : json::array{};
}

json::array events_of(Cluster& cluster, const Target& target, const json::value& object) {
  const auto path = target.ns.empty() ? std::string("/api/v1/events")
                                      : text::cat("/api/v1/namespaces/", target.ns, "/events");
  const auto of = [&](const std::string& uid) {
    return items(cluster, with_query(path, "fieldSelector",
                                     text::cat("involvedObject.name=", target.name,
                                               ",involvedObject.uid=", uid)));
  };
  auto out = of(text_at(object, "metadata.uid"));
  // The agent speaks of its node before it knows the object's uid.
  if (target.kind.kind == "Node")
    for (auto& event : of(target.name)) out.push_back(std::move(event));
  return out;
}

Related related_to(Cluster& cluster, const Describer& describer, const Target& target,
                   const json::value& object, bool events) {
  Related out;
  out.now = SystemClock().now();
  out.show_events = events;
  if (describer.events && events) out.events = events_of(cluster, target, object);
  const auto in_namespace = [&](std::string_view group, std::string_view plural) {
    return text::cat(group, "/namespaces/", target.ns, "/", plural);
  };
  const auto* selector = find(object, "spec.selector");
  const auto selected = selector != nullptr ? selector_text(*selector) : std::string();
  if (describer.selected_pods)
    out.pods =
        items(cluster, with_query(in_namespace("/api/v1", "pods"), "labelSelector", selected));
  if (describer.node_pods)
    out.pods =
        items(cluster, with_query("/api/v1/pods", "fieldSelector",
                                  text::cat("spec.nodeName=", target.name,
                                            ",status.phase!=Succeeded,status.phase!=Failed")));
  if (describer.replica_sets)
    out.replica_sets = controlled(
        items(cluster,
              with_query(in_namespace("/apis/apps/v1", "replicasets"), "labelSelector", selected)),
        object);
  if (describer.slices)
    out.slices = items(cluster, in_namespace("/apis/discovery.k8s.io/v1", "endpointslices"));
  if (describer.secrets) out.secrets = items(cluster, in_namespace("/api/v1", "secrets"));
  if (describer.services) out.services = items(cluster, in_namespace("/api/v1", "services"));
  if (describer.lease) {
    auto lease =
        ask(cluster,
            {.path = text::cat("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/",
                               target.name)});
    if (lease) {
      out.lease = std::move(*lease);
    } else {
      out.lease_error = lease.error().message;
      if (const auto at = out.lease_error.find("): "); at != std::string::npos)
        out.lease_error.erase(0, at + 3);
    }
  }
  return out;
}

// A name that is not there may be the beginning of some that are.
Result<std::vector<Target>> names_beginning(Session& session, const Target& target,
                                            const Error& otherwise) {
  std::vector<Target> out;
  for (const auto& item : items(session.cluster, target.kind.path(target.ns)))
    if (text_at(item, "metadata.name").starts_with(target.name))
      out.push_back({target.kind, target.ns, text_at(item, "metadata.name")});
  if (out.empty()) return std::unexpected(otherwise);
  return out;
}

Result<int> describe(const Globals& globals, const Options& options) {
  auto session = NODAL_TRY(open_session(globals));
  auto selection = options.selection;
  selection.all = true;  // describe TYPE: all of them
  bool first = true;
  const auto print = [&](const Target& target, const json::value& object) {
    const auto& describer = describer_of(target.kind.group, target.kind.kind);
    const auto related = related_to(session.cluster, describer, target, object, options.events);
    std::fputs(text::cat(first ? "" : "\n\n", printable(describer.render(object, related))).c_str(),
               stdout);
    first = false;
  };
  Result<int> outcome = 0;
  const auto failed = [&](const Error& error) {
    if (!outcome) report_now(outcome.error());
    outcome = std::unexpected(error);
  };
  const auto chosen = NODAL_TRY(choose(session, globals, selection));
  for (const auto& target : chosen.targets) {
    const auto object = ask(session.cluster, {.path = target.path()});
    if (object) {
      print(target, *object);
      continue;
    }
    const auto others = object.error().code == Errc::not_found
                            ? names_beginning(session, target, object.error())
                            : Result<std::vector<Target>>(std::unexpected(object.error()));
    if (!others) {
      failed(others.error());
      continue;
    }
    for (const auto& other : *others) {
      first = true;
      print(other, NODAL_TRY(ask(session.cluster, {.path = other.path()})));
      std::fputs("\n", stdout);
    }
  }
  for (const auto& error : chosen.bad) failed(error);
  if (first && outcome && selection.files.empty())
    std::fputs(nothing_found(session.cluster, selection.all_namespaces).c_str(), stderr);
  return outcome;
}

}  // namespace

Command describe_command(const Globals& globals) {
  const auto options = std::make_shared<Options>();
  Command out{.name = "describe",
              .help = "Show objects in detail, with their events",
              .usage = "TYPE [NAME_OR_BEGINNING …] | TYPE/NAME …",
              .group = kLookGroup,
              .flags = {selector_flag(options->selection),
                        namespaces_flag(options->selection),
                        {.names = "--show-events",
                         .help = "With events; --show-events=false: without",
                         .target = &options->events}},
              .args = &options->selection.what,
              .offer = Offer::objects,
              .examples = {"nodectl describe pod web-5d9c-abcde", "nodectl describe nodes"},
              .run = [options, &globals] { return describe(globals, *options); }};
  for (auto& flag : file_flags(options->selection)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
