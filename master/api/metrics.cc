// master/api/metrics.cc — see metrics.h.
#include "master/api/metrics.h"

#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "base/text.h"

namespace nodal::master {
namespace {

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", value);
  return buffer;
}

}  // namespace

void Metrics::count(std::string_view verb, std::string_view resource, int code, double seconds) {
  const std::lock_guard lock(mutex_);
  const auto key = std::tuple<std::string_view, std::string_view, int>(verb, resource, code);
  auto it = requests_.find(key);
  if (it == requests_.end())
    it = requests_.try_emplace({std::string(verb), std::string(resource), code}).first;
  ++it->second.count;
  it->second.seconds += seconds;
}

std::string Metrics::text() const {
  std::string out =
      "# HELP apiserver_request_total Requests answered, by verb, resource and status.\n"
      "# TYPE apiserver_request_total counter\n";
  std::string sums =
      "# HELP apiserver_request_duration_seconds_sum Time until the answer was handed over.\n"
      "# TYPE apiserver_request_duration_seconds_sum counter\n";
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, series] : requests_) {
      const auto& [verb, resource, code] = key;
      const std::string labels =
          text::cat("{verb=\"", verb, "\",resource=\"", resource, "\",code=\"", code, "\"} ");
      out += text::cat("apiserver_request_total", labels, series.count, "\n");
      sums +=
          text::cat("apiserver_request_duration_seconds_sum", labels, number(series.seconds), "\n");
    }
  }
  out += sums;
  out += text::cat(
      "# HELP apiserver_longrunning_requests Watches that are open.\n# TYPE "
      "apiserver_longrunning_requests gauge\n"
      "apiserver_longrunning_requests{verb=\"watch\"} ",
      watches.load(), "\n");
  if (const auto statm = file::read("/proc/self/statm")) {
    const auto fields = text::split(*statm, ' ');
    if (fields.size() > 1)
      out += text::cat(
          "# HELP process_resident_memory_bytes Resident memory.\n# TYPE "
          "process_resident_memory_bytes gauge\n"
          "process_resident_memory_bytes ",
          text::number<std::uint64_t>(fields[1]).value_or(0) *
              static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)),
          "\n");
  }
  return out;
}

}  // namespace nodal::master
