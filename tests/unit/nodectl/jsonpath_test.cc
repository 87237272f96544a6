// tests/unit/nodectl/jsonpath_test.cc — templates and what they find.
#include "nodectl/print/jsonpath.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "nodectl/print/tabs.h"

namespace nodal::nodectl {
namespace {

const auto kList = boost::json::parse(R"({"kind":"List","items":[
  {"kind":"Pod","metadata":{"name":"a","labels":{"app.io/x":"1"}},"n":1,
   "c":[{"type":"Ready","status":"True"},{"type":"Other","status":"False"}]},
  {"kind":"Pod","metadata":{"name":"b"},"n":2,"c":[]}]})");

struct Case {
  const char *name, *path, *expected;
};

class Paths : public testing::TestWithParam<Case> {};

TEST_P(Paths, Print) {
  const auto path = JsonPath::parse(GetParam().path);
  const auto text = path ? path->print(kList) : Result<std::string>(std::unexpected(path.error()));
  EXPECT_EQ(text ? *text : "error: " + text.error().message, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    JsonPath, Paths,
    testing::Values(
        Case{"Field", "{.kind}", "List"}, Case{"Absent", "[{.nope.more}]", "[]"},
        Case{"Wildcard", "{.items[*].metadata.name}", "a b"},
        Case{"FromRoot", "{$.items[0].kind}", "Pod"},
        Case{"Index", "{.items[-1].metadata.name}", "b"},
        Case{"OutOfBounds", "{.items[5].kind}",
             "error: array index out of bounds: index 5, length 2"},
        Case{"Slice", "{.items[0:1].metadata.name}", "a"},
        Case{"Escaped", R"({.items[0].metadata.labels.app\.io/x})", "1"},
        Case{"Quoted", "{.items[0].metadata.labels['app\\.io/x']}", "1"},
        Case{"Filter", R"({.items[0].c[?(@.type=="Ready")].status})", "True"},
        Case{"FilterOfNumbers", "{.items[?(@.n>1)].metadata.name}", "b"},
        Case{"FilterOfPresence", "{.items[?(@.metadata.labels)].n}", "1"},
        Case{"Union", "{.items[*]['metadata.name','n']}", "a 1 b 2"},
        Case{"Recursive", "{..name}", "a b"},
        Case{"Range", R"({range .items[*]}{.metadata.name}={.n}{"\n"}{end}.)", "a=1\nb=2\n."},
        Case{"Nested", R"({range .items[*]}{range .c[*]}{.type},{end}{end})", "Ready,Other,"},
        Case{"ObjectsAreJson", "{.items[1].metadata}", R"({"name":"b"})"},
        Case{"NamesAreInOrder", "{.items[0].c[0]}", R"({"status":"True","type":"Ready"})"},
        Case{"Unclosed", "{.kind", "error: error parsing jsonpath {.kind, unclosed action"},
        Case{"NoEnd", "{range .items[*]}x",
             "error: error parsing jsonpath {range .items[*]}x, unclosed {range}: an {end} is "
             "missing"}),
    [](const auto& info) { return info.param.name; });

TEST(JsonPath, DeepTemplatesAreRefused) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{range .items[*]}";
  EXPECT_FALSE(JsonPath::parse(deep));
  EXPECT_FALSE(JsonPath::parse(std::string(20 << 10, 'x')));
}

TEST(JsonPath, BracesMayBeLeftOutOfOnePath) {
  for (const char* path : {"{.kind}", ".kind", "kind", "$.kind"}) {
    const auto found = JsonPath::parse_relaxed(path).value().find(kList).value();
    ASSERT_EQ(found.size(), 1u) << path;
    EXPECT_EQ(path_text(*found[0]), "List");
  }
}

TEST(Tabs, ColumnsReachOverNeighbouringLinesOnly) {
  EXPECT_EQ(align_tabs("a\tb\nlonger\tc\nalone\nx\ty\n", 0, 2),
            "a       b\nlonger  c\nalone\nx  y\n");
  EXPECT_EQ(align_tabs("a\tb\tc\nd\te\n", 6, 3), "a     b     c\nd     e\n");
  EXPECT_EQ(align_tabs("é\tb\n", 0, 1), "é b\n");
}

TEST(Tabs, WidthsAreKeptFromTextToText) {
  std::vector<std::size_t> widths;
  EXPECT_EQ(align_tabs("longer\tb\n", 0, 1, &widths), "longer b\n");
  EXPECT_EQ(align_tabs("a\tb\n", 0, 1, &widths), "a      b\n");
}

}  // namespace
}  // namespace nodal::nodectl
