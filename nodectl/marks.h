// nodectl/marks.h — changes of labels or annotations, as typed: key=value and key-. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct Marks {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> removed;
};

/// The words that say what is changed, taken out of `words`; the objects stay.
/// @param what  "label" or "annotation", for the errors
/// @errors invalid: a value that no label may have, a key set and removed at once
Result<Marks> take_marks(std::vector<std::string>& words, std::string_view what);

/// The changed map.
/// @param missing  gets the removed keys that were not there
/// @errors conflict when a key has another value and may not be overwritten
Result<boost::json::object> marked(boost::json::object now, const Marks& marks, bool overwrite,
                                   std::vector<std::string>& missing);

}  // namespace nodal::nodectl
