// master/controllers/unseen.cc — see unseen.h.
#include "master/controllers/unseen.h"

namespace nodal::master::controllers {

void Unseen::add(const std::string& owner, const std::string& uid, const std::string& object,
                 TimePoint now) {
  const std::lock_guard lock(mutex_);
  writes_[owner].insert_or_assign(uid, Write{object, now});
}

void Unseen::gone(std::string_view uid) {
  const std::lock_guard lock(mutex_);
  for (auto& [owner, writes] : writes_)
    if (const auto it = writes.find(uid); it != writes.end()) writes.erase(it);
}

bool Unseen::is_waiting(
    const std::string& owner,
    const std::function<bool(const std::string& object, const std::string& uid)>& is_seen,
    TimePoint now) {
  const std::lock_guard lock(mutex_);
  const auto it = writes_.find(owner);
  if (it == writes_.end()) return false;
  std::erase_if(it->second, [&](const auto& entry) {
    const auto& [uid, write] = entry;
    return now - write.at >= kLongest || is_seen(write.object, uid);
  });
  if (!it->second.empty()) return true;
  writes_.erase(it);
  return false;
}

void Unseen::forget(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  writes_.erase(owner);
}

}  // namespace nodal::master::controllers
