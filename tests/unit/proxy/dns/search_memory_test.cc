// tests/unit/proxy/dns/search_memory_test.cc — which questions follow from a denied search path.
#include "proxy/dns/search_memory.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/services.h"

namespace nodal::proxy::dns {
namespace {

using namespace std::chrono_literals;
const SearchMemory::Time start{1h};
const auto pod = test::ip("10.244.0.7"), other = test::ip("10.244.0.8");

TEST(SearchMemory, KnowsTheLaterStepsOfOneAskerForAWhile) {
  SearchMemory memory;
  memory.note(pod, {"a.b.svc.cluster.local", "a.b"}, start);
  EXPECT_TRUE(memory.follows(pod, "a.b.svc.cluster.local", start + 5s));
  EXPECT_TRUE(memory.follows(pod, "a.b", start + 29s));
  EXPECT_FALSE(memory.follows(other, "a.b", start));
  EXPECT_FALSE(memory.follows(pod, "a.c", start));
  EXPECT_FALSE(memory.follows(pod, "a.b", start + 30s));
}

TEST(SearchMemory, ANoteThatIsRenewedStays) {
  SearchMemory memory;
  memory.note(pod, {"a.b"}, start);
  memory.note(pod, {"a.b"}, start + 20s);
  memory.note(pod, {"c.d"}, start + 35s);
  EXPECT_TRUE(memory.follows(pod, "a.b", start + 36s));
  memory.note(pod, {"e.f"}, start + 70s);
  EXPECT_EQ(memory.size(), 1u) << "what is over is forgotten";
}

TEST(SearchMemory, IsBounded) {
  SearchMemory memory;
  for (int i = 0; i < 5000; ++i) memory.note(pod, {text::cat("a.", i)}, start);
  EXPECT_EQ(memory.size(), 4096u);
  EXPECT_FALSE(memory.follows(pod, "a.0", start));
  EXPECT_TRUE(memory.follows(pod, "a.4999", start));
}

}  // namespace
}  // namespace nodal::proxy::dns
