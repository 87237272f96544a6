// nodectl/copy/paths.cc — see paths.h.
#include "nodectl/copy/paths.h"

#include <filesystem>

#include "base/text.h"

namespace nodal::nodectl {

Result<CopyPlace> parse_place(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return CopyPlace{"", "", std::string(text)};
  const auto pod = text.substr(0, colon);
  const auto slash = pod.find('/');
  CopyPlace out{"", std::string(pod), std::string(text.substr(colon + 1))};
  if (slash != std::string_view::npos) {
    out.ns = pod.substr(0, slash);
    out.pod = pod.substr(slash + 1);
  }
  if (out.pod.empty() || out.pod.find('/') != std::string::npos ||
      (slash != std::string_view::npos && out.ns.empty()))
    return fail(Errc::invalid,
                text::cat("filespec must match the canonical format: [[namespace/]pod:]file/path; ",
                          "a file here whose name has a colon is ./", text));
  return out;
}

std::string clean_path(std::string_view path) {
  auto out = std::filesystem::path(path).lexically_normal().string();
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out.empty() ? "." : out;
}

std::string folder_of(std::string_view path) {
  const auto clean = clean_path(path);
  const auto slash = clean.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : clean.substr(0, slash);
}

std::string last_of(std::string_view path) {
  const auto clean = clean_path(path);
  return clean == "/" ? clean : clean.substr(clean.rfind('/') + 1);
}

std::string joined_path(std::string_view folder, std::string_view more) {
  return clean_path(text::cat(folder, "/", more));
}

std::string prefix_in_archive(std::string_view file) {
  while (file.starts_with('/')) file.remove_prefix(1);
  auto out = clean_path(file);
  while (out.starts_with("../")) out.erase(0, 3);
  return out == "." || out == ".." ? "" : out;
}

std::optional<std::string> after_prefix(std::string_view name, std::string_view prefix) {
  while (name.starts_with('/') || name.starts_with("./")) name.remove_prefix(1);
  if (name == ".") name = "";
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  if (!prefix.empty() && !name.empty() && !name.starts_with('/')) return std::nullopt;
  while (name.starts_with('/')) name.remove_prefix(1);
  return std::string(name);
}

std::optional<std::string> landing(std::string_view target, std::string_view rest) {
  const auto inside = clean_path(rest);
  if (inside == ".") return clean_path(target);
  if (inside == ".." || inside.starts_with("../") || inside.starts_with('/')) return std::nullopt;
  return joined_path(target, inside);
}

}  // namespace nodal::nodectl
