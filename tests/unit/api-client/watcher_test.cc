// tests/unit/api-client/watcher_test.cc — when a watcher lists again, and when it goes on.
#include "api-client/client/watcher.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/text.h"

namespace nodal::client {
namespace {

using namespace std::chrono_literals;

constexpr ResourceName kMaps{"", "v1", "configmaps", "ConfigMap", true};

struct Reply {
  Result<int> status = 200;
  std::string body;
};

// Lists are empty, of revision 5, 6, …; watches end as they are told to, the last stays silent.
class Script final : public Transport {
 public:
  explicit Script(std::deque<Reply> watches) : watches_(std::move(watches)) {}

  Result<http::Response> send(const http::Request&, std::stop_token) override {
    note("list");
    http::Response response;
    response.append(
        text::cat(R"({"metadata":{"resourceVersion":")", 5 + lists_++, R"("},"items":[]})"));
    return response;
  }
  Result<http::Response> stream(const http::Request& request,
                                const std::function<bool(std::string_view)>& sink,
                                std::stop_token stop) override {
    const auto at = request.target.find("resourceVersion=") + 16;
    note(text::cat("watch ", request.target.substr(at, request.target.find('&', at) - at)));
    if (watches_.empty()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [] { return false; });
      return fail(Errc::unavailable, "stopped");
    }
    const Reply reply = std::move(watches_.front());
    watches_.pop_front();
    if (!reply.status) return std::unexpected(reply.status.error());
    http::Response response;
    response.status = *reply.status;
    if (response.status == 200)
      static_cast<void>(sink(reply.body));
    else
      response.append(reply.body);
    return response;
  }

  // What was asked, once there were so many requests.
  std::string asked(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 5s, [&] { return asked_.size() >= count; });
    return text::join(asked_, ", ");
  }

 private:
  void note(std::string what) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(what));
    changed_.notify_all();
  }

  std::deque<Reply> watches_;
  int lists_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::string> asked_;
};

std::string asked_after(Reply ending) {
  const auto script = std::make_shared<Script>(std::deque<Reply>{std::move(ending)});
  const Watcher watcher(std::make_shared<Client>(script, "test/1"), kMaps, {},
                        {.begin_list = [] {},
                         .item = [](const boost::json::value&) { return Result<>(); },
                         .end_list = [] {},
                         .change = [](const boost::json::value&, bool) { return Result<>(); }});
  static_cast<void>(script->asked(3));
  std::this_thread::sleep_for(20ms);  // one more would be too many
  return script->asked(3);
}

constexpr const char* kListsAgain = "list, watch 5, list, watch 6";

TEST(Watcher, GoesOnAfterABrokenConnection) {
  EXPECT_EQ(asked_after({fail(Errc::unavailable, "reset"), ""}), "list, watch 5, watch 5");
  EXPECT_EQ(asked_after({503, R"({"kind":"Status","reason":"ServiceUnavailable"})"}),
            "list, watch 5, watch 5");
  EXPECT_EQ(asked_after({200, R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})"
                              "\n"}),
            "list, watch 5, watch 9");
}

TEST(Watcher, ListsAgainWhenTheServerRefusesItsRevision) {
  EXPECT_EQ(asked_after({410, R"({"kind":"Status","reason":"Expired"})"}), kListsAgain);
  EXPECT_EQ(asked_after({504, R"({"kind":"Status","reason":"Timeout",
                                  "message":"Too large resource version: 9, current: 5"})"}),
            kListsAgain);
}

TEST(Watcher, ListsAgainWhenAnEventCannotBeRead) {
  EXPECT_EQ(asked_after({200, R"({"type":"ERROR","object":{"kind":"Status","code":500}})"
                              "\n"}),
            kListsAgain);
  EXPECT_EQ(asked_after({200, "no JSON\n"}), kListsAgain);
  EXPECT_EQ(asked_after({200, std::string(17u << 20, '[')}), kListsAgain);
}

}  // namespace
}  // namespace nodal::client
