// master/controllers/controller.cc — see controller.h.
#include "master/controllers/controller.h"

namespace nodal::master::controllers {
namespace {
// How long a key waits for mirrors that have not been listed yet.
constexpr std::chrono::milliseconds kUntilSynced{50};
}  // namespace

Controller::Controller(std::string name, Context context, int threads)
    : context_(std::move(context)),
      source_(name + "-controller"),
      loop_({.name = std::move(name), .threads = threads},
            [this](const std::string& key) -> Result<Again> {
              if (!context_.mirrors.has_synced()) return Again{kUntilSynced};
              auto again = reconcile(key);
              // The object changed or went while we looked: the mirrors will say so.
              if (!again && again.error().code == Errc::not_found) return Again{};
              return again;
            }) {}

Controller::~Controller() { loop_.stop(); }

void Controller::record(const client::EventTarget& target, client::EventType type,
                        std::string_view reason, std::string_view message) {
  context_.events.record(target, type, reason, message, source_);
}

std::pair<std::string, std::string> split_key(std::string_view key) {
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return {"", std::string(key)};
  return {std::string(key.substr(0, slash)), std::string(key.substr(slash + 1))};
}

bool is_finished(const core_v1::Pod& pod) {
  return pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
}

bool is_ready(const core_v1::Pod& pod) {
  for (const auto& condition : pod.status.conditions)
    if (condition.type == "Ready") return condition.status == "True";
  return false;
}

std::optional<TimePoint> ready_since(const core_v1::Pod& pod) {
  for (const auto& condition : pod.status.conditions)
    if (condition.type == "Ready" && condition.status == "True")
      return condition.last_transition_time.value_or(TimePoint{});
  return std::nullopt;
}

}  // namespace nodal::master::controllers
