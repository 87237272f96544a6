// agent/node/lease.cc — see lease.h.
#include "agent/node/lease.h"

#include <algorithm>

#include "api-client/codec/time.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/text.h"
#include "gen/coordination_v1.h"

namespace nodal::agent {
namespace {

constexpr std::chrono::milliseconds kRetry{200};
constexpr int kLeaseSeconds = 40;
constexpr const char* kLeaseNamespace = "kube-node-lease";

}  // namespace

NodeLease::NodeLease(std::string node, std::shared_ptr<client::Client> client, const Clock& clock,
                     std::chrono::milliseconds period)
    : node_(std::move(node)), client_(std::move(client)), clock_(clock), period_(period) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    name_thread("lease");
    run(stop);
  });
}

NodeLease::~NodeLease() {
  thread_.request_stop();
  thread_.join();
}

void NodeLease::hold(std::string node_uid) {
  const std::lock_guard lock(mutex_);
  node_uid_ = std::move(node_uid);
  changed_.notify_all();
}

void NodeLease::release() { hold(""); }

void NodeLease::run(const std::stop_token& stop) {
  auto retry = kRetry;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (!changed_.wait(lock, stop, [this] { return !node_uid_.empty(); })) return;
    const auto uid = node_uid_;
    lock.unlock();
    const auto renewed = renew(uid);
    if (!renewed)
      log::warn("the node's lease cannot be renewed; trying again",
                {{"error", renewed.error().message}, {"wait_ms", retry.count()}});
    lock.lock();
    changed_.wait_for(lock, stop, renewed ? period_ : retry,
                      [&] { return node_uid_ != uid && !node_uid_.empty(); });
    retry = renewed ? kRetry : std::min(retry * 2, period_);
  }
}

Result<> NodeLease::renew(const std::string& node_uid) {
  const auto now = clock_.now();
  const auto patch = [&] {
    return client_->patch<coordination_v1::Lease>(
        kLeaseNamespace, node_, client::PatchType::merge,
        text::cat(R"({"spec":{"renewTime":")", format_micro_time(now), "\"}}"));
  };
  if (exists_) {
    const auto patched = patch();
    if (patched) return {};
    if (patched.error().code != Errc::not_found) return wrap("renew the lease", patched.error());
    exists_ = false;
  }
  coordination_v1::Lease lease;
  lease.metadata.namespace_ = kLeaseNamespace;
  lease.metadata.name = node_;
  meta_v1::OwnerReference owner;
  owner.api_version = "v1";
  owner.kind = "Node";
  owner.name = node_;
  owner.uid = node_uid;
  lease.metadata.owner_references = {owner};
  lease.spec.holder_identity = node_;
  lease.spec.lease_duration_seconds = kLeaseSeconds;
  lease.spec.renew_time = now;
  auto made = client_->create(lease);
  // One that is there already is of before: an agent that was away says at once that it is back.
  if (!made && made.error().code == Errc::already_exists) made = patch();
  if (!made) return wrap("make the lease", made.error());
  exists_ = true;
  return {};
}

}  // namespace nodal::agent
