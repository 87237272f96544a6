// tests/unit/proxy/dns/cache_test.cc — time to live, denials, stale answers, bounds.
#include "proxy/dns/cache.h"

#include <gtest/gtest.h>

namespace nodal::proxy::dns {
namespace {

using namespace std::chrono_literals;

const Question kQuestion{"example.org", kA, kClassIn};
const Cache::Time kStart{};

Message address(std::uint32_t ttl) {
  Message message;
  message.answers = {{"example.org", kA, ttl, net::IpAddress::v4(1)}};
  return message;
}

TEST(DnsCache, AnAnswerAgesAndThenIsStale) {
  Cache cache(8);
  cache.put(kQuestion, address(60), kStart);
  const auto young = cache.find(kQuestion, kStart + 20s);
  ASSERT_TRUE(young);
  EXPECT_TRUE(young->fresh);
  EXPECT_EQ(young->message.answers[0].ttl, 40u);
  const auto old = cache.find(kQuestion, kStart + 61s);
  ASSERT_TRUE(old);
  EXPECT_FALSE(old->fresh);
  EXPECT_EQ(old->message.answers[0].ttl, 30u);
  EXPECT_FALSE(cache.find(kQuestion, kStart + 60s + 25h));
}

TEST(DnsCache, ADenialLivesAsItsSoaSays) {
  Cache cache(8);
  Message denial;
  denial.rcode = Rcode::name_error;
  denial.authorities = {{"org", kSoa, 3600, Soa{"ns", "mail", 1, 2, 3, 4, 10}}};
  cache.put(kQuestion, denial, kStart);
  EXPECT_TRUE(cache.find(kQuestion, kStart + 9s)->fresh);
  EXPECT_FALSE(cache.find(kQuestion, kStart + 11s)->fresh);
}

TEST(DnsCache, FailuresAndZeroTtlAreNotKept) {
  Cache cache(8);
  Message failure;
  failure.rcode = Rcode::server_failure;
  cache.put(kQuestion, failure, kStart);
  cache.put(kQuestion, address(0), kStart);
  EXPECT_FALSE(cache.find(kQuestion, kStart));
}

TEST(DnsCache, TheLeastRecentlyUsedGoesFirst) {
  Cache cache(2);
  cache.put({"a", kA, 1}, address(60), kStart);
  cache.put({"b", kA, 1}, address(60), kStart);
  EXPECT_TRUE(cache.find({"a", kA, 1}, kStart));
  cache.put({"c", kA, 1}, address(60), kStart);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_TRUE(cache.find({"a", kA, 1}, kStart));
  EXPECT_FALSE(cache.find({"b", kA, 1}, kStart));
}

}  // namespace
}  // namespace nodal::proxy::dns
