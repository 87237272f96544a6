// tests/unit/api-client/events_test.cc — what becomes of events when the server is away.
#include "api-client/client/events.h"

#include <gtest/gtest.h>

#include "tests/support/scripted_transport.h"

namespace nodal::client {
namespace {

const EventTarget pod{"v1", "Pod", "ns", "web", "uid", "", ""};

std::size_t posts(const std::vector<std::string>& asked) {
  return static_cast<std::size_t>(std::ranges::count(asked, "POST /api/v1/namespaces/ns/events"));
}

TEST(EventRecorder, TriesAgainWhileTheServerIsAway) {
  std::vector<std::string> names;
  const auto transport = std::make_shared<test::ScriptedTransport>(
      [&](const http::Request& request, std::size_t asked) -> Result<http::Response> {
        names.push_back(request.body.substr(request.body.find("\"name\":"), 40));
        if (asked < 3) return fail(Errc::unavailable, "connection refused");
        return test::stored(request);
      });
  {
    EventRecorder events(std::make_shared<Client>(transport, "test/1"), "kubelet", "node1");
    events.record(pod, EventType::normal, "Started", "started");
    ASSERT_TRUE(transport->wait_for(3));
  }
  EXPECT_EQ(posts(transport->asked()), 3u);
  EXPECT_EQ(names.at(0), names.at(2)) << "a try whose answer was lost makes no second event";
}

TEST(EventRecorder, TriesNoRefusedEventAgain) {
  const auto transport = std::make_shared<test::ScriptedTransport>(
      [](const http::Request& request, std::size_t asked) -> Result<http::Response> {
        auto out = test::stored(request);
        if (asked == 1) out.status = 403;
        return out;
      });
  EventRecorder events(std::make_shared<Client>(transport, "test/1"), "kubelet", "node1");
  events.record(pod, EventType::normal, "Started", "one");
  events.record(pod, EventType::normal, "Started", "two");
  ASSERT_TRUE(transport->wait_for(2));
  EXPECT_EQ(transport->asked().size(), 2u);
}

}  // namespace
}  // namespace nodal::client
