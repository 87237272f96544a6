// nodectl/debug_container.cc — see debug_container.h.
#include "nodectl/debug_container.h"

#include <boost/json/array.hpp>
#include <random>

#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {

namespace json = boost::json;

std::string debugger_name() {
  // Without vowels and what looks alike: no words come of it.
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> any(0, letters.size() - 1);
  std::string out = "debugger-";
  for (int i = 0; i < 5; ++i) out += letters[any(random)];
  return out;
}

Result<json::object> debug_patch(const DebugWanted& wanted) {
  json::object container{{"name", wanted.name}, {"image", wanted.image}};
  if (!wanted.pull_policy.empty()) container["imagePullPolicy"] = wanted.pull_policy;
  if (!wanted.target.empty()) container["targetContainerName"] = wanted.target;
  if (!wanted.words.empty())
    container[wanted.words_are_arguments ? "args" : "command"] =
        json::array(wanted.words.begin(), wanted.words.end());
  json::array env;
  for (const auto& pair : wanted.env) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      return fail(Errc::invalid, text::cat("invalid env: ", pair, "; NAME=VALUE"));
    env.push_back(
        json::object{{"name", pair.substr(0, equals)}, {"value", pair.substr(equals + 1)}});
  }
  if (!env.empty()) container["env"] = std::move(env);
  if (wanted.input) container["stdin"] = true;
  if (wanted.tty) container["tty"] = true;
  return json::object{
      {"spec", json::object{{"ephemeralContainers", json::array{std::move(container)}}}}};
}

Debugging progress_of(const json::value& pod, const std::string& container) {
  const auto phase = text_at(pod, "status.phase");
  for (const auto& status : list_at(pod, "status.ephemeralContainerStatuses")) {
    if (text_at(status, "name") != container) continue;
    if (find(status, "state.terminated") != nullptr) return Debugging::over;
    if (find(status, "state.running") != nullptr) return Debugging::runs;
  }
  return phase == "Succeeded" || phase == "Failed" ? Debugging::over : Debugging::waits;
}

}  // namespace nodal::nodectl
