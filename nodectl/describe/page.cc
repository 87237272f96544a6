// nodectl/describe/page.cc — see page.h.
#include "nodectl/describe/page.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <ctime>

#include "api-client/codec/time.h"
#include "nodectl/document.h"
#include "nodectl/print/tabs.h"

namespace nodal::nodectl {

namespace json = boost::json;

namespace {
constexpr std::size_t kLongest = 140;  // of an annotation's line
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
}  // namespace

void Page::labels(std::string_view indent, std::string_view title, const json::object& labels) {
  std::string lead = text::cat(indent, title, ":\t");
  if (labels.empty()) return line(0, lead, "<none>");
  for (const auto& key : keys_of(labels)) {
    line(0, lead, key, "=", text_of(labels.at(key)));
    lead = "\t";
  }
}

void Page::annotations(std::string_view indent, std::string_view title,
                       const json::object& annotations) {
  std::string lead = text::cat(indent, title, ":\t");
  bool any = false;
  for (const auto& key : keys_of(annotations)) {
    if (key == kLastApplied) continue;
    any = true;
    std::string value = text_of(annotations.at(key));
    if (value.ends_with('\n')) value.pop_back();
    if (key.size() + value.size() + 2 <= kLongest && value.find('\n') == std::string::npos) {
      line(0, lead, key, ": ", value);
    } else {
      line(0, lead, key, ":");
      for (const auto part : text::split(value, '\n'))
        line(0, "\t  ", part.substr(0, kLongest - 2), part.size() > kLongest - 2 ? "..." : "");
    }
    lead = "\t";
  }
  if (!any) line(0, lead, "<none>");
}

std::string Page::text() const { return align_tabs(text_, 0, 2); }

std::string or_none(std::string_view text) {
  return text.empty() ? std::string("<none>") : std::string(text);
}

std::string long_time(std::string_view time) {
  const auto at = parse_time(time);
  if (!at) return std::string(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(*at));
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char out[64];
  return {out, std::strftime(out, sizeof out, "%a, %d %b %Y %H:%M:%S %z", &parts)};
}

std::string time_or_zero(std::string_view time) {
  return time.empty() ? "Mon, 01 Jan 0001 00:00:00 +0000" : long_time(time);
}

std::string age_of(std::string_view time, TimePoint now) {
  const auto at = parse_time(time);
  return at ? human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *at))
            : "<unknown>";
}

}  // namespace nodal::nodectl
