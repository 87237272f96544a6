// nodectl/commands/logs.cc — logs: what containers have printed, of one pod or of several.
#include <boost/json/object.hpp>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/duration.h"
#include "nodectl/log_sources.h"
#include "nodectl/pods.h"
#include "nodectl/requests.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  std::vector<std::string> args;
  std::string container, selector, since, since_time;
  bool follow = false, previous = false, timestamps = false, prefix = false, all_containers = false,
       all_pods = false, ignore_errors = false, insecure = false;
  std::optional<std::int64_t> tail, limit_bytes, most = 5;
};

Result<std::string> query(const Options& o, std::int64_t tail) {
  std::string out;
  if (o.follow) out += "&follow=true";
  if (o.previous) out += "&previous=true";
  if (o.timestamps) out += "&timestamps=true";
  if (o.limit_bytes) out += text::cat("&limitBytes=", *o.limit_bytes);
  if (tail >= 0) out += text::cat("&tailLines=", tail);
  if (!o.since.empty() && !o.since_time.empty())
    return fail(Errc::invalid, "at most one of `sinceTime` or `sinceSeconds` may be specified");
  if (!o.since_time.empty()) out += text::cat("&sinceTime=", http::percent_encode(o.since_time));
  if (!o.since.empty())
    if (const auto since = NODAL_TRY(parse_duration(o.since)); since.count() > 0)
      out += text::cat("&sinceSeconds=", std::chrono::ceil<std::chrono::seconds>(since).count());
  return out;
}

// Whole lines of several sources, each after its prefix, never one inside another.
class Output {
 public:
  void write(std::string& rest, std::string_view bytes, const std::string& prefix) {
    const std::lock_guard lock(mutex_);
    if (prefix.empty()) {
      std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    } else {
      rest += bytes;
      for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos;
           rest.erase(0, end + 1))
        std::fputs(text::cat(prefix, rest.substr(0, end + 1)).c_str(), stdout);
    }
    std::fflush(stdout);
  }
  void end(const std::string& rest, const std::string& prefix) {
    const std::lock_guard lock(mutex_);
    if (!rest.empty()) std::fputs(text::cat(prefix, rest, "\n").c_str(), stdout);
  }

 private:
  std::mutex mutex_;
};

Result<> print(Cluster& cluster, const LogSource& source, const std::string& query,
               const std::string& prefix, Output& output) {
  std::string rest;
  const auto path = text::cat("/api/v1/namespaces/", http::percent_encode(cluster.ns), "/pods/",
                              http::percent_encode(source.pod),
                              "/log?container=", http::percent_encode(source.container), query);
  NODAL_TRY(ask_stream(cluster, {.path = path, .accept = "*/*"}, [&](std::string_view bytes) {
    output.write(rest, bytes, prefix);
    return true;
  }));
  output.end(rest, prefix);
  return {};
}

