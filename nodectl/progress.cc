// nodectl/progress.cc — see progress.h.
#include "nodectl/progress.h"

#include <cstdio>

#include "base/text.h"
#include "nodectl/context.h"

namespace nodal::nodectl {

Progress::Progress(Shown shown)
    : terminal_(is_terminal()), shown_(terminal_ || shown == Shown::everywhere) {}

void Progress::print(const std::string& text) const {
  if (!shown_) return;
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

void Progress::begin(const std::string& what) {
  failed();
  what_ = what;
  since_ = std::chrono::steady_clock::now();
  if (terminal_) print(text::cat("  … ", what));
}

void Progress::done(const std::string& detail) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - since_);
  print(text::cat(terminal_ ? "\r" : "", "  ", good("✓"), " ", what_, detail.empty() ? "" : ": ",
                  detail, " (", took.count(), " ms)\n"));
  what_.clear();
}

void Progress::failed() {
  if (what_.empty()) return;
  print(text::cat(terminal_ ? "\r" : "", "  ", bad("✗"), " ", what_, "\n"));
  what_.clear();
}

}  // namespace nodal::nodectl
