// api-client/codec/label_selector.cc — see label_selector.h.
#include "api-client/codec/label_selector.h"

#include <algorithm>

#include "api-client/codec/names.h"
#include "base/text.h"

namespace nodal {
namespace {

// A cursor over the text; tokens are words and the signs = ! ( ) , < >.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  [[nodiscard]] bool end() {
    blanks();
    return at_ == text_.size();
  }
  bool take(char c) {
    blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view word() {
    blanks();
    const auto from = at_;
    while (at_ < text_.size() &&
           std::string_view(" \t=!(),<>").find(text_[at_]) == std::string_view::npos)
      ++at_;
    return text_.substr(from, at_ - from);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::unexpected<Error> bad(std::string_view why) {
  return fail(Errc::invalid, text::cat("unable to parse requirement: ", why));
}

}  // namespace

std::string label_key_problem(std::string_view key) { return names::qualified_name(key); }
std::string label_value_problem(std::string_view value) { return names::label_value(value); }

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  if (text.size() > (16u << 10)) return bad("the selector is too long");
  LabelSelector out;
  Scanner scan(text);
  while (!scan.end()) {
    if (out.requirements_.size() == 256) return bad("the selector has too many requirements");
    Requirement requirement;
    const bool absent = scan.take('!');
    const auto key = scan.word();
    if (key.empty()) return bad(text::cat("found '", text, "', expected: a label key"));
    if (const auto problem = label_key_problem(key); !problem.empty())
      return bad(text::cat("<nil>: Invalid value: \"", key, "\": ", problem));
    requirement.key = key;
    const auto one_value = [&] { requirement.values = {std::string(scan.word())}; };
    if (absent) {
      requirement.op = Operator::absent;
    } else if (scan.take('=')) {
      scan.take('=');
      one_value();
    } else if (scan.take('!')) {
      if (!scan.take('=')) return bad(text::cat("found '!' behind \"", key, "\", expected: !="));
      requirement.op = Operator::not_in;
      one_value();
    } else if (scan.take('>')) {
      requirement.op = Operator::greater;
      one_value();
    } else if (scan.take('<')) {
      requirement.op = Operator::less;
      one_value();
    } else {
      const auto word = scan.word();
      if (word.empty()) {
        requirement.op = Operator::exists;
      } else {
        if (word != "in" && word != "notin")
          return bad(text::cat("found '", word, "', expected: in, notin, =, ==, !=, >, <"));
        requirement.op = word == "in" ? Operator::in : Operator::not_in;
        if (!scan.take('('))
          return bad(text::cat("found nothing behind '", word, "', expected: '('"));
        do requirement.values.emplace_back(scan.word());
        while (scan.take(','));
        if (!scan.take(')')) return bad("expected: ',' or ')'");
      }
    }
    for (const auto& value : requirement.values) {
      if (const auto problem = label_value_problem(value); !problem.empty())
        return bad(text::cat("values[0][", key, "]: Invalid value: \"", value, "\": ", problem));
      if ((requirement.op == Operator::greater || requirement.op == Operator::less) &&
          !text::number<std::int64_t>(value))
        return bad(text::cat("values[0]: Invalid value: \"", value,
                             "\": for 'Gt', 'Lt' operators, the value must be an integer"));
    }
    out.requirements_.push_back(std::move(requirement));
    if (scan.end()) break;
    if (!scan.take(','))
      return bad(text::cat("found '", scan.word(), "', expected: ',' or the end"));
    if (scan.end()) return bad("found '', expected: a label key");
  }
  return out;
}

bool LabelSelector::matches(const Labels& labels) const {
  return std::ranges::all_of(requirements_, [&](const Requirement& r) {
    const auto value = labels(r.key);
    const auto listed = [&] {
      return value && std::ranges::find(r.values, *value) != r.values.end();
    };
    switch (r.op) {
      case Operator::in:
        return listed();
      case Operator::not_in:
        return !listed();
      case Operator::exists:
        return value.has_value();
      case Operator::absent:
        return !value;
      case Operator::greater:
      case Operator::less: {
        const auto have = value ? text::number<std::int64_t>(*value) : std::nullopt;
        const auto limit = text::number<std::int64_t>(r.values.front());
        return have && limit && (r.op == Operator::greater ? *have > *limit : *have < *limit);
      }
    }
    return false;
  });
}

}  // namespace nodal
