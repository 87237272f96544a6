// nodectl/marks.cc — see marks.h.
#include "nodectl/marks.h"

#include <algorithm>

#include "api-client/codec/names.h"
#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {

Result<Marks> take_marks(std::vector<std::string>& words, std::string_view what) {
  Marks out;
  std::vector<std::string> objects;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos && !word.ends_with('-')) {
      if (!out.set.empty() || !out.removed.empty())
        return fail(Errc::invalid,
                    text::cat("all resources must be specified before ", what, " changes: ", word));
      objects.push_back(word);
      continue;
    }
    const auto key =
        equals == std::string::npos ? word.substr(0, word.size() - 1) : word.substr(0, equals);
    if (equals == std::string::npos) {
      out.removed.push_back(key);
      continue;
    }
    const auto value = word.substr(equals + 1);
    if (what == "label")
      if (const auto problem = names::label_value(value); !problem.empty())
        return fail(Errc::invalid, text::cat("invalid label value: \"", word, "\": ", problem));
    out.set.emplace_back(key, value);
  }
  for (const auto& [key, value] : out.set)
    if (std::ranges::find(out.removed, key) != out.removed.end())
      return fail(Errc::invalid,
                  text::cat("can not both modify and remove a ", what, " in the same command"));
  words = std::move(objects);
  return out;
}

Result<boost::json::object> marked(boost::json::object now, const Marks& marks, bool overwrite,
                                   std::vector<std::string>& missing) {
  for (const auto& [key, value] : marks.set) {
    const auto* old = now.if_contains(key);
    if (old != nullptr && !overwrite && text_of(*old) != value)
      return fail(Errc::conflict,
                  text::cat("'", key, "' already has a value (", text_of(*old), ")"));
    now[key] = value;
  }
  for (const auto& key : marks.removed)
    if (now.erase(key) == 0) missing.push_back(key);
  return now;
}

}  // namespace nodal::nodectl
