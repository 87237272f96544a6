// tests/unit/nodectl/manifests_test.cc — files of objects, and what applying them changes.
#include "nodectl/manifests.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "api-client/codec/patch.h"
#include "base/file.h"
#include "base/text.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

class Manifests : public testing::Test {
 protected:
  Manifests() {
    char name[] = "/tmp/nodal-manifests-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~Manifests() override { static_cast<void>(file::remove_all(folder)); }

  std::string write(const std::string& name, std::string_view text) {
    const auto path = folder + "/" + name;
    EXPECT_TRUE(file::write(path, text));
    return path;
  }
  static std::string pod(const std::string& name) {
    return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\n";
  }
  // "Pod/a Service/b", and "error: …" for each that is none.
  static std::string read(const std::vector<std::string>& files) {
    const auto manifests = read_manifests(files);
    if (!manifests) return "error: " + manifests.error().message;
    std::string out;
    for (const auto& m : manifests->objects)
      out += text::cat(out.empty() ? "" : " ", m.kind, "/", m.name);
    for (const auto& error : manifests->bad)
      out += text::cat(out.empty() ? "" : " ", "error: ", error.message);
    return out;
  }

  std::string folder;
};

TEST_F(Manifests, AFileMayHaveSeveralDocumentsAndEmptyOnes) {
  const auto path = write("web.yaml", "---\n" + pod("a") + "---\n# nothing\n---\n" +
                                          "apiVersion: v1\nkind: Service\nmetadata: {name: b, "
                                          "namespace: ns}\n");
  EXPECT_EQ(read({path}), "Pod/a Service/b");
  const auto manifests = read_manifests({path}).value().objects;
  EXPECT_EQ(manifests[0].source, path + ", document 1");
  EXPECT_EQ(manifests[1].ns, "ns");
  EXPECT_EQ(manifests[1].api_version, "v1");
  EXPECT_EQ(read({write("empty.yaml", "# nothing\n")}), "");
}

TEST_F(Manifests, JsonIsReadTooAndListsAreTakenApart) {
  EXPECT_EQ(read({write("a.json", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}})")}),
            "Pod/a");
  EXPECT_EQ(read({write("list.yaml",
                        "apiVersion: v1\nkind: List\nitems:\n"
                        "- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
                        "- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n")}),
            "Pod/a Pod/b");
  EXPECT_EQ(read({write("pods.json", R"({"apiVersion":"v1","kind":"PodList","items":[
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"c"}}]})")}),
            "Pod/c");
  EXPECT_NE(read({write("bad.json", R"({"apiVersion":"v1","kind":"List","items":[1]})")})
                .find("no object"),
            std::string::npos);
}

TEST_F(Manifests, ABadDocumentKeepsNoOtherBack) {
  const auto path = write("mixed.yaml", pod("a") + "---\n{kind: Pod, metadata: {name: b}}\n---\n" +
                                            "text\n---\n" + pod("c"));
  EXPECT_EQ(read({path}), "Pod/a Pod/c error: " + path +
                              ", document 2: apiVersion is missing error: " + path +
                              ", document 3: an object is needed (a map with apiVersion and kind)");
  const auto broken = write("broken.yaml", pod("a") + "---\n" + "a: [1\nb: 2\n---\n" + pod("c"));
  const auto seen = read({broken, write("d.yaml", pod("d"))});
  EXPECT_TRUE(seen.starts_with("Pod/a Pod/c Pod/d error: " + broken + ", document 2: YAML: line "))
      << seen;
  EXPECT_NE(seen.find(": line 7: "), std::string::npos) << seen;
  EXPECT_EQ(read({write("list.yaml",
                        "kind: List\napiVersion: v1\nitems: [1, {apiVersion: v1, kind: "
                        "Pod, metadata: {name: e}}]\n")}),
            "Pod/e error: " + folder + "/list.yaml: the list has an item that is no object");
}

TEST_F(Manifests, TheServerMayMakeTheName) {
  EXPECT_EQ(read({write("a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n")}),
            "Pod/");
  EXPECT_NE(read({write("b.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {}\n")})
                .find("metadata.name is missing"),
            std::string::npos);
}

