// nodectl/print/table.cc — see table.h.
#include "nodectl/print/table.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "nodectl/context.h"
#include "nodectl/describe/page.h"
#include "nodectl/document.h"
#include "nodectl/print/format.h"
#include "nodectl/print/tabs.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

// One line without tabs: a cell cannot break the table.
std::string cell_text(const json::value& cell) {
  auto text = cell.is_null() ? std::string("<none>") : text_of(cell);
  if (const auto end = text.find_first_of("\n\r\f"); end != std::string::npos) {
    text.resize(end);
    text += "...";
  }
  for (char& c : text)
    if (c == '\t') c = ' ';
  return printable(text);
}

}  // namespace

void TablePrinter::add(const json::value& table) {
  // A server may have no Table of what it was asked for.
  if (text_at(table, "kind") != "Table") {
    columns_ = {{"Name", true}, {"Age", true}};
    rows_.push_back(json::object{
        {"cells",
         json::array{text_at(table, "metadata.name"),
                     age_of(text_at(table, "metadata.creationTimestamp"), SystemClock().now())}},
        {"object", table}});
    return;
  }
  // A watch's later Tables have no columns: they are those of the first.
  if (const auto& columns = list_at(table, "columnDefinitions"); !columns.empty()) {
    columns_.clear();
    for (const auto& column : columns)
      columns_.push_back(
          {text_at(column, "name"), options_.wide || int_at(column, "priority") == 0});
  }
  for (const auto& row : list_at(table, "rows")) rows_.push_back(row);
}

Result<> TablePrinter::sort(std::string_view path) {
  std::vector<const json::value*> objects;
  static const json::value kNone;
  for (const auto& row : rows_) {
    const auto* object = find(row, "object");
    objects.push_back(object != nullptr ? object : &kNone);
  }
  auto sorted = objects;
  NODAL_TRY(sort_objects(sorted, path));
  std::vector<json::value> rows;
  for (const auto* object : sorted)
    for (std::size_t i = 0; i < objects.size(); ++i)
      if (objects[i] == object) rows.push_back(rows_[i]);
  rows_ = std::move(rows);
  return {};
}

std::string TablePrinter::heading() const {
  std::vector<std::string> cells;
  if (options_.with_namespace) cells.emplace_back("NAMESPACE");
  for (const auto& column : columns_)
    if (column.shown) cells.push_back(upper(column.name));
  for (const auto& label : options_.label_columns) {
    const auto slash = label.rfind('/');
    cells.push_back(upper(slash == std::string::npos ? label : label.substr(slash + 1)));
  }
  if (options_.show_labels) cells.emplace_back("LABELS");
  return text::join(cells, "\t") + "\n";
}

std::string TablePrinter::line(const json::value& row) const {
  std::vector<std::string> cells;
  if (options_.with_namespace) cells.push_back(text_at(row, "object.metadata.namespace"));
  const auto& values = list_at(row, "cells");
  bool first = true;
  for (std::size_t i = 0; i < values.size() && i < columns_.size(); ++i)
    if (columns_[i].shown) {
      cells.push_back(text::cat(first ? options_.name_prefix : "", cell_text(values[i])));
      first = false;
    }
  const auto& labels = object_at(row, "object.metadata.labels");
  for (const auto& label : options_.label_columns) {
    const auto* value = labels.if_contains(label);
    cells.push_back(value == nullptr ? "" : printable(text_of(*value)));
  }
  if (options_.show_labels) {
    const auto all = label_text(labels);
    cells.push_back(all.empty() ? "<none>" : printable(all));
  }
  return text::join(cells, "\t") + "\n";
}

std::string TablePrinter::text() {
  std::string out;
  if (options_.headings && !headed_ && !rows_.empty()) {
    out += heading();
    headed_ = true;
  }
  for (const auto& row : rows_) out += line(row);
  rows_.clear();
  return align_tabs(out, 6, 3, &widths_);
}

}  // namespace nodal::nodectl
