// tests/unit/agent/image/collector_test.cc — which images go when the disk is full.
#include <gtest/gtest.h>

#include "agent/image/collector_plan.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

const TimePoint t0 = TimePoint{} + 1000h;

ImageInfo image(std::string id, bool pinned = false) {
  ImageInfo out;
  out.id = std::move(id);
  out.size_bytes = 10;
  out.pinned = pinned;
  return out;
}

std::vector<std::string> ids(const std::vector<ImageInfo>& images) {
  std::vector<std::string> out;
  for (const auto& each : images) out.push_back(each.id);
  return out;
}

TEST(ImageCollector, FreesDownToTheLowerThresholdFromTheHigherOn) {
  const ImagePolicy policy;
  EXPECT_EQ(excess(policy, 1000, 151), 0);
  EXPECT_EQ(excess(policy, 1000, 150), 50) << "85 % are used";
  EXPECT_EQ(excess(policy, 1000, 0), 200);
  EXPECT_EQ(excess(policy, 1000, -5), 200);
  EXPECT_EQ(excess(policy, 0, 0), 0);
  EXPECT_EQ(excess({.high_percent = 100, .low_percent = 80}, 1000, 0), 0) << "switched off";
}

TEST(ImageCollector, TheLeastRecentlyUsedGoFirst) {
  const std::vector images = {image("a"), image("b"), image("c"), image("d")};
  auto uses = seen_images({}, images, {"a"}, t0, true);
  uses = seen_images(std::move(uses), images, {"b", "d"}, t0 + 1min, false);
  EXPECT_EQ(ids(removable({}, images, uses, {"d"}, t0 + 10min)),
            (std::vector<std::string>{"c", "a", "b"}))
      << "d is in use";
}

TEST(ImageCollector, WhatIsYoungPinnedOrUnknownStays) {
  const std::vector old = {image("old"), image("pause", true)};
  auto uses = seen_images({}, old, {}, t0, true);
  auto images = old;
  images.push_back(image("new"));
  uses = seen_images(std::move(uses), images, {}, t0, false);
  images.push_back(image("unseen"));
  EXPECT_EQ(ids(removable({}, images, uses, {}, t0 + 119s)), (std::vector<std::string>{"old"}));
  EXPECT_EQ(ids(removable({}, images, uses, {}, t0 + 120s)),
            (std::vector<std::string>{"old", "new"}));
}

TEST(ImageCollector, WhatIsGoneIsForgotten) {
  auto uses = seen_images({}, {image("a")}, {}, t0, true);
  uses = seen_images(std::move(uses), {}, {}, t0, false);
  EXPECT_TRUE(uses.empty());
  uses = seen_images(std::move(uses), {image("a")}, {}, t0, false);
  EXPECT_EQ(uses.at("a").first_seen, t0) << "pulled again: young";
}

}  // namespace
}  // namespace nodal::agent
