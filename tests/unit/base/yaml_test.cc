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

TEST(Yaml, PrintsAsKubectlDoes) {
  EXPECT_EQ(
      json_to_yaml(
          R"({"b":{"y":"true","x":[{"n":1,"m":"a b"},{"k":[]}]},"a":"multi\nline\n","c":{},"d":"10","e":null,"f":"a: b","g":""})")
          .value(),
      "a: |\n  multi\n  line\nb:\n  x:\n  - m: a b\n    \"n\": 1\n  - k: []\n  \"y\": \"true\"\nc: "
      "{}\nd: \"10\"\ne: null\nf: 'a: b'\ng: \"\"\n");
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
