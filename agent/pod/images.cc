// agent/pod/images.cc — see images.h.
#include "agent/pod/images.h"

#include <algorithm>

#include "agent/pod/pull_secrets.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr int kPullsAtOnce = 4;

}  // namespace

std::string pull_time(std::chrono::nanoseconds time) {
  const auto ms = std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time).count(), 0);
  if (ms == 0) return "0s";
  if (ms < 1000) return text::cat(ms, "ms");
  std::string out;
  if (ms >= 3'600'000) out += text::cat(ms / 3'600'000, "h");
  if (ms >= 60'000) out += text::cat(ms / 60'000 % 60, "m");
  out += text::cat(ms / 1000 % 60);
  if (const auto rest = ms % 1000; rest != 0) {
    auto digits = text::cat(1000 + rest).substr(1);
    while (digits.ends_with('0')) digits.pop_back();
    out += text::cat(".", digits);
  }
  return out + "s";
}

Images::Images(Runtime& runtime, const Clock& clock, Record record, Secrets secrets,
               std::function<void(const std::string& uid)> wake)
    : runtime_(runtime),
      clock_(clock),
      record_(std::move(record)),
      secrets_(std::move(secrets)),
      wake_(std::move(wake)),
      pool_("image-pull", kPullsAtOnce) {}

Images::~Images() { stop_.request_stop(); }

Result<Images::Answer> Images::ensure(const core_v1::Pod& pod,
                                      const core_v1::Container& container) {
  const std::string& reference = container.image;
  const std::string policy =
      container.image_pull_policy.empty() ? "IfNotPresent" : container.image_pull_policy;
  const Waiter waiter{pod.metadata.uid, container.name};
  std::optional<Result<Pull>> outcome;
  TimePoint again{};
  std::string cause;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [order, waiters] : under_way_)
      if (order.first == reference && waiters.contains(waiter)) return Pulling{};
    if (const auto node = ended_.extract(waiter)) outcome = std::move(node.mapped());
    if (const auto it = failures_.find({pod.metadata.uid, reference}); it != failures_.end()) {
      again = it->second.again;
      cause = it->second.cause;
    }
  }
  if (outcome) return pulled(pod, container, *outcome);

  const auto refuse = [&](const char* reason, const char* event, std::string message) {
    record_(pod, container.name, client::EventType::warning, event, message);
    record_(pod, container.name, client::EventType::warning, "Failed",
            text::cat("Error: ", reason));
    return Refused{{reason, std::move(message)}, {}};
  };
  if (policy != "Always") {
    auto present = runtime_.image(reference);
    if (present) {
      record_(pod, container.name, client::EventType::normal, "Pulled",
              text::cat("Container image \"", reference, "\" already present on machine"));
      return std::move(*present);
    }
    if (present.error().code == Errc::invalid)
      return refuse("InvalidImageName", "InspectFailed",
                    text::cat("Failed to apply default image tag \"", reference,
                              "\": ", present.error().message));
    if (present.error().code != Errc::not_found) return std::unexpected(present.error());
    if (policy == "Never")
      return refuse("ErrImageNeverPull", "ErrImageNeverPull",
                    text::cat("Container image \"", reference,
                              "\" is not present with pull policy of Never"));
  }
  if (clock_.now() < again) {
    auto message = text::cat("Back-off pulling image \"", reference, "\"");
    record_(pod, container.name, client::EventType::normal, "BackOff", message);
    record_(pod, container.name, client::EventType::warning, "Failed", "Error: ImagePullBackOff");
    message += text::cat(": ErrImagePull: ", cause);
    return Refused{{"ImagePullBackOff", std::move(message)}, again};
  }
  record_(pod, container.name, client::EventType::normal, "Pulling",
          text::cat("Pulling image \"", reference, "\""));
  auto auths = logins(pod, reference);
  if (!auths) return pulled(pod, container, std::unexpected(std::move(auths).error()));
  pull({reference, std::move(*auths)}, waiter);
  return Pulling{};
}

