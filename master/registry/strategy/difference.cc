// master/registry/strategy/difference.cc — see difference.h.
#include "master/registry/strategy/difference.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "master/registry/same.h"

namespace nodal::master {
namespace json = boost::json;
namespace {

constexpr std::size_t kMostFields = 16;
constexpr std::size_t kLongestValue = 160;  ///< bytes

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void values(const json::value* before, const json::value* now) {
    if (fields_ >= kMostFields || (before && now && same(*before, *now))) return;
    if (before && now && before->is_object() && now->is_object())
      return objects(before->get_object(), now->get_object());
    if (before && now && before->is_array() && now->is_array() &&
        before->get_array().size() == now->get_array().size()) {
      for (std::size_t i = 0; i < now->get_array().size(); ++i)
        below(text::cat("[", i, "]"), &before->get_array()[i], &now->get_array()[i]);
      return;
    }
    ++fields_;
    if (before) line('-', *before);
    if (now) line('+', *now);
    if (fields_ == kMostFields) out_ += "  \t...\n";
  }

  void objects(const json::object& before, const json::object& now) {
    for (const auto& [key, value] : before) member(key, &value, now.if_contains(key));
    for (const auto& [key, value] : now)
      if (!before.contains(key)) member(key, nullptr, &value);
  }

 private:
  void member(std::string_view key, const json::value* before, const json::value* now) {
    below(text::cat(path_.empty() ? "" : ".", key), before, now);
  }
  void below(std::string_view step, const json::value* before, const json::value* now) {
    const std::size_t size = path_.size();
    path_ += step;
    values(before, now);
    path_.resize(size);
  }
  void line(char sign, const json::value& value) {
    std::string shown = json::serialize(value);
    if (shown.size() > kLongestValue) {
      std::size_t end = kLongestValue;
      while (end > 0 && (shown[end] & 0xc0) == 0x80) --end;  // not within a character
      shown.resize(end);
      shown += "...";
    }
    out_ += text::cat(std::string_view(&sign, 1), " \t", path_, ": ", shown, ",\n");
  }

  std::string& out_;
  std::string path_;
  std::size_t fields_ = 0;
};

}  // namespace

std::string difference(std::string_view type, const json::object& before, const json::object& now) {
  std::string out = text::cat("  ", type, "{\n");
  Writer(out).objects(before, now);
  out += "  }\n";
  return out;
}

}  // namespace nodal::master
