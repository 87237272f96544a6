// nodectl/describe/page.h — the text of one described object: lines at levels, with cells ended by
// tabs.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/text.h"

namespace nodal::nodectl {

class Page {
 public:
  /// One line; a level is two blanks.
  template <class... Parts>
  void line(std::size_t level, const Parts&... parts) {
    text_.append(level * 2, ' ');
    text_ += text::cat(parts...);
    text_ += '\n';
  }
  void blank() { text_ += '\n'; }
  /// "Labels:  a=b" and the further ones below it; "<none>" for none.
  void labels(std::string_view indent, std::string_view title, const boost::json::object& labels);
  /// As labels, long and many-lined values below their keys and cut; without what `apply` keeps
  /// for itself.
  void annotations(std::string_view indent, std::string_view title,
                   const boost::json::object& annotations);
  /// The columns set.
  [[nodiscard]] std::string text() const;
  /// The tabs left.
  [[nodiscard]] const std::string& raw() const { return text_; }

 private:
  std::string text_;
};

/// "<none>" for "".
std::string or_none(std::string_view text);
/// "Mon, 23 Nov 2026 20:01:00 +0000" of an RFC 3339 time, in the zone of this machine; what
/// is no time as it is.
std::string long_time(std::string_view time);
/// As long_time; "" is the year 1, as Go has it.
std::string time_or_zero(std::string_view time);
/// "5m" since an RFC 3339 time; "<unknown>" for what is none.
std::string age_of(std::string_view time, TimePoint now);

}  // namespace nodal::nodectl