TEST_F(Manifests, FoldersInsideOfFoldersOnlyWhenAskedFor) {
  ASSERT_TRUE(file::make_folders(folder + "/in"));
  write("a.yaml", pod("a"));
  write("in/b.yaml", pod("b"));
  EXPECT_EQ(read({folder}), "Pod/a");
  EXPECT_EQ(read_manifests({folder}, true)->objects.size(), 2u);
}

TEST_F(Manifests, FoldersGiveTheirManifestsInOrder) {
  write("2.yml", pod("b"));
  write("1.yaml", pod("a"));
  write("3.json", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"c"}})");
  write("notes.txt", "not: a manifest");
  EXPECT_EQ(read({folder}), "Pod/a Pod/b Pod/c");
  EXPECT_EQ(read({folder + "/2.yml", folder + "/1.yaml"}), "Pod/b Pod/a")
      << "files as they are given";
}

TEST_F(Manifests, ADashIsStandardInput) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text = pod("a");
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const int kept = ::dup(STDIN_FILENO);
  ASSERT_EQ(::dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  EXPECT_EQ(read({"-"}), "Pod/a");
  ::dup2(kept, STDIN_FILENO);
  ::close(kept);
  ::close(ends[0]);
}

TEST_F(Manifests, WhatIsMissingIsSaidWithItsPlace) {
  EXPECT_EQ(read({write("a.yaml", pod("a") + "---\nkind: Pod\nmetadata: {name: b}\n")}),
            "Pod/a error: " + folder + "/a.yaml, document 2: apiVersion is missing");
  EXPECT_EQ(read({write("b.yaml", "apiVersion: v1\nkind: Pod\n")}),
            "error: " + folder + "/b.yaml: metadata.name is missing");
  EXPECT_NE(read({write("c.yaml", "just text\n")}).find("an object is needed"), std::string::npos);
  EXPECT_NE(read({write("d.yaml", "a: [1\n")}).find(folder + "/d.yaml: YAML: line"),
            std::string::npos);
  EXPECT_NE(read({folder + "/absent.yaml"}).find("absent.yaml"), std::string::npos);
}

class Apply : public testing::Test {
 protected:
  static json::object parsed(const std::string& text) { return json::parse(text).as_object(); }
  json::object patch(const std::string& last, const std::string& wanted,
                     const std::string& live) const {
    return apply_patch(parsed(last), parsed(wanted), parsed(live), type);
  }
  // What stands after the patch, and that a second one has nothing to do.
  std::string applied(const std::string& last, const std::string& wanted, const std::string& live) {
    const auto after = codec::strategic_merge_patch(parsed(live), patch(last, wanted, live), *type);
    if (!after) return "error: " + after.error().message;
    EXPECT_EQ(json::serialize(apply_patch(parsed(wanted), parsed(wanted), *after, type)), "{}")
        << "a second time changes nothing";
    return json::serialize(*after);
  }

  const schema::Type* type = schema::find_resource("apps", "v1", "deployments")->type;
};

// The path to a Deployment's containers or volumes.
std::string in_pod(const std::string& spec) {
  return R"({"spec":{"template":{"spec":)" + spec + "}}}";
}

TEST_F(Apply, OnlyWhatDiffersIsSent) {
  const std::string same = R"({"spec":{"replicas":2},"metadata":{"name":"web"}})";
  EXPECT_TRUE(
      patch(
          same, same,
          R"({"spec":{"replicas":2,"paused":false},"metadata":{"name":"web","uid":"u"},"status":{}})")
          .empty())
      << "what the server added is not ours";
  EXPECT_EQ(
      json::serialize(patch("{}", R"({"spec":{"replicas":3}})", R"({"spec":{"replicas":2}})")),
      R"({"spec":{"replicas":3}})");
}

