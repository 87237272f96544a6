// nodectl/commands/completion.cc — completion, the hidden __complete that its scripts ask, and man.
#include "nodectl/completion.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

#include "api-client/client/kubeconfig.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/requests.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {
namespace {

std::vector<std::string> names(Session& session, std::string_view type) {
  std::vector<std::string> out;
  const auto kind = session.resources.by_name(type);
  if (!kind) return out;
  const auto list = ask(session.cluster, {.path = kind->path(session.cluster.ns)});
  if (list)
    for (const auto& item : list_at(*list, "items")) out.push_back(text_at(item, "metadata.name"));
  return out;
}

std::vector<std::string> types(const Session& session) {
  std::vector<std::string> out;
  for (const auto& kind : session.resources.all())
    if (std::ranges::find(out, kind.plural) == out.end()) out.push_back(kind.plural);
  return out;
}

// A pod's containers.
std::vector<std::string> containers(Session& session, const std::vector<std::string>& before) {
  std::vector<std::string> out;
  if (before.empty()) return out;
  std::string_view name = before[0];
  if (name.starts_with("pod/")) name.remove_prefix(4);
  const auto kind = session.resources.by_name("pods");
  if (!kind) return out;
  const auto pod = ask(session.cluster, {.path = kind->path(session.cluster.ns, name)});
  if (pod)
    for (const auto* list : {"spec.containers", "spec.initContainers"})
      for (const auto& container : list_at(*pod, list)) out.push_back(text_at(container, "name"));
  return out;
}

// TYPE, then NAME …; or TYPE/NAME.
std::vector<std::string> objects(Session& session, const Completion& plan, std::string_view last) {
  const auto slash = last.find('/');
  if (slash != std::string_view::npos) {
    auto out = names(session, last.substr(0, slash));
    for (auto& name : out) name.insert(0, last.substr(0, slash + 1));
    return out;
  }
  if (plan.before.empty()) return types(session);
  return plan.before[0].find('/') == std::string::npos ? names(session, plan.before[0])
                                                       : types(session);
}

std::vector<std::string> asked(const Completion& plan, std::string_view last) {
  if (plan.offer == Offer::contexts)
    return client::context_names(plan.globals.kubeconfig).value_or(std::vector<std::string>{});
  auto session = open_session(plan.globals);
  if (!session) return {};
  switch (plan.offer) {
    case Offer::objects:
      return objects(*session, plan, last);
    case Offer::types:
      return plan.before.empty() ? types(*session) : std::vector<std::string>{};
    case Offer::pods:
      return last.find('/') == std::string_view::npos ? names(*session, "pods")
                                                      : objects(*session, plan, last);
    case Offer::nodes:
      return names(*session, "nodes");
    case Offer::deployments: {
      auto out = names(*session, "deployments");
      for (auto& name : out) name.insert(0, "deployment/");
      return out;
    }
    case Offer::services:
      return names(*session, "services");
    case Offer::namespaces:
      return names(*session, "namespaces");
    case Offer::containers:
      return containers(*session, plan.before);
    case Offer::nothing:
    case Offer::words:
    case Offer::files:
    case Offer::contexts:
      break;
  }
  return {};
}

}  // namespace

Command completion_command() {
  const auto shells = std::make_shared<std::vector<std::string>>();
  return {.name = "completion",
          .help = "A script that completes commands in bash or zsh",
          .usage = "bash | zsh",
          .group = kOtherGroup,
          .args = shells.get(),
          .most_args = 1,
          .examples = {"source <(nodectl completion bash)"},
          .run = [shells]() -> Result<int> {
            const auto shell = shells->empty() ? std::string("bash") : shells->front();
            std::fputs(NODAL_TRY(completion_script(shell)).c_str(), stdout);
            return 0;
          },
          .own = true};
}

Command complete_command(const Command& root) {
  const auto line = std::make_shared<std::vector<std::string>>();
  return {.name = "__complete",
          .help = "What fits an unfinished line; a colon: names of files do",
          .args = line.get(),
          .run = [line, &root]() -> Result<int> {
            if (line->empty()) return 0;
            auto plan = plan_completion(root, *line);
            std::string_view last = line->back();
            if (last == "=") last = "";
            if (const auto equals = last.find('=');
                last.starts_with("--") && equals != std::string_view::npos)
              last.remove_prefix(equals + 1);
            if (plan.offer == Offer::files && plan.words.empty()) plan.words.emplace_back(":");
            for (auto& word : asked(plan, last))
              if (word.starts_with(last)) plan.words.push_back(std::move(word));
            for (const auto& word : plan.words) std::puts(printable(word).c_str());
            return 0;
          },
          .own = true};
}

Command man_command(const Command& root) {
  return {.name = "__man",
          .help = "The man page nodectl(1)",
          .run = [&root]() -> Result<int> {
            std::fputs(man_page(root).c_str(), stdout);
            return 0;
          },
          .own = true};
}

}  // namespace nodal::nodectl
