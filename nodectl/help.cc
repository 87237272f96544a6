// nodectl/help.cc — the table of commands as help and as a man page.
#include <algorithm>

#include "base/text.h"
#include "nodectl/command_line.h"
#include "nodectl/print/tabs.h"

namespace nodal::nodectl {
namespace {

// "-o, --output FORMAT", "    --all".
std::string shown(const Flag& flag) {
  std::string names = flag.names;
  if (const auto comma = names.find(','); comma != std::string::npos)
    names.insert(comma + 1, " ");
  else if (names.starts_with("--"))
    names.insert(0, "    ");
  if (flag.value.empty()) return names;
  return flag.bare.empty() ? text::cat(names, " ", flag.value)
                           : text::cat(names, "[=", flag.value, "]");
}

std::string flags_text(const std::vector<Flag>& flags) {
  std::string out;
  for (const auto& flag : flags) out += text::cat("  ", shown(flag), "\t", flag.help, "\n");
  return align_tabs(out, 0, 2);
}

std::vector<std::string> groups_of(const Command& command) {
  std::vector<std::string> out;
  for (const auto& inner : command.commands)
    if (!inner.group.empty() && std::ranges::find(out, inner.group) == out.end())
      out.push_back(inner.group);
  return out;
}

std::string commands_text(const Command& command) {
  std::string out;
  for (const auto& group : groups_of(command)) {
    out += text::cat("\n", group, ":\n");
    std::string lines;
    for (const auto& inner : command.commands)
      if (inner.group == group) lines += text::cat("  ", inner.name, "\t", inner.help, "\n");
    out += align_tabs(lines, 18, 2);
  }
  return out;
}

std::string usage_text(const Command& command, const std::string& path) {
  return text::cat(path, command.commands.empty() ? "" : " COMMAND",
                   command.usage.empty() ? "" : " ", command.usage,
                   command.flags.empty() ? "" : " [FLAGS]");
}

// Troff reads a dot or a quote that begins a line, backslashes and dashes.
std::string troff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
      out += c;
    }
  }
  return out;
}

void man_flags(const std::vector<Flag>& flags, std::string& out) {
  for (const auto& flag : flags)
    out += text::cat(".TP\n.B ", troff(text::trim(shown(flag))), "\n", troff(flag.help), "\n");
}

void man_command(const Command& command, const std::string& path, std::string& out) {
  if (command.group.empty()) return;
  out += text::cat(".SS ", troff(usage_text(command, path)), "\n", troff(command.help), ".\n");
  man_flags(command.flags, out);
  if (!command.examples.empty()) {
    out += ".PP\nExamples:\n.PP\n.nf\n.RS\n";
    for (const auto& example : command.examples) out += text::cat(troff(example), "\n");
    out += ".RE\n.fi\n";
  }
  for (const auto& inner : command.commands)
    man_command(inner, text::cat(path, " ", inner.name), out);
}

}  // namespace

std::string help_text(const Command& root, const Command& command, const std::string& path) {
  std::string out = text::cat(command.help, ".\n\nUsage:\n  ", usage_text(command, path), "\n");
  if (!command.examples.empty()) {
    out += "\nExamples:\n";
    for (const auto& example : command.examples) out += text::cat("  ", example, "\n");
  }
  out += commands_text(command);
  if (!command.flags.empty()) out += text::cat("\nFlags:\n", flags_text(command.flags));
  if (&command != &root) out += text::cat("\nFlags of every command:\n", flags_text(root.flags));
  return out;
}

std::string man_page(const Command& root) {
  std::string out =
      text::cat(".TH NODECTL 1 \"\" \"Nodal " NODAL_VERSION
                "\" \"Nodal\"\n"
                ".SH NAME\nnodectl \\- ",
                troff(root.help), "\n.SH SYNOPSIS\n.B nodectl\n.I COMMAND\n[ARGUMENTS] [FLAGS]\n",
                ".SH FLAGS OF EVERY COMMAND\n");
  man_flags(root.flags, out);
  for (const auto& group : groups_of(root)) {
    std::string heading = group;
    for (char& c : heading) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    out += text::cat(".SH ", troff(heading), "\n");
    for (const auto& command : root.commands)
      if (command.group == group) man_command(command, text::cat("nodectl ", command.name), out);
  }
  out +=
      ".SH ENVIRONMENT\n"
      ".TP\n.B KUBECONFIG\nKubeconfig files, parted by colons; without it ~/.kube/config.\n"
      ".TP\n.B KUBE_EDITOR, EDITOR\nWhat edit starts; without them vi.\n"
      ".TP\n.B KUBECTL_EXTERNAL_DIFF\nWhat diff compares with; without it diff \\-u \\-N.\n"
      ".TP\n.B NO_COLOR\nNo colours on a terminal.\n"
      ".SH EXIT STATUS\n"
      "0 when all is done, 1 when something is not. diff: 0 without, 1 with differences, more when "
      "it failed.\n";
  return out;
}

}  // namespace nodal::nodectl
