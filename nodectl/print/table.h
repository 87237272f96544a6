// nodectl/print/table.h — the server's Tables as columns of text.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct TableOptions {
  bool wide = false, with_namespace = false, headings = true, show_labels = false;
  std::vector<std::string> label_columns;
  std::string name_prefix;  ///< "deployment.apps/", when several kinds are shown
};

/// Takes Tables of one kind; gives the text of what was added since it was last asked. Columns keep
/// their widths from text to text, so that the rows of a watch stand below each other.
class TablePrinter {
 public:
  explicit TablePrinter(TableOptions options) : options_(std::move(options)) {}

  void add(const boost::json::value& table);
  /// @param path  a field of the rows' objects
  /// @errors invalid
  Result<> sort(std::string_view path);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  std::string text();
  void drop_rows() { rows_.clear(); }

 private:
  struct Column {
    std::string name;
    bool shown = true;
  };
  [[nodiscard]] std::string line(const boost::json::value& row) const;
  [[nodiscard]] std::string heading() const;

  TableOptions options_;
  std::vector<Column> columns_;
  std::vector<boost::json::value> rows_;
  std::vector<std::size_t> widths_;
  bool headed_ = false;
};

}  // namespace nodal::nodectl
