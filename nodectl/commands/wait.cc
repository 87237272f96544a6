// nodectl/commands/wait.cc — wait: until objects are as wanted.
#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/condition.h"
#include "nodectl/wait_for.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

struct Options {
  Selection selection;
  std::string condition, timeout = "30s";
};

Result<int> wait(const Globals& globals, const Options& o) {
  const auto condition = NODAL_TRY(Condition::parse(o.condition));
  auto limit = NODAL_TRY(parse_duration(o.timeout));
  if (limit.count() == 0) limit = std::chrono::milliseconds(1);  // look once
  auto session = NODAL_TRY(open_session(globals));
  const auto targets = NODAL_TRY(choose(session, globals, o.selection));
  if (targets.empty()) return fail(Errc::not_found, "no matching resources found");
  const Deadline deadline(limit);
  return for_each(targets, [&](const Target& target) -> Result<> {
    if (!condition.wants_absence() && !condition.wants_presence()) {
      // What is not there is not waited for.
      const auto there = ask(session.cluster, {.path = target.path()});
      if (!there) return std::unexpected(there.error());
    }
    bool was_there = false;
    NODAL_TRY(follow(session.cluster, target, deadline,
                     [&](const boost::json::value* object) -> Result<bool> {
                       was_there = was_there || object != nullptr;
                       return condition.holds(object);
                     }));
    if (!condition.wants_absence() || was_there)
      std::puts(text::cat(target.printed(), " condition met").c_str());
    std::fflush(stdout);
    return {};
  });
}

}  // namespace

Command wait_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "wait",
              .help = "Wait until objects are as wanted",
              .usage = "TYPE NAME … --for=CONDITION",
              .group = kLookGroup,
              .flags = {{.names = "--for",
                         .value = "CONDITION",
                         .help = "condition=NAME[=VALUE], jsonpath=TEMPLATE[=VALUE], delete or "
                                 "create",
                         .target = &o->condition,
                         .offer = Offer::words,
                         .words = "condition= delete create jsonpath="},
                        {.names = "--timeout",
                         .value = "TIME",
                         .help = "How long (30s); 0s: look once; less: a week",
                         .target = &o->timeout},
                        selector_flag(o->selection),
                        all_flag(o->selection),
                        namespaces_flag(o->selection),
                        {.names = "--field-selector",
                         .value = "FIELDS",
                         .help = "Only what has these fields",
                         .target = &o->selection.field_selector}},
              .args = &o->selection.what,
              .offer = Offer::objects,
              .examples = {"nodectl wait --for=condition=available deployment/web --timeout=60s",
                           "nodectl wait --for=delete pod/web-1"},
              .run = [o, &globals] { return wait(globals, *o); }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