Result<std::vector<std::string>> Images::logins(const core_v1::Pod& pod,
                                                const std::string& reference) {
  Keyring ring;
  std::vector<std::string> absent;
  for (const auto& each : pod.spec.image_pull_secrets) {
    if (each.name.empty()) continue;
    if (const auto secret = secrets_(pod.metadata.namespace_, each.name))
      NODAL_TRY(ring.add(*secret));
    else
      absent.push_back(each.name);
  }
  if (!absent.empty())
    record_(pod, "", client::EventType::warning, "FailedToRetrieveImagePullSecret",
            text::cat("Unable to retrieve some image pull secrets (", text::join(absent, ", "),
                      "); attempting to pull the image may not succeed."));
  std::vector<std::string> out;
  for (const auto& login : ring.logins(reference)) out.push_back(registry_auth(login));
  return out;
}

Result<ImageInfo> Images::fetch(const Order& order) {
  const auto& [reference, auths] = order;
  if (auths.empty()) return runtime_.pull_image(reference, "", stop_.get_token());
  Result<ImageInfo> out;
  for (const auto& auth : auths) {
    out = runtime_.pull_image(reference, auth, stop_.get_token());
    if (out || stop_.stop_requested()) break;
  }
  return out;
}

void Images::pull(const Order& order, const Waiter& waiter) {
  {
    const std::lock_guard lock(mutex_);
    const auto [it, is_new] = under_way_.try_emplace(order);
    it->second.insert(waiter);
    if (!is_new) return;  // joins the pull that is under way
  }
  const auto end = [this, order](const Result<Pull>& outcome) {
    std::set<Waiter> waiters;
    {
      const std::lock_guard lock(mutex_);
      waiters = std::move(under_way_.extract(order).mapped());
      for (const auto& each : waiters) ended_.insert_or_assign(each, outcome);
    }
    for (const auto& each : waiters) wake_(each.first);
  };
  const auto asked = std::chrono::steady_clock::now();
  const bool taken = pool_.run([this, order, end, asked] {
    if (stop_.stop_requested()) return end(fail(Errc::unavailable, "the agent ends"));
    const auto begun = std::chrono::steady_clock::now();
    auto image = fetch(order);
    if (!image) return end(std::unexpected(std::move(image).error()));
    const auto now = std::chrono::steady_clock::now();
    end(Pull{std::move(*image), now - begun, now - asked});
  });
  if (!taken) end(fail(Errc::unavailable, "too many images are being pulled"));
}

Result<Images::Answer> Images::pulled(const core_v1::Pod& pod, const core_v1::Container& container,
                                      const Result<Pull>& outcome) {
  const std::pair key{pod.metadata.uid, container.image};
  if (outcome) {
    record_(pod, container.name, client::EventType::normal, "Pulled",
            text::cat("Successfully pulled image \"", container.image, "\" in ",
                      pull_time(outcome->took), " (", pull_time(outcome->waited),
                      " including waiting). Image size: ", outcome->image.size_bytes, " bytes."));
    const std::lock_guard lock(mutex_);
    failures_.erase(key);
    return outcome->image;
  }
  record_(pod, container.name, client::EventType::warning, "Failed",
          text::cat("Failed to pull image \"", container.image, "\": ", outcome.error().message));
  record_(pod, container.name, client::EventType::warning, "Failed", "Error: ErrImagePull");
  const std::lock_guard lock(mutex_);
  auto& history = failures_[key];
  history.cause = outcome.error().message;
  history.again = clock_.now() + crash_backoff(++history.failures);
  return Refused{{"ErrImagePull", outcome.error().message}, {}};
}

std::set<std::string> Images::pulling(const std::string& uid) const {
  std::set<std::string> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [order, waiters] : under_way_)
    for (const auto& [pod, container] : waiters)
      if (pod == uid) out.insert(container);
  return out;
}

void Images::forget(const std::string& uid) {
  const std::lock_guard lock(mutex_);
  for (auto& [order, waiters] : under_way_)
    std::erase_if(waiters, [&](const Waiter& waiter) { return waiter.first == uid; });
  std::erase_if(ended_, [&](const auto& entry) { return entry.first.first == uid; });
  std::erase_if(failures_, [&](const auto& entry) { return entry.first.first == uid; });
}

}  // namespace nodal::agent
