// api-client/client/watcher.cc — see watcher.h.
#include "api-client/client/watcher.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <condition_variable>
#include <mutex>
#include <random>

#include "api-client/client/pages.h"
#include "api-client/client/status.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/text.h"

namespace nodal::client {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kFirstBackoff{100};
constexpr std::chrono::milliseconds kLongestBackoff{10000};
constexpr std::size_t kLongestEvent =
    16u << 20;  // a Secret or ConfigMap of 1.5 MB, escaped, several times over
constexpr int kWatchSeconds = 300;

void sleep_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, time, [] { return false; });
}

std::string member(const json::value& value, std::initializer_list<const char*> path) {
  const json::value* at = &value;
  for (const char* name : path) {
    if (!at->is_object()) return {};
    at = at->get_object().if_contains(name);
    if (at == nullptr) return {};
  }
  return at->is_string() ? std::string(at->get_string()) : std::string();
}

}  // namespace

Watcher::Watcher(std::shared_ptr<Client> client, ResourceName resource, ListOptions options,
                 Callbacks callbacks)
    : client_(std::move(client)),
      resource_(resource),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)) {
  thread_ = std::jthread([this](std::stop_token stop) {
    name_thread(text::cat("w:", resource_.plural).c_str());
    run(std::move(stop));
  });
}

Watcher::~Watcher() {
  thread_.request_stop();
  thread_.join();
}

void Watcher::run(std::stop_token stop) {
  std::minstd_rand random{std::random_device{}()};
  auto backoff = kFirstBackoff;
  bool listed = false;
  while (!stop.stop_requested()) {
    const auto begun = std::chrono::steady_clock::now();
    Result<> done;
    if (!listed) {
      done = list(stop);
      listed = done.has_value();
    }
    if (listed) {
      auto ended = watch(stop);
      listed = ended.resumes;
      done = std::move(ended.done);
      if (!done && done.error().code == Errc::gone) {
        log::info("the watch's revision has expired; listing again",
                  {{"resource", resource_.plural}});
        continue;
      }
      // A watch that lived is no failure, however it ended.
      if (done || std::chrono::steady_clock::now() - begun > std::chrono::seconds(30))
        backoff = kFirstBackoff;
    }
    if (stop.stop_requested()) return;
    if (done && std::chrono::steady_clock::now() - begun > std::chrono::seconds(1)) continue;
    if (!done)
      log::warn(listed ? "the watch broke off; going on with it" : "no watch; listing again",
                {{"resource", resource_.plural},
                 {"error", done.error().message},
                 {"wait_ms", backoff.count()}});
    const auto half = backoff.count() / 2;
    sleep_for(std::chrono::milliseconds(
                  half + static_cast<long>(random() % static_cast<unsigned long>(half + 1))),
              stop);
    if (!done) backoff = std::min(backoff * 2, kLongestBackoff);
  }
}

Result<> Watcher::list(std::stop_token stop) {
  callbacks_.begin_list();
  auto revision = list_pages(
      *client_, resource_, options_,
      [this](const json::value& value) -> Result<> {
        if (auto read = callbacks_.item(value); !read)
          log::warn("an object of a list cannot be read; it is left out",
                    {{"resource", resource_.plural}, {"error", read.error().message}});
        return {};
      },
      stop);
  if (!revision) return std::unexpected(revision.error());
  revision_ = *revision;
  callbacks_.end_list();
  return {};
}

Watcher::Ended Watcher::watch(std::stop_token stop) {
  ListOptions from = options_;
  from.resource_version = revision_;
  http::Request request;
  request.target = list_path(resource_, from);
  request.target += text::cat(request.target.find('?') == std::string::npos ? '?' : '&',
                              "watch=true&allowWatchBookmarks=true&timeoutSeconds=", kWatchSeconds);
  request.headers.add("Accept", "application/json");
  request.headers.add("User-Agent", client_->user_agent());
  std::string rest;
  Result<> taken;
  const auto response = client_->transport().stream(
      request,
      [&](std::string_view bytes) {
        // Whole lines are read in place; only the beginning of one is kept.
        while (taken && !bytes.empty()) {
          const auto end = bytes.find('\n');
          if (end == std::string_view::npos) {
            rest += bytes;
            if (rest.size() > kLongestEvent)
              taken = fail(Errc::invalid, "a watch event is too long");
            break;
          }
          if (rest.empty()) {
            taken = take(bytes.substr(0, end));
          } else {
            rest += bytes.substr(0, end);
            taken = take(rest);
            rest.clear();
          }
          bytes.remove_prefix(end + 1);
        }
        return taken.has_value();
      },
      stop);
  if (!taken) return {taken, false};
  if (!response) return {std::unexpected(response.error()), true};
  if (response->status == 200) return {};
  auto refusal = error_of(response->status, response->text());
  const bool later = refusal.code == Errc::unavailable;
  return {std::unexpected(std::move(refusal)), later};
}

Result<> Watcher::take(std::string_view line) {
  if (text::trim(line).empty()) return {};
  const auto event = NODAL_TRY(codec::parse_answer(line));
  const auto type = member(event, {"type"});
  const auto* object = event.is_object() ? event.get_object().if_contains("object") : nullptr;
  if (object == nullptr) return fail(Errc::invalid, "a watch event without an object");
  if (type == "ERROR") {
    const auto* code = object->is_object() ? object->get_object().if_contains("code") : nullptr;
    const int status =
        code != nullptr && code->is_int64() ? static_cast<int>(code->get_int64()) : 500;
    return std::unexpected(error_of(status, json::serialize(*object)));
  }
  if (type == "ADDED" || type == "MODIFIED" || type == "DELETED") {
    if (auto read = callbacks_.change(*object, type == "DELETED"); !read)
      log::warn("an object of a watch cannot be read; it is left out",
                {{"resource", resource_.plural}, {"error", read.error().message}});
  }
  if (auto revision = member(*object, {"metadata", "resourceVersion"}); !revision.empty())
    revision_ = std::move(revision);
  return {};
}

}  // namespace nodal::client
