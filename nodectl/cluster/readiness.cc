// nodectl/cluster/readiness.cc — see readiness.h.
#include "nodectl/cluster/readiness.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::nodectl {
namespace {

// The agent renews the lease every ten seconds.
constexpr std::chrono::seconds kFresh{25};
constexpr int kMostEnds = 3;

int starts_of(const PartState& part) {
  return part.started_at == TimePoint{} ? 0 : part.restarts + 1;
}

}  // namespace

std::optional<Missing> missing_of(const NodeSigns& signs, TimePoint now) {
  TimePoint agent_start{};
  for (const auto& part : signs.parts) {
    if (part.pid == 0)
      return Missing{part.name, text::cat("the ", part.name, " does not run",
                                          part.last_exit.empty() ? ""
                                                                 : text::cat(" (it ended with ",
                                                                             part.last_exit, ")"))};
    if (part.name == "agent") agent_start = part.started_at;
  }
  if (!signs.reported || *signs.reported < agent_start || now - *signs.reported > kFresh ||
      !signs.told || *signs.told + std::chrono::seconds(1) <= agent_start)
    return Missing{"agent", "the agent has not reported since it started"};
  if (!signs.ready)
    return Missing{"agent",
                   text::cat("the node is not Ready", signs.unready_because.empty() ? "" : ": ",
                             signs.unready_because)};
  if (!signs.proxy_ready) return Missing{"proxy", "the proxy has not programmed the Services yet"};
  return std::nullopt;
}

std::optional<PartState> hopeless_part(const std::vector<PartState>& before,
                                       const std::vector<PartState>& now) {
  for (const auto& part : now) {
    const auto was = std::ranges::find(before, part.name, &PartState::name);
    const PartState none;
    const auto& old = was == before.end() ? none : *was;
    const int ends =
        starts_of(part) - starts_of(old) + (old.pid != 0 ? 1 : 0) - (part.pid != 0 ? 1 : 0);
    if (ends >= kMostEnds) return part;
  }
  return std::nullopt;
}

}  // namespace nodal::nodectl
