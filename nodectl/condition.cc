// nodectl/condition.cc — see condition.h.
#include "nodectl/condition.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {

Result<Condition> Condition::parse(std::string_view text) {
  Condition out;
  const auto lower = text::lower(text);
  if (lower == "delete") {
    out.kind_ = Kind::absent;
    return out;
  }
  if (lower == "create") {
    out.kind_ = Kind::present;
    return out;
  }
  if (text.starts_with("condition=")) {
    text.remove_prefix(10);
    const auto equals = text.find('=');
    out.name_ = std::string(text.substr(0, equals));
    if (equals != std::string_view::npos) out.value_ = std::string(text.substr(equals + 1));
    return out;
  }
  if (text.starts_with("jsonpath=")) {
    text.remove_prefix(9);
    out.kind_ = Kind::path;
    // The value follows the closing brace; without braces, the last "=" that stands in no filter.
    const auto brace = text.rfind('}');
    const auto equals =
        brace == std::string_view::npos ? text.find_last_of("=])") : text.find('=', brace);
    const bool has_value = equals != std::string_view::npos && text[equals] == '=';
    out.any_value_ = !has_value;
    out.path_ = NODAL_TRY(JsonPath::parse_relaxed(has_value ? text.substr(0, equals) : text));
    if (has_value) {
      out.value_ = std::string(text.substr(equals + 1));
      if (out.value_.empty()) return fail(Errc::invalid, "jsonpath wait value cannot be empty");
    }
    return out;
  }
  return fail(Errc::invalid,
              text.empty() ? std::string("--for is needed: condition=NAME, jsonpath=TEMPLATE, "
                                         "delete or create")
                           : text::cat("unrecognized condition: \"", text, "\""));
}

Result<bool> Condition::holds(const boost::json::value* object) const {
  if (kind_ == Kind::absent) return object == nullptr;
  if (object == nullptr) return false;
  if (kind_ == Kind::present) return true;
  if (kind_ == Kind::condition) {
    for (const auto& condition : list_at(*object, "status.conditions"))
      if (text::lower(text_at(condition, "type")) == text::lower(name_)) {
        // What was true of an older form of the object says nothing.
        const auto seen =
            int_at(condition, "observedGeneration", int_at(*object, "status.observedGeneration"));
        if (seen > 0 && seen < int_at(*object, "metadata.generation")) return false;
        return text::lower(text_at(condition, "status")) == text::lower(value_);
      }
    return false;
  }
  const auto values = path_->find(*object);
  if (!values || values->empty()) return false;
  if (values->size() > 1)
    return fail(Errc::invalid, "given jsonpath expression matches more than one value");
  if (any_value_) return true;
  if (values->front()->is_structured())
    return fail(Errc::invalid, "jsonpath leads to a nested object or list which is not supported");
  return path_text(*values->front()) == value_;
}

}  // namespace nodal::nodectl