Result<int> logs(const Globals& globals, const Options& o) {
  if (o.args.empty() && o.selector.empty())
    return fail(Errc::invalid,
                "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is "
                "a required argument for the logs command");
  if (!o.args.empty() && !o.selector.empty())
    return fail(Errc::invalid, "only a selector (-l) or a POD name is allowed");
  auto options = o;
  if (options.args.size() == 2) options.container = options.args[1];
  auto session = NODAL_TRY(open_session(globals));
  std::vector<LogSource> sources;
  const auto pods = options.selector.empty()
                        ? pods_named(session, options.args[0], options.all_pods)
                        : pods_selected(session, options.selector);
  for (const auto& pod : NODAL_TRY(pods))
    for (auto& source :
         NODAL_TRY(log_sources(pod, options.container, options.all_containers || options.all_pods)))
      sources.push_back(std::move(source));
  if (sources.empty()) {
    std::fputs(nothing_found(session.cluster, false).c_str(), stderr);
    return 0;
  }
  if (!sources[0].notice.empty())
    std::fputs(text::cat(printable(sources[0].notice), "\n").c_str(), stderr);
  // Of many pods only the end, unless more is asked for.
  const auto tail = options.tail.value_or(options.selector.empty() ? -1 : 10);
  const auto asked = NODAL_TRY(query(options, tail));
  const auto prefix_of = [&](const LogSource& source) {
    return options.prefix || options.all_pods
               ? text::cat("[pod/", source.pod, "/", source.container, "] ")
               : std::string();
  };
  Output output;
  if (!options.follow || sources.size() == 1) {
    for (const auto& source : sources)
      if (const auto done = print(session.cluster, source, asked, prefix_of(source), output);
          !done) {
        if (!options.ignore_errors) return std::unexpected(done.error());
        report_now(done.error());
      }
    return 0;
  }
  if (static_cast<std::int64_t>(sources.size()) > options.most.value_or(5))
    return fail(Errc::invalid, text::cat("you are attempting to follow ", sources.size(),
                                         " log streams, but maximum allowed concurrency is ",
                                         options.most.value_or(5),
                                         ", use --max-log-requests to increase the limit"));
  std::vector<std::jthread> threads;
  std::mutex mutex;
  Result<int> outcome = 0;
  for (const auto& source : sources)
    threads.emplace_back([&, source] {
      const auto done = print(session.cluster, source, asked, prefix_of(source), output);
      const std::lock_guard lock(mutex);
      if (!done && outcome) outcome = std::unexpected(done.error());
    });
  threads.clear();
  return outcome;
}

}  // namespace

Command logs_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return {.name = "logs",
          .help = "What containers have printed",
          .usage = "POD [CONTAINER] | TYPE/NAME | -l LABELS",
          .group = kLookGroup,
          .flags = {{.names = "-c,--container",
                     .value = "NAME",
                     .help = "Container, when the pod has several",
                     .target = &o->container,
                     .offer = Offer::containers},
                    {.names = "-f,--follow",
                     .help = "Go on with what is printed",
                     .target = &o->follow},
                    {.names = "-p,--previous",
                     .help = "Of the container before the last restart",
                     .target = &o->previous},
                    {.names = "--timestamps",
                     .help = "With the time of each line",
                     .target = &o->timestamps},
                    {.names = "--tail",
                     .value = "LINES",
                     .help = "Only the last lines; -1: all; with -l 10 unless said",
                     .target = &o->tail},
                    {.names = "--since",
                     .value = "TIME",
                     .help = "Only what is newer: 5s, 2m, 3h",
                     .target = &o->since},
                    {.names = "--since-time",
                     .value = "DATE",
                     .help = "Only what is newer: 2026-11-23T20:00:00Z",
                     .target = &o->since_time},
                    {.names = "--limit-bytes",
                     .value = "BYTES",
                     .help = "No more than so much",
                     .target = &o->limit_bytes},
                    {.names = "-l,--selector",
                     .value = "LABELS",
                     .help = "Of all pods with these labels",
                     .target = &o->selector},
                    {.names = "--all-containers",
                     .help = "Of all containers of a pod",
                     .target = &o->all_containers},
                    {.names = "--all-pods",
                     .help = "Of all pods of TYPE/NAME, each line after its pod's name",
                     .target = &o->all_pods},
                    {.names = "--prefix",
                     .help = "Each line after the names of its pod and container",
                     .target = &o->prefix},
                    {.names = "--ignore-errors",
                     .help = "Go on with the next after an error",
                     .target = &o->ignore_errors},
                    {.names = "--max-log-requests",
                     .value = "NUMBER",
                     .help = "Most logs that -f follows at once (5)",
                     .target = &o->most},
                    {.names = "--insecure-skip-tls-verify-backend",
                     .help = "Taken for kubectl's sake: nodes are always verified",
                     .target = &o->insecure}},
          .args = &o->args,
          .most_args = 2,
          .offer = Offer::pods,
          .examples = {"nodectl logs web-5d9c-abcde -f", "nodectl logs deployment/web --tail=20",
                       "nodectl logs -l app=web --prefix"},
          .run = [o, &globals] { return logs(globals, *o); }};
}

}  // namespace nodal::nodectl
