// tests/unit/proxy/service_table_test.cc — what the reflectors bring becomes snapshots.
#include "proxy/service_table.h"

#include <gtest/gtest.h>

#include "tests/support/services.h"

namespace nodal::proxy {
namespace {

std::shared_ptr<const ServiceRecord> service(const std::string& name, const std::string& version) {
  const auto entry = test::ServiceBuilder(name).cluster_ip("10.96.0.10").port(80).build();
  return std::make_shared<const ServiceRecord>(ServiceRecord{"default/" + name, version, entry});
}

SliceRecordPtr slice(const std::string& name, const std::string& of, const std::string& version) {
  SliceRecord out{"default/" + name, version, "default/" + of, {{"", Protocol::tcp, 8080}}, {}};
  out.endpoints.emplace_back().address = {test::ip("10.244.0.7"), 0};
  return std::make_shared<const SliceRecord>(std::move(out));
}

struct Takes {
  std::vector<std::set<std::string>> seen;
  ServiceTable table{[this] { seen.push_back(table.take().services); }};
};

TEST(ServiceTable, WhatWasListedComesAsOneChange) {
  Takes takes;
  takes.table.slices().replace({slice("a-1", "a", "1")});
  EXPECT_TRUE(takes.seen.empty()) << "an absent Service means nothing yet";
  takes.table.services().replace({service("a", "1"), service("b", "1"), service("c", "1")});
  EXPECT_EQ(takes.seen,
            (std::vector<std::set<std::string>>{{"default/a", "default/b", "default/c"}}));
  const auto entry = takes.table.snapshot().read()->find("default/a");
  ASSERT_TRUE(entry);
  ASSERT_EQ(entry->ports[0].endpoints.size(), 1u);
  EXPECT_EQ(entry->ports[0].endpoints[0].address.text(), "10.244.0.7:8080");
}

TEST(ServiceTable, TheSnapshotSaysWhenItIsComplete) {
  Takes takes;
  takes.table.take();
  EXPECT_FALSE(takes.table.snapshot().read()->is_complete());
  takes.table.slices().replace({});
  EXPECT_FALSE(takes.table.snapshot().read()->is_complete());
  takes.table.services().replace({});
  EXPECT_TRUE(takes.table.snapshot().read()->is_complete()) << "also of nothing";
}

TEST(ServiceTable, AChangeIsOfTheServicesItTouchesAlone) {
  Takes takes;
  takes.table.slices().replace({});
  takes.table.services().replace({service("a", "1"), service("b", "1")});
  takes.seen.clear();
  takes.table.slices().apply("default/b-1", slice("b-1", "b", "2"));
  EXPECT_EQ(takes.seen, (std::vector<std::set<std::string>>{{"default/b"}}));
  takes.table.services().apply("default/a", service("a", "2"));
  EXPECT_EQ(takes.seen.back(), std::set<std::string>{}) << "another version of the same";
  takes.table.slices().apply("default/b-1", nullptr);
  EXPECT_EQ(takes.seen.back(), std::set<std::string>{"default/b"});
}

}  // namespace
}  // namespace nodal::proxy
