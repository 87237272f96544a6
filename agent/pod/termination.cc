// agent/pod/termination.cc — see termination.h.
#include "agent/pod/termination.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "agent/pod/facts.h"
#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::size_t kLongest = 4096;
constexpr std::size_t kLongestTogether = 12u << 10;
constexpr std::size_t kLongestOfLog = 2048;
constexpr std::int64_t kLinesOfLog = 80;
constexpr std::size_t kMostOfLog = 1u << 20;  ///< read while looking for the last lines

std::string last_of_log(const std::string& id, std::size_t longest, Runtime& runtime) {
  Runtime::LogOptions options;
  options.tail_lines = kLinesOfLog;
  std::string out;
  std::size_t read = 0;
  const auto take = [&](std::string_view bytes) {
    out += bytes;
    read += bytes.size();
    if (out.size() > longest) out.erase(0, out.size() - longest);
    return read < kMostOfLog;
  };
  // Without its log the container has said nothing.
  if (!runtime.logs(id, options, take, {})) return {};
  // The first character may have been cut.
  while (!out.empty() && (static_cast<unsigned char>(out.front()) & 0xC0) == 0x80) out.erase(0, 1);
  return out;
}

}  // namespace

std::size_t longest_termination_message(const core_v1::Pod& pod) {
  const std::size_t count = pod.spec.containers.size() + pod.spec.init_containers.size();
  return std::min(kLongest, kLongestTogether / std::max<std::size_t>(count, 1));
}

std::string printable(std::string bytes) {
  for (int cut = 0; cut < 4; ++cut) {
    const auto head = std::string_view(bytes).substr(
        0, bytes.size() - std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(cut)));
    if (text::is_utf8(head)) return std::string(head);
  }
  for (char& c : bytes)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return bytes;
}

std::string Terminations::file_of(std::string_view container, std::uint32_t attempt) const {
  return text::cat(folder_, "/containers/", container, "/termination-", attempt);
}

Result<std::optional<Mount>> Terminations::prepare(const core_v1::Container& container,
                                                   std::uint32_t attempt) const {
  if (container.termination_message_path.empty()) return std::nullopt;
  const auto path = file_of(container.name, attempt);
  NODAL_TRY(file::make_folders(path.substr(0, path.rfind('/')), 0755));
  NODAL_TRY(file::write(path, "", 0666));
  if (::chmod(path.c_str(), 0666) != 0) return fail_errno(errno, text::cat("open up ", path));
  Mount mount;
  mount.host_path = path;
  mount.container_path = container.termination_message_path.starts_with('/')
                             ? container.termination_message_path
                             : text::cat("/", container.termination_message_path);
  return mount;
}

std::string Terminations::read(const core_v1::Container& container, const SeenContainer& seen,
                               std::size_t longest, Runtime& runtime) const {
  if (container.termination_message_path.empty()) return {};
  std::string out(longest, '\0');
  const UniqueFd fd(::open(file_of(seen.name, seen.attempt).c_str(),
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const ssize_t size = fd ? ::read(fd.get(), out.data(), out.size()) : 0;
  out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  if (out.empty() && seen.exit_code != 0 &&
      container.termination_message_policy == "FallbackToLogsOnError")
    out = last_of_log(seen.id, std::min(longest, kLongestOfLog), runtime);
  return printable(std::move(out));
}

std::map<std::string, std::string> Terminations::messages(const core_v1::Pod& pod,
                                                          const SeenPod& seen, Runtime& runtime) {
  std::map<std::string, std::string> out;
  for (const auto& one : seen.containers) {
    if (one.state != ContainerState::exited || !one.told_reason.empty()) continue;
    const auto container = find_container(pod, one.name);
    if (!container) continue;
    auto it = known_.find(one.id);
    if (it == known_.end())
      it = known_.emplace(one.id, read(*container, one, longest_termination_message(pod), runtime))
               .first;
    if (!it->second.empty()) out.insert(*it);
  }
  return out;
}

void Terminations::forget(const SeenContainer& container) {
  known_.erase(container.id);
  static_cast<void>(file::remove(file_of(container.name, container.attempt)));
}

}  // namespace nodal::agent
