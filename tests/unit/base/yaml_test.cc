// tests/unit/base/yaml_test.cc — YAML as Kubernetes reads it and as kubectl prints it.
#include "base/yaml.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nodal {
namespace {

std::string json(std::string_view yaml) {
  const auto documents = yaml_to_json(yaml);
  return documents ? text::join(*documents, "\n") : "error: " + documents.error().message;
}

TEST(Yaml, ScalarsAreReadAsKubernetesReadsThem) {
  EXPECT_EQ(
      json("a: 1\nb: \"1\"\nc: true\nd: yes\ne: ~\nf: 1.5\ng: 0644\nh: 1e3\ni: 'x'\nj: "
           "10.0.0.1\nk: 08\n"),
      R"({"a":1,"b":"1","c":true,"d":"yes","e":null,"f":1.5,"g":420,"h":1000,"i":"x","j":"10.0.0.1","k":"08"})");
}

TEST(Yaml, SeveralDocumentsAndEmptyOnes) {
  EXPECT_EQ(json("---\na: 1\n---\n---\nb: [1, {c: d}]\n"), "{\"a\":1}\n{\"b\":[1,{\"c\":\"d\"}]}");
  EXPECT_EQ(json(""), "");
  EXPECT_EQ(json(R"({"a": [1, "2", null]})"), R"({"a":[1,"2",null]})");
}

TEST(Yaml, BadTextIsAnErrorWithALine) {
  EXPECT_NE(json("a: 1\n b: 2\n").find("line"), std::string::npos);
  EXPECT_NE(json("a: 1\na: 2\n").find("already set"), std::string::npos);
  EXPECT_NE(json("a: [1\n").find("error"), std::string::npos);
}

TEST(Yaml, WhatFollowsADocumentBeginsWithDashes) {
  EXPECT_NE(json("\"a\":b\n").find("line 1"), std::string::npos) << "no map, but no two either";
  EXPECT_NE(json("\"a\":b\n? c\n").find("error"), std::string::npos) << "never ends in yaml-cpp";
  EXPECT_EQ(json("a\n...\n--- b\n---\nc"), "\"a\"\n\"b\"\n\"c\"");
  EXPECT_EQ(json("\xef\xbb\xbf"
                 "a: 1\n---\nb: 2\n"),
            "{\"a\":1}\n{\"b\":2}");
  EXPECT_NE(json(std::string("a\0:\0", 4)).find("UTF-8"), std::string::npos) << "not UTF-16";
}

TEST(Yaml, BombsAndDeepNestsAreRefused) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    bomb += text::cat(c, ": &", c, " [");
    for (int i = 0; i < 9; ++i) bomb += text::cat(i == 0 ? "*" : ",*", static_cast<char>(c - 1));
    bomb += "]\n";
  }
  EXPECT_NE(json(bomb).find("too many"), std::string::npos);
  EXPECT_NE(json(std::string(100000, '[')).find("error"), std::string::npos);
  std::string dashes;
  for (int i = 0; i < 5000; ++i) dashes += "- ";
  EXPECT_NE(json(dashes + "x").find("deeper"), std::string::npos);
}

TEST(Yaml, MergeKeysFillWhatIsNotSet) {
  EXPECT_EQ(json("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n"),
            R"({"x":{"a":1,"b":2},"y":{"b":3,"a":1}})");
  EXPECT_EQ(json("x: &x {a: 1}\ny: {<<: [*x, {a: 2, c: 3}]}\n"),
            R"({"x":{"a":1},"y":{"a":1,"c":3}})");
  EXPECT_EQ(json("'<<': 1\n"), R"({"<<":1})") << "a quoted key is a key";
  EXPECT_NE(json("<<: 1\n").find("must be a map"), std::string::npos);
  EXPECT_NE(json("&a\n<<: *a\n<<: *a\nb: 1\n").find("error"), std::string::npos);
}

TEST(Yaml, OnlyUtf8IsText) {
  EXPECT_NE(json("a: \xff\n").find("UTF-8"), std::string::npos);
  EXPECT_NE(json("a: \xed\xa0\xbd\n").find("UTF-8"), std::string::npos) << "half a character";
  EXPECT_EQ(json("a: \xf0\x9f\x98\x80\n"), "{\"a\":\"\xf0\x9f\x98\x80\"}");
  EXPECT_EQ(json(R"({"a":"\ud83d\ude00 \\ud83d"})"), "{\"a\":\"\xf0\x9f\x98\x80 \\\\ud83d\"}")
      << "as JSON escapes it";
  EXPECT_NE(json(R"({"\N":1})").find("not supported"), std::string::npos);
  EXPECT_NE(json(R"({"a":"\ud83d"})").find("error"), std::string::npos);
}

TEST(Yaml, NumbersOver64BitsAreFloats) {
  EXPECT_EQ(json("[18446744073709551615, 100000000000000000000]"), "[18446744073709551615,1e+20]");
}

TEST(Yaml, OnlyJsonIsPrinted) {
  EXPECT_FALSE(json_to_yaml("&a [*a, *a]")) << "a ring";
  EXPECT_FALSE(json_to_yaml("{\"a\":"));
  EXPECT_FALSE(json_to_yaml("\"\xff\""));
}

TEST(Yaml, PrintsAsKubectlDoes) {
  EXPECT_EQ(
      json_to_yaml(
          R"({"b":{"y":"true","x":[{"n":1,"m":"a b"},{"k":[]}]},"a":"multi\nline\n","c":{},"d":"10","e":null,"f":"a: b","g":""})")
          .value(),
      "a: |\n  multi\n  line\nb:\n  x:\n  - m: a b\n    \"n\": 1\n  - k: []\n  \"y\": \"true\"\nc: "
      "{}\nd: \"10\"\ne: null\nf: 'a: b'\ng: \"\"\n");
}

TEST(Yaml, WhatOtherReadersTakeForANumberIsQuoted) {
  for (const char* text : {"1_000", "1:30", "-1:30:59.5", "0123456789012345678901234567890"})
    EXPECT_EQ(json_to_yaml(text::cat("{\"a\":\"", text, "\"}")).value(),
              text::cat("a: \"", text, "\"\n"));
  for (const char* text : {"10.96.0.1", "1:90", "8080:30123/TCP", "7d9", "1-2"})
    EXPECT_EQ(json_to_yaml(text::cat("{\"a\":\"", text, "\"}")).value(),
              text::cat("a: ", text, "\n"));
}

TEST(Yaml, WhatItPrintsItReads) {
  for (
      const char* text :
      {R"({"a":"- x","b":"#","c":"x #y","d":"2026-01-02T03:04:05Z","e":"*","f":"it's","g":"\ttab","h":" lead","i":"null","j":"0x1f","k":"end:","l":"a\n\nb"})"}) {
    const auto yaml = json_to_yaml(text);
    ASSERT_TRUE(yaml);
    EXPECT_EQ(json(*yaml), text) << *yaml;
  }
}

}  // namespace
}  // namespace nodal
