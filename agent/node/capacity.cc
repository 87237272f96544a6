// agent/node/capacity.cc — see capacity.h.
#include "agent/node/capacity.h"

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

std::string first_line(const std::string& path) {
  const auto text = file::read(path, 4096);
  return text ? std::string(text::trim(std::string_view(*text).substr(0, text->find('\n'))))
              : std::string();
}

// "MemTotal:  24000 kB" → bytes.
std::int64_t meminfo(std::string_view text, std::string_view name) {
  for (const auto line : text::split(text, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    auto value = text::trim(line.substr(name.size() + 1));
    value = value.substr(0, value.find(' '));
    return text::number<std::int64_t>(value).value_or(0) * 1024;
  }
  return 0;
}

// "0.20 0.18 0.12 1/80 11206" → 80: threads, which have process ids too (proc(5)).
std::int64_t tasks(std::string_view loadavg) {
  const auto slash = loadavg.find('/');
  if (slash == std::string_view::npos) return 0;
  const auto rest = loadavg.substr(slash + 1);
  return text::number<std::int64_t>(rest.substr(0, rest.find(' '))).value_or(0);
}

}  // namespace

Capacity read_capacity(const std::string& root_folder) {
  Capacity out;
  out.cpus = std::max<std::int64_t>(::sysconf(_SC_NPROCESSORS_ONLN), 1);
  if (const auto text = file::read("/proc/meminfo", 1 << 16)) {
    out.memory_bytes = meminfo(*text, "MemTotal");
    out.memory_available_bytes = meminfo(*text, "MemAvailable");
  }
  out.most_pids = text::number<std::int64_t>(first_line("/proc/sys/kernel/pid_max")).value_or(0);
  out.pids = tasks(first_line("/proc/loadavg"));
  struct statvfs disk {};
  if (::statvfs(root_folder.c_str(), &disk) == 0) {
    out.disk_bytes =
        static_cast<std::int64_t>(disk.f_blocks) * static_cast<std::int64_t>(disk.f_frsize);
    out.disk_free_bytes =
        static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
  }
  return out;
}

core_v1::NodeSystemInfo read_system_info() {
  core_v1::NodeSystemInfo out;
  utsname name{};
  ::uname(&name);
  out.kernel_version = name.release;
  out.operating_system = "linux";
  const std::string machine = name.machine;
  out.architecture = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
  out.machine_id = first_line("/etc/machine-id");
  out.system_uuid = first_line("/sys/class/dmi/id/product_uuid");
  if (out.system_uuid.empty()) out.system_uuid = out.machine_id;
  out.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  if (const auto text = file::read("/etc/os-release", 1 << 16))
    for (const auto line : text::split(*text, '\n'))
      if (line.starts_with("PRETTY_NAME=")) {
        out.os_image = line.substr(12);
        std::erase(out.os_image, '"');
      }
  return out;
}

}  // namespace nodal::agent
