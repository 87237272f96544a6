// master/registry/strategy/security.cc — what a security context may ask for.
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

// A profile that a file or a name on the node stands for.
void check_profile(const json::object& context, std::string_view member, std::string_view called,
                   const std::string& at, Report& report) {
  const auto* profile = object_in(context, member);
  if (!profile) return;
  const auto field = text::cat(at, ".", member, ".localhostProfile");
  const bool given = profile->contains("localhostProfile");
  if (string_in(*profile, "type") != "Localhost") {
    if (given)
      report.invalid(field, string_in(*profile, "localhostProfile"),
                     text::cat("can only be set when ", called, " type is Localhost"));
    return;
  }
  const auto name = string_in(*profile, "localhostProfile");
  if (text::trim(name).empty())
    return report.required(field, text::cat("must be set when ", called, " type is Localhost"));
  // An AppArmor profile is a name in the kernel, not a file.
  if (member == "seccompProfile") return check_inner_path(name, field, report);
  if (text::trim(name) != name) report.invalid(field, name, "must not be padded with whitespace");
}

constexpr std::size_t kLongestSysctl = 253;

// Words of lower-case letters, digits, "-" and "_", between dots or slashes.
bool is_sysctl(std::string_view name) {
  const auto ends_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto in_word = [&](char c) { return ends_word(c) || c == '-' || c == '_'; };
  if (name.empty() || name.size() > kLongestSysctl) return false;
  while (true) {
    const auto end = name.find_first_of("./");
    const auto word = name.substr(0, end);
    if (word.empty() || !ends_word(word.front()) || !ends_word(word.back()) ||
        !std::ranges::all_of(word, in_word))
      return false;
    if (end == std::string_view::npos) return true;
    name.remove_prefix(end + 1);
  }
}

void check_sysctls(const json::object& context, const std::string& at, Report& report) {
  Names names;
  each(context, "sysctls", at, [&](const json::object& sysctl, const std::string& field) {
    const auto name = string_in(sysctl, "name");
    if (name.empty()) return report.required(field + ".name");
    if (!is_sysctl(name))
      return report.invalid(
          field + ".name", name,
          text::cat("must have at most ", kLongestSysctl,
                    " characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*"
                    "[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"));
    std::string plain(name);
    std::ranges::replace(plain, '/', '.');
    if (!names.insert(plain).second) report.duplicate(field + ".name", name);
  });
}

}  // namespace

void validate_security_context(const json::object& owner, const std::string& path, Report& report) {
  const auto* context = object_in(owner, "securityContext");
  if (!context) return;
  const auto at = path + ".securityContext";
  check_profile(*context, "seccompProfile", "seccomp", at, report);
  check_profile(*context, "appArmorProfile", "AppArmor", at, report);
  check_sysctls(*context, at, report);
  const auto* escalation = context->if_contains("allowPrivilegeEscalation");
  if (!escalation || !escalation->is_bool() || escalation->get_bool()) return;
  if (bool_in(*context, "privileged"))
    report.add("FieldValueInvalid", at,
               text::cat("Invalid value: ", json::serialize(*context),
                         ": cannot set `allowPrivilegeEscalation` to false and `privileged` to "
                         "true"));
  const auto* capabilities = object_in(*context, "capabilities");
  const auto* added = capabilities ? list_in(*capabilities, "add") : nullptr;
  if (added && std::ranges::find(*added, json::value("CAP_SYS_ADMIN")) != added->end())
    report.add("FieldValueInvalid", at,
               text::cat("Invalid value: ", json::serialize(*context),
                         ": cannot set `allowPrivilegeEscalation` to false and "
                         "`capabilities.Add` CAP_SYS_ADMIN"));
}

}  // namespace nodal::master
