// master/api/table/cells.h — what rows are made of: readers of documents that may lack anything,
// and the cells they fill.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace nodal::master::table {

using Object = boost::json::object;

[[nodiscard]] inline std::string_view view(boost::json::string_view s) {
  return {s.data(), s.size()};
}

// What is absent, or of another type, is empty, 0 or false.
[[nodiscard]] const Object& object_in(const Object& object, std::string_view key);
[[nodiscard]] const boost::json::array& list_in(const Object& object, std::string_view key);
[[nodiscard]] std::string string_in(const Object& object, std::string_view key);
[[nodiscard]] std::int64_t int_in(const Object& object, std::string_view key);
[[nodiscard]] bool bool_in(const Object& object, std::string_view key);

/// "<none>" for nothing.
[[nodiscard]] std::string or_none(std::string text);
/// "5m" since an RFC 3339 time; `absent` when it is none.
[[nodiscard]] std::string age_of(std::string_view time, TimePoint now,
                                 std::string_view absent = "<unknown>");
/// Since the object's creation.
[[nodiscard]] std::string age(const Object& object, TimePoint now);
/// A label selector: "app=web,tier in (a,b)", by key.
[[nodiscard]] std::string selector_text(const Object& selector);
/// "a=1,b=2", by key.
[[nodiscard]] std::string labels_text(const Object& labels);
/// The condition of that type; null when the status has none.
[[nodiscard]] const Object* condition(const Object& status, std::string_view type);

/// Cells as JSON text, in order.
class Cells {
 public:
  explicit Cells(std::string& out) : out_(out) { out_ += '['; }
  void text(std::string_view value);
  void number(std::int64_t value);
  void close() { out_ += ']'; }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string& out_;
  bool first_ = true;
};

}  // namespace nodal::master::table
