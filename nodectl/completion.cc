// nodectl/completion.cc — see completion.h.
#include "nodectl/completion.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::nodectl {
namespace {

constexpr const char* kZsh = R"zsh(#compdef nodectl
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_nodectl() {
  local -a answers
  answers=("${(@f)$(nodectl __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ ${answers[1]} == : ]]; then
    _files
    return
  fi
  [[ ${words[CURRENT]} == --*=* ]] && compset -P '*='
  # TYPE/ and NAME= go on without a blank.
  compadd -S '' -- ${(M)answers:#*[/=]}
  compadd -- ${answers:#*[/=]}
}
if [[ ${funcstack[1]} == _nodectl ]]; then _nodectl; else compdef _nodectl nodectl; fi
)zsh";

constexpr const char* kBash =
    "_nodectl() {\n"
    "  local line=(\"${COMP_WORDS[@]:1:COMP_CWORD}\")\n"
    "  COMPREPLY=($(nodectl __complete -- \"${line[@]}\" 2>/dev/null))\n"
    "  if [ \"${COMPREPLY[0]}\" = : ]; then\n"
    "    COMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
    "  fi\n"
    "  case ${COMPREPLY[0]} in */ | *=) compopt -o nospace 2>/dev/null ;; esac\n"
    "}\n"
    "complete -o default -F _nodectl nodectl\n";

// Words and their breaks are bash's own: "--output=y" comes as three of them.
std::vector<std::string> rejoined(const std::vector<std::string>& line) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool glue = line[i] == "=" && !out.empty() && out.back().starts_with("--");
    if (!glue) {
      out.push_back(line[i]);
      continue;
    }
    out.back() += "=";
    if (i + 1 < line.size()) out.back() += line[++i];
  }
  return out;
}

const Flag* flag_of(const std::vector<const Command*>& path, std::string_view name) {
  for (const auto* command : path)
    for (const auto& flag : command->flags)
      for (const auto one : text::split(flag.names, ','))
        if (one == name) return &flag;
  return nullptr;
}

void set_global(Globals& globals, std::string_view flag, const std::string& value) {
  if (flag == "-n" || flag == "--namespace") globals.ns = value;
  if (flag == "--context") globals.context = value;
  if (flag == "--kubeconfig") globals.kubeconfig = value;
}

void offer_words(std::string_view words, std::string_view begin, std::string_view lead,
                 Completion& out) {
  for (const auto word : text::split(words, ' '))
    if (word.starts_with(begin)) out.words.push_back(text::cat(lead, word));
}

}  // namespace

Result<std::string> completion_script(const std::string& shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  return fail(Errc::invalid, text::cat("completion for ", shell, ": bash and zsh are known"));
}

Completion plan_completion(const Command& root, const std::vector<std::string>& given) {
  Completion out;
  const auto line = rejoined(given);
  if (line.empty()) return out;
  std::vector<const Command*> path{&root};
  const Flag* waiting = nullptr;  // a flag whose value is the next word
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    const auto& word = line[i];
    if (waiting != nullptr) {
      set_global(out.globals, waiting->long_name(), word);
      waiting = nullptr;
    } else if (word.starts_with('-') && word.size() > 1) {
      const auto equals = word.find('=');
      const auto* flag = flag_of(path, word.substr(0, equals));
      if (flag == nullptr || flag->value.empty()) continue;
      if (equals != std::string::npos)
        set_global(out.globals, flag->long_name(), word.substr(equals + 1));
      else if (flag->bare.empty())
        waiting = flag;
    } else if (const auto* inner = out.before.empty() ? path.back()->find(word) : nullptr) {
      path.push_back(inner);
    } else {
      out.before.push_back(word);
    }
  }
  const auto& last = line.back();
  const auto* flag = waiting;
  std::string begin = last, lead;
  if (const auto equals = last.find('=');
      flag == nullptr && last.starts_with("--") && equals != std::string::npos) {
    flag = flag_of(path, last.substr(0, equals));
    begin = last.substr(equals + 1);
    if (flag == nullptr) return out;
  }
  if (flag != nullptr) {
    out.offer = flag->offer;
    if (flag->offer == Offer::words) {
      offer_words(flag->words, begin, lead, out);
      out.offer = Offer::nothing;
    }
    return out;
  }
  if (last.starts_with('-')) {
    for (const auto* command : path)
      for (const auto& one : command->flags)
        for (const auto name : text::split(one.names, ','))
          if (name.starts_with("--") && name.starts_with(last)) out.words.emplace_back(name);
    std::ranges::sort(out.words);
    return out;
  }
  if (out.before.empty())
    for (const auto& inner : path.back()->commands)
      if (!inner.group.empty() && inner.name.starts_with(last)) out.words.push_back(inner.name);
  if (path.back()->args != nullptr && out.before.size() < path.back()->most_args)
    out.offer = path.back()->offer;
  return out;
}

}  // namespace nodal::nodectl
