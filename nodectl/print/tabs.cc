// nodectl/print/tabs.cc — see tabs.h.
#include "nodectl/print/tabs.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::nodectl {
namespace {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string align_tabs(std::string_view text, std::size_t minimum, std::size_t padding,
                       std::vector<std::size_t>* remembered) {
  const bool ends = text.ends_with('\n');
  if (ends) text.remove_suffix(1);
  std::vector<std::vector<std::string_view>> lines;
  for (const auto line : text::split(text, '\n')) {
    lines.push_back(text::split(line, '\t'));
    if (lines.back().empty()) lines.back().emplace_back();
  }
  std::vector<std::vector<std::size_t>> widths(lines.size());
  std::size_t columns = 0;
  for (const auto& line : lines) columns = std::max(columns, line.size() - 1);
  for (std::size_t column = 0; column < columns; ++column) {
    for (std::size_t first = 0; first < lines.size();) {
      if (lines[first].size() <= column + 1) {
        ++first;
        continue;
      }
      std::size_t end = first, width = minimum;
      for (; end < lines.size() && lines[end].size() > column + 1; ++end)
        width = std::max(width, width_of(lines[end][column]) + padding);
      if (remembered != nullptr) {
        if (remembered->size() <= column) remembered->resize(column + 1);
        width = (*remembered)[column] = std::max(width, (*remembered)[column]);
      }
      for (; first < end; ++first) widths[first].push_back(width);
    }
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t j = 0; j < lines[i].size(); ++j) {
      out += lines[i][j];
      if (j < widths[i].size()) out.append(widths[i][j] - width_of(lines[i][j]), ' ');
    }
    if (i + 1 < lines.size() || ends) out += '\n';
  }
  return out;
}

}  // namespace nodal::nodectl
