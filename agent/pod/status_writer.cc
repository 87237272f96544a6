// agent/pod/status_writer.cc — see status_writer.h.
#include "agent/pod/status_writer.h"

#include "agent/pod/status_patch.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

// @source resourceVersion: numbers that grow, in every server that stores in one sequence
bool is_older(const core_v1::Pod& a, const core_v1::Pod& b) {
  const auto of_a = text::number<std::uint64_t>(a.metadata.resource_version);
  const auto of_b = text::number<std::uint64_t>(b.metadata.resource_version);
  return of_a && of_b && *of_a < *of_b;
}

}  // namespace

std::shared_ptr<const core_v1::Pod> StatusWriter::newest(
    std::shared_ptr<const core_v1::Pod> mirrored) const {
  const std::lock_guard lock(mutex_);
  const auto it = written_.find(mirrored->metadata.uid);
  return it != written_.end() && is_older(*mirrored, *it->second) ? it->second : mirrored;
}

Result<> StatusWriter::write(const core_v1::Pod& before, const core_v1::Pod& after) {
  auto patch = NODAL_TRY(status_patch(before, after));
  if (patch == "{}") return {};
  const auto& uid = before.metadata.uid;
  patch.insert(1, text::cat(R"("metadata":{"uid":")", uid, R"("},)"));
  {
    // Before it is sent: the change may be told sooner than the answer comes.
    const std::lock_guard lock(mutex_);
    written_[uid] = std::make_shared<const core_v1::Pod>(after);
  }
  auto answer = client_->patch<core_v1::Pod>(before.metadata.namespace_, before.metadata.name,
                                             client::PatchType::strategic, patch, "status");
  const std::lock_guard lock(mutex_);
  if (answer) {
    answer->metadata.managed_fields.clear();
    written_[uid] = std::make_shared<const core_v1::Pod>(std::move(*answer));
    return {};
  }
  written_.erase(uid);
  if (answer.error().code == Errc::not_found || answer.error().code == Errc::conflict) return {};
  return wrap("report status", answer.error());
}

bool StatusWriter::stands(const core_v1::Pod& now) const {
  std::shared_ptr<const core_v1::Pod> written;
  {
    const std::lock_guard lock(mutex_);
    const auto it = written_.find(now.metadata.uid);
    if (it == written_.end()) return true;
    written = it->second;
  }
  return !is_older(*written, now) || still_tells(now.status, written->status);
}

void StatusWriter::forget(const std::string& uid) {
  const std::lock_guard lock(mutex_);
  written_.erase(uid);
}

}  // namespace nodal::agent
