// nodectl/run_pod.cc — see run_pod.h.
#include "nodectl/run_pod.h"

#include <boost/json/array.hpp>

#include "api-client/codec/codec.h"
#include "api-client/codec/patch.h"
#include "api-client/codec/schema.h"
#include "base/text.h"
#include "nodectl/commands/create.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

Result<json::object> labels_of(const PodWanted& wanted) {
  json::object out;
  for (const auto pair : text::split(wanted.labels, ',')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos)
      return fail(Errc::invalid, text::cat("unexpected label \"", pair, "\": NAME=VALUE"));
    out[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (out.empty()) out["run"] = wanted.name;
  return out;
}

Result<json::object> annotations_of(const PodWanted& wanted) {
  json::object out;
  for (const auto& pair : wanted.annotations) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      return fail(Errc::invalid, text::cat("unexpected annotation \"", pair, "\": NAME=VALUE"));
    out[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return out;
}

Result<json::object> container_of(const PodWanted& wanted) {
  json::object out{{"image", wanted.image}, {"name", wanted.name}, {"resources", json::object{}}};
  if (!wanted.pull_policy.empty()) out["imagePullPolicy"] = wanted.pull_policy;
  if (!wanted.words.empty()) {
    json::array words;
    for (const auto& word : wanted.words) words.emplace_back(word);
    out[wanted.words_are_command ? "command" : "args"] = std::move(words);
  }
  json::array env;
  for (const auto& pair : wanted.env) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      return fail(Errc::invalid, text::cat("invalid env: ", pair, "; NAME=VALUE"));
    env.push_back(
        json::object{{"name", pair.substr(0, equals)}, {"value", pair.substr(equals + 1)}});
  }
  if (!env.empty()) out["env"] = std::move(env);
  if (wanted.port) out["ports"] = json::array{json::object{{"containerPort", *wanted.port}}};
  if (wanted.input) out["stdin"] = true;
  if (wanted.input && !wanted.input_stays_open) out["stdinOnce"] = true;
  if (wanted.tty) out["tty"] = true;
  if (wanted.privileged) out["securityContext"] = json::object{{"privileged", true}};
  return out;
}

Result<json::object> overridden(json::object pod, const PodWanted& wanted) {
  const auto patch = codec::parse(wanted.overrides);
  if (!patch) return wrap("invalid --overrides", patch.error());
  json::value out;
  if (wanted.override_type == "json") {
    out = NODAL_TRY(codec::json_patch(std::move(pod), *patch));
  } else if (wanted.override_type == "strategic" && patch->is_object()) {
    out = NODAL_TRY(codec::strategic_merge_patch(std::move(pod), patch->get_object(),
                                                 *schema::find_type("io.k8s.api.core.v1.Pod")));
  } else if (wanted.override_type == "merge") {
    out = codec::merge_patch(std::move(pod), *patch);
  } else {
    return fail(Errc::invalid, text::cat("invalid override type: ", wanted.override_type,
                                         "; merge, json or strategic (of an object)"));
  }
  if (!out.is_object()) return fail(Errc::invalid, "--overrides leave no object");
  return out.get_object();
}

}  // namespace

Result<json::object> pod_of(const PodWanted& wanted) {
  if (wanted.restart != "Always" && wanted.restart != "OnFailure" && wanted.restart != "Never")
    return fail(Errc::invalid, text::cat("invalid restart policy: ", wanted.restart,
                                         "; Always, OnFailure or Never"));
  auto pod = new_object("v1", "Pod", wanted.name);
  auto& metadata = make_object(pod, "metadata");
  metadata["labels"] = NODAL_TRY(labels_of(wanted));
  if (auto annotations = NODAL_TRY(annotations_of(wanted)); !annotations.empty())
    metadata["annotations"] = std::move(annotations);
  auto container = NODAL_TRY(container_of(wanted));
  pod["spec"] = json::object{{"containers", json::array{std::move(container)}},
                             {"dnsPolicy", "ClusterFirst"},
                             {"restartPolicy", wanted.restart}};
  pod["status"] = json::object{};
  if (wanted.overrides.empty()) return pod;
  return overridden(std::move(pod), wanted);
}

json::object service_of(const PodWanted& wanted, const json::object& pod) {
  auto out = new_object("v1", "Service", wanted.name);
  out["spec"] =
      json::object{{"ports", json::array{json::object{{"port", wanted.port.value_or(0)},
                                                      {"protocol", "TCP"},
                                                      {"targetPort", wanted.port.value_or(0)}}}},
                   {"selector", object_at(pod, "metadata.labels")}};
  out["status"] = json::object{{"loadBalancer", json::object{}}};
  return out;
}

}  // namespace nodal::nodectl
