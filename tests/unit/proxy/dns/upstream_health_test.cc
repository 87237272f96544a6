// tests/unit/proxy/dns/upstream_health_test.cc — in which order upstream servers are asked.
#include "proxy/dns/upstream_health.h"

#include <gtest/gtest.h>

namespace nodal::proxy::dns {
namespace {

using namespace std::chrono_literals;
using Order = std::vector<std::size_t>;
const UpstreamHealth::Time start{1h};

TEST(UpstreamHealth, OneThatDidNotAnswerIsAskedLastForAWhile) {
  UpstreamHealth health(3);
  EXPECT_EQ(health.order(start), (Order{0, 1, 2}));
  health.failed(0, start);
  EXPECT_EQ(health.order(start + 9s), (Order{1, 2, 0}));
  EXPECT_EQ(health.order(start + 10s), (Order{0, 1, 2})) << "one question tries it again";
  EXPECT_EQ(health.order(start + 10s), (Order{1, 2, 0})) << "and the others do not wait for it";
  health.answered(0);
  EXPECT_EQ(health.order(start + 11s), (Order{0, 1, 2}));
}

TEST(UpstreamHealth, AllAreAskedWhenNoneAnswers) {
  UpstreamHealth health(2);
  health.failed(0, start);
  EXPECT_FALSE(health.all_rest(start));
  health.failed(1, start);
  EXPECT_TRUE(health.all_rest(start));
  EXPECT_EQ(health.order(start), (Order{0, 1}));
  EXPECT_FALSE(health.all_rest(start + 10s));
  EXPECT_FALSE(UpstreamHealth(0).all_rest(start));
}

}  // namespace
}  // namespace nodal::proxy::dns
