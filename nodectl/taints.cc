// nodectl/taints.cc — see taints.h.
#include "nodectl/taints.h"

#include <algorithm>
#include <boost/json/object.hpp>

#include "api-client/codec/names.h"
#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

bool same_place(const Taint& a, const Taint& b) { return a.key == b.key && a.effect == b.effect; }

Result<Taint> parse(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Errc::invalid,
                text::cat("invalid taint spec: ", text, why.empty() ? "" : ", ", why));
  };
  Taint out;
  auto key = text;
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    out.effect = text.substr(colon + 1);
    key = text.substr(0, colon);
    if (out.effect.find(':') != std::string::npos) return wrong("");
    if (out.effect != "NoSchedule" && out.effect != "PreferNoSchedule" && out.effect != "NoExecute")
      return fail(Errc::invalid, text::cat("invalid taint effect: ", out.effect,
                                           ", unsupported taint effect\nhint: NoSchedule, "
                                           "PreferNoSchedule or NoExecute"));
  }
  if (const auto equals = key.find('='); equals != std::string_view::npos) {
    out.value = key.substr(equals + 1);
    key = key.substr(0, equals);
    if (const auto problem = names::label_value(out.value); !problem.empty()) return wrong(problem);
  }
  out.key = key;
  if (const auto problem = names::qualified_name(out.key); !problem.empty()) return wrong(problem);
  return out;
}

Taint taint_of(const json::value& value) {
  return {text_at(value, "key"), text_at(value, "value"), text_at(value, "effect")};
}

json::object object_of(const Taint& taint) {
  json::object out{{"effect", taint.effect}, {"key", taint.key}};
  if (!taint.value.empty()) out["value"] = taint.value;
  return out;
}

}  // namespace

std::string Taint::text() const {
  auto out = key;
  if (!value.empty()) out += text::cat("=", value);
  if (!effect.empty()) out += text::cat(":", effect);
  return out;
}

Result<TaintChanges> take_taints(std::vector<std::string>& words) {
  TaintChanges out;
  std::vector<std::string> objects;
  for (const auto& word : words) {
    const bool gone = word.ends_with('-');
    if (!gone && word.find_first_of("=:") == std::string::npos) {
      if (!out.set.empty() || !out.removed.empty())
        return fail(Errc::invalid,
                    text::cat("all resources must be specified before taint changes: ", word,
                              "\nhint: a taint is key=value:Effect"));
      objects.push_back(word);
      continue;
    }
    auto taint = NODAL_TRY(parse(gone ? std::string_view(word).substr(0, word.size() - 1) : word));
    if (!gone && taint.effect.empty())
      return fail(Errc::invalid, text::cat("invalid taint spec: ", word,
                                           "\nhint: it ends with :NoSchedule, :PreferNoSchedule or "
                                           ":NoExecute"));
    auto& list = gone ? out.removed : out.set;
    for (const auto& other : list)
      if (same_place(other, taint))
        return fail(Errc::invalid,
                    text::cat("duplicated taints with the same key and effect: ", taint.text()));
    list.push_back(std::move(taint));
  }
  if (out.set.empty() && out.removed.empty())
    return fail(Errc::invalid, "at least one taint update is required");
  for (const auto& taint : out.set)
    if (std::ranges::find(out.removed, taint) != out.removed.end())
      return fail(Errc::invalid,
                  text::cat("can not both modify and remove the following taint(s) in "
                            "the same command: ",
                            taint.text()));
  words = std::move(objects);
  return out;
}

Result<Tainted> tainted(const json::array& now, const TaintChanges& changes, std::string_view node,
                        bool overwrite) {
  Tainted out;
  std::vector<std::string> taken;
  for (const auto& taint : changes.set) {
    for (const auto& old : now)
      if (same_place(taint_of(old), taint)) taken.push_back(taint.key);
    out.taints.push_back(object_of(taint));
  }
  if (!overwrite && !taken.empty())
    return fail(Errc::conflict,
                text::cat("node ", node, " already has ", text::join(taken, ","),
                          " taint(s) with same effect(s) and --overwrite is false"));
  const auto replaced = [&](const json::value& old) {
    return std::ranges::any_of(changes.set,
                               [&](const Taint& t) { return same_place(taint_of(old), t); });
  };
  for (const auto& old : now)
    if (!replaced(old)) out.taints.push_back(old);
  const bool added = out.taints.size() != now.size();
  bool removed = false;
  for (const auto& taint : changes.removed) {
    const auto before = out.taints.size();
    json::array left;
    for (const auto& one : out.taints) {
      const auto there = taint_of(one);
      if (there.key != taint.key || (!taint.effect.empty() && there.effect != taint.effect))
        left.push_back(one);
    }
    out.taints = std::move(left);
    removed = out.taints.size() != before;
    if (!removed) return fail(Errc::not_found, text::cat("taint \"", taint.text(), "\" not found"));
  }
  out.done = (added && removed) || overwrite ? "modified" : added ? "tainted" : "untainted";
  return out;
}

}  // namespace nodal::nodectl
