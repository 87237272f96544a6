// tests/unit/master/controllers/namespace_test.cc — what a Namespace in deletion tells.
#include <gtest/gtest.h>

#include "master/controllers/namespace/remaining.h"

namespace nodal::master::controllers {
namespace {

const TimePoint start{std::chrono::seconds(1'800'000'000)};

const core_v1::NamespaceCondition& of(const std::vector<core_v1::NamespaceCondition>& conditions,
                                      std::string_view type) {
  return *std::ranges::find(conditions, type, &core_v1::NamespaceCondition::type);
}

TEST(NamespaceConditions, NameWhatIsLeftAndWhatHoldsIt) {
  const auto told = conditions_of(
      {.objects = {{"pods.", 2}, {"deployments.apps", 1}}, .finalizers = {{"example.com/x", 1}}},
      {}, start);
  ASSERT_EQ(told.size(), 5u);
  const auto& content = of(told, "NamespaceContentRemaining");
  EXPECT_EQ(content.status, "True");
  EXPECT_EQ(content.reason, "SomeResourcesRemain");
  EXPECT_EQ(content.message,
            "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 "
            "resource instances");
  EXPECT_EQ(of(told, "NamespaceFinalizersRemaining").message,
            "Some content in the namespace has finalizers remaining: example.com/x in 1 resource "
            "instances");
  EXPECT_EQ(of(told, "NamespaceDeletionDiscoveryFailure").status, "False");
}

TEST(NamespaceConditions, KeepTheirTimesWhileTheyStay) {
  const auto first = conditions_of({.objects = {{"pods.", 2}}, .finalizers = {}}, {}, start);
  const auto then = start + std::chrono::seconds(5);
  const auto second = conditions_of({.objects = {{"pods.", 1}}, .finalizers = {}}, first, then);
  EXPECT_EQ(of(second, "NamespaceContentRemaining").last_transition_time, start);
  const auto third = conditions_of({}, second, then);
  EXPECT_EQ(of(third, "NamespaceContentRemaining").last_transition_time, then);
  EXPECT_EQ(of(third, "NamespaceContentRemaining").status, "False");
  EXPECT_EQ(of(third, "NamespaceFinalizersRemaining").last_transition_time, start);
}

}  // namespace
}  // namespace nodal::master::controllers
