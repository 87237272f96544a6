// master/store/expiry.cc — see expiry.h.
#include "master/store/expiry.h"

namespace nodal::master {
namespace {

constexpr int kPage = 500;

}  // namespace

Result<std::size_t> Expiry::run(TimePoint now) {
  marks_.push_back({now, kv_.revision()});
  while (marks_.size() > 1 && marks_[1].at + life_ <= now) marks_.pop_front();
  if (marks_.front().at + life_ > now) return std::size_t{0};
  const Revision old = marks_.front().newest;
  std::size_t count = 0;
  std::string after;
  for (bool more = true; more;) {
    const auto page = NODAL_TRY(kv_.list(prefix_, 0, after, kPage));
    more = page.more;
    for (const auto& entry : page.entries) {
      after = entry.key;
      if (entry.modified > old) continue;
      const auto erased = kv_.erase(entry.key, Expect::at(entry.modified));
      if (erased) ++count;
      // Written or removed meanwhile: not ours any more.
      if (!erased && erased.error().code != Errc::conflict &&
          erased.error().code != Errc::not_found)
        return std::unexpected(erased.error());
    }
  }
  return count;
}

}  // namespace nodal::master
