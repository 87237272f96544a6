// tests/unit/agent/node/lease_test.cc — the node's heartbeat.
#include "agent/node/lease.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/scripted_transport.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

const std::string post = "POST /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const std::string patch = "PATCH /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n";

std::vector<std::string> short_form(std::vector<std::string> asked) {
  for (auto& one : asked) one = one.substr(0, one.find('?'));
  return asked;
}

TEST(NodeLease, IsMadeAndRenewedByNobodyElse) {
  const auto api = std::make_shared<test::ScriptedTransport>(
      [](const http::Request& request, std::size_t) { return test::stored(request); });
  const SystemClock clock;
  NodeLease lease("n", std::make_shared<client::Client>(api, "test/1"), clock, 5ms);
  std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(api->asked().empty()) << "no lease without its Node";
  lease.hold("uid");
  ASSERT_TRUE(api->wait_for(3));
  auto asked = short_form(api->asked());
  asked.resize(3);
  EXPECT_EQ(asked, (std::vector<std::string>{post, patch, patch}));
}

TEST(NodeLease, OneOfBeforeIsRenewedAtOnce) {
  const auto api =
      std::make_shared<test::ScriptedTransport>([](const http::Request& request, std::size_t) {
        auto out = test::stored(request);
        if (request.method == "POST") out.status = 409;
        if (request.method == "POST")
          out.body = {std::make_shared<const std::string>(
              R"({"kind":"Status","reason":"AlreadyExists","code":409})")};
        return out;
      });
  const SystemClock clock;
  NodeLease lease("n", std::make_shared<client::Client>(api, "test/1"), clock, 1h);
  lease.hold("uid");
  ASSERT_TRUE(api->wait_for(2));
  EXPECT_EQ(short_form(api->asked()), (std::vector<std::string>{post, patch}));
}

TEST(NodeLease, OfAnotherNodeOfThatNameIsMadeAnew) {
  std::atomic<bool> gone = false;
  const auto api =
      std::make_shared<test::ScriptedTransport>([&](const http::Request& request, std::size_t) {
        auto out = test::stored(request);
        if (gone && request.method == "PATCH") out.status = 404;
        if (request.method == "POST") gone = false;
        return out;
      });
  const SystemClock clock;
  NodeLease lease("n", std::make_shared<client::Client>(api, "test/1"), clock, 1h);
  lease.hold("uid");
  ASSERT_TRUE(api->wait_for(1));
  lease.release();
  gone = true;
  lease.hold("uid2");
  ASSERT_TRUE(api->wait_for(3));
  EXPECT_EQ(short_form(api->asked()), (std::vector<std::string>{post, patch, post}));
}

}  // namespace
}  // namespace nodal::agent
