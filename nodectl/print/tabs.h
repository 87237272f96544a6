// nodectl/print/tabs.h — text whose cells end in tabs, laid out in columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nodal::nodectl {

/// Elastic tab stops: a cell is what a tab ends; cells of one column in consecutive lines are as
/// wide as the widest of them and `padding` blanks more, `minimum` at least. The text after a
/// line's last tab is no cell. Widths count characters of UTF-8.
/// @param remembered  widths that columns keep from one text to the next (rows of a watch); may be
/// null. Pure but for it.
/// @source Go's text/tabwriter, which kubectl prints with
std::string align_tabs(std::string_view text, std::size_t minimum, std::size_t padding,
                       std::vector<std::size_t>* remembered = nullptr);

}  // namespace nodal::nodectl