TEST_F(Apply, WhatWasAppliedAndIsNotWantedAnyMoreGoes) {
  EXPECT_EQ(json::serialize(patch(R"({"metadata":{"labels":{"a":"1","b":"2"}}})",
                                  R"({"metadata":{"labels":{"a":"1"}}})",
                                  R"({"metadata":{"labels":{"a":"1","b":"2","other":"3"}}})")),
            R"({"metadata":{"labels":{"b":null}}})");
  EXPECT_TRUE(patch(R"({"metadata":{"labels":{"b":"2"}}})", R"({"metadata":{"labels":{}}})",
                    R"({"metadata":{"labels":{}}})")
                  .empty())
      << "gone already";
}

TEST_F(Apply, ContainersAreMergedByName) {
  const auto last =
      in_pod(R"({"containers":[{"name":"a","image":"1"},{"name":"old","image":"1"}]})");
  const auto wanted =
      in_pod(R"({"containers":[{"name":"a","image":"2"},{"name":"new","image":"1"}]})");
  const auto live = in_pod(
      R"({"containers":[{"name":"a","image":"1","imagePullPolicy":"Always"},{"name":"old","image":"1"},{"name":"injected","image":"9"}]})");
  const auto after = applied(last, wanted, live);
  EXPECT_NE(after.find(R"({"name":"a","image":"2","imagePullPolicy":"Always"})"), std::string::npos)
      << after;
  EXPECT_NE(after.find(R"("name":"new")"), std::string::npos);
  EXPECT_NE(after.find(R"("name":"injected")"), std::string::npos) << "somebody else's";
  EXPECT_EQ(after.find(R"("name":"old")"), std::string::npos);
}

TEST_F(Apply, OneAlternativeReplacesTheOther) {
  EXPECT_EQ(
      applied(R"({"spec":{}})", R"({"spec":{"strategy":{"type":"Recreate"}}})",
              R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})"),
      R"({"spec":{"strategy":{"type":"Recreate"}}})")
      << "a default of the server would forbid Recreate";
  EXPECT_EQ(applied(in_pod("{}"), in_pod(R"({"volumes":[{"name":"v","configMap":{"name":"c"}}]})"),
                    in_pod(R"({"volumes":[{"name":"v","emptyDir":{}}]})")),
            in_pod(R"({"volumes":[{"name":"v","configMap":{"name":"c"}}]})"));
}

TEST_F(Apply, FinalizersOfOthersStay) {
  const auto after = applied(R"({"metadata":{"finalizers":["a/x","a/y"]}})",
                             R"({"metadata":{"finalizers":["a/x","a/z"]}})",
                             R"({"metadata":{"finalizers":["a/x","a/y","b/theirs"]}})");
  EXPECT_EQ(after, R"({"metadata":{"finalizers":["a/x","b/theirs","a/z"]}})");
}

TEST_F(Apply, ListsWithoutKeysAreReplacedWhole) {
  EXPECT_EQ(applied(in_pod(R"({"containers":[{"name":"a","args":["x","y"]}]})"),
                    in_pod(R"({"containers":[{"name":"a","args":["x"]}]})"),
                    in_pod(R"({"containers":[{"name":"a","args":["x","y"]}]})")),
            in_pod(R"({"containers":[{"name":"a","args":["x"]}]})"));
}

TEST_F(Apply, AKindThatIsNotKnownHereHasNoMergedLists) {
  EXPECT_EQ(
      json::serialize(apply_patch(parsed("{}"), parsed(R"({"spec":{"containers":[{"name":"a"}]}})"),
                                  parsed(R"({"spec":{"containers":[{"name":"b"}]}})"), nullptr)),
      R"({"spec":{"containers":[{"name":"a"}]}})");
}

TEST(PrettyJson, IndentsByFourAsKubectlDoes) {
  EXPECT_EQ(pretty_json(json::parse(R"({"a":[1,{"b":"x\n"}],"c":{},"d":[],"e":null})")),
            "{\n    \"a\": [\n        1,\n        {\n            \"b\": \"x\\n\"\n        }\n    "
            "],\n    \"c\": {},\n    \"d\": [],\n    \"e\": null\n}");
}

}  // namespace
}  // namespace nodal::nodectl
