// tests/unit/nodectl/delete_test.cc — when `delete` means the cluster of this node.
#include "nodectl/commands/delete.h"

#include <gtest/gtest.h>

namespace nodal::nodectl {
namespace {

TEST(Delete, OnlyWithoutAnyWordOrFlagItMeansTheCluster) {
  EXPECT_EQ(what_to_delete({}, {}).value(), Deletion::cluster);
  EXPECT_EQ(what_to_delete({}, {"--yes"}).value(), Deletion::cluster);
  for (const char* flag : {"--dry-run", "--namespace", "--context", "--grace-period", "--wait",
                           "--all-namespaces", "--force", "--recursive"}) {
    const auto refused = what_to_delete({}, {flag});
    ASSERT_FALSE(refused) << flag;
    EXPECT_TRUE(refused.error().message.starts_with(
        "You must provide one or more resources by argument or filename."))
        << flag;
  }
  EXPECT_FALSE(what_to_delete({}, {"--yes", "--namespace"}));
}

TEST(Delete, AnyWordMeansObjects) {
  Selection named;
  named.what = {""};
  EXPECT_EQ(what_to_delete(named, {}).value(), Deletion::objects) << "delete \"$UNSET\"";
  Selection file;
  file.files = {"web.yaml"};
  EXPECT_EQ(what_to_delete(file, {"--filename", "--dry-run"}).value(), Deletion::objects);
  Selection all;
  all.all = true;
  EXPECT_EQ(what_to_delete(all, {"--all"}).error().message,
            "at least one resource must be specified to use a selector");
}

}  // namespace
}  // namespace nodal::nodectl
