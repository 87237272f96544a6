// tests/unit/api-client/apigen_test.cc — the generator refuses a schema that contradicts itself,
// and names members.
#include <gtest/gtest.h>

#include "api-client/apigen/emit.h"
#include "api-client/apigen/model.h"
#include "base/text.h"

namespace nodal::apigen {
namespace {

constexpr std::string_view kHead = "group: \"\"\nversion: v1\nopenapi: io.example\n";

/// A schema of one file, a_v1.yaml.
Result<Model> load_one(std::string yaml) {
  std::vector<Source> sources(1);
  sources[0].stem = "a_v1";
  sources[0].yaml = std::move(yaml);
  return load(sources);
}

/// What is wrong with it, when its types and kinds are these.
std::string error_of(const std::string& body) {
  const auto model = load_one(text::cat(kHead, body));
  return model ? "" : model.error().message;
}

TEST(Apigen, NamesMembersAsTheApiDoes) {
  const std::pair<const char*, const char*> names[] = {
      {"name", "name"},
      {"nodeName", "node_name"},
      {"clusterIPs", "cluster_ips"},
      {"clusterIP", "cluster_ip"},
      {"podIP", "pod_ip"},
      {"podCIDRs", "pod_cidrs"},
      {"hostPID", "host_pid"},
      {"containerID", "container_id"},
      {"fsGroup", "fs_group"},
      {"httpGet", "http_get"},
      {"fieldsV1", "fields_v1"},
      {"setHostnameAsFQDN", "set_hostname_as_fqdn"},
      {"externalIPs", "external_ips"},
      {"Port", "port"},
      {"targetWWNs", "target_wwns"},
      {"diskURI", "disk_uri"},
      {"systemUUIDText", "system_uuid_text"},
      {"namespace", "namespace_"},
      {"operator", "operator_"},
      {"default", "default_"},
      {"continue", "continue_"},
      {"template", "template_"},
  };
  for (const auto& [json, member] : names) EXPECT_EQ(member_name(json), member);
}

TEST(Apigen, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {type: string, maxLenght: 3}\n"),
            "a_v1.yaml: A.x: unknown key maxLenght");
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {type: text}\n"),
            "a_v1.yaml: A.x: unknown type text");
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {type: integer}\n"),
            "a_v1.yaml: A.x: an integer has the format int32 or int64");
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {type: string, format: uuid}\n"),
            "a_v1.yaml: A.x: unknown format uuid");
  EXPECT_EQ(error_of("types:\n  A:\n    required: [y]\n    properties:\n      x: {type: string}\n"),
            "a_v1.yaml: A: required y is no property");
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {type: string, nullable: maybe}\n"),
            "a_v1.yaml: A.x: expected true or false, got maybe");
}

TEST(Apigen, RefusesWhatDoesNotHoldTogether) {
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {$ref: B}\n"),
            "a_v1.yaml: A.x: no type a_v1.B");
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {$ref: b_v1.B}\n"),
            "a_v1.yaml: A.x: no type b_v1.B");
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {$ref: A, nullable: true}\n"),
            "a_v1.yaml: A: holds itself");
  EXPECT_EQ(error_of("types:\n  Quantity:\n    properties: {}\n"),
            "a_v1.yaml: Quantity: the name is taken");
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {type: string, x-protobuf: 1}\n"
                     "      y: {type: string, x-protobuf: 1}\n"),
            "a_v1.yaml: A.y: has the protobuf number of x");
  EXPECT_EQ(error_of("kinds:\n  A: {plural: as, namespaced: true}\ntypes: {}\n"),
            "a_v1.yaml: A: a kind without a type");
  EXPECT_EQ(error_of("types:\n  A:\n    properties:\n      x: {type: array, items: {type: string},"
                     " x-kubernetes-list-type: map}\n"),
            "a_v1.yaml: A.x: list type map and x-kubernetes-list-map-keys go together");
  EXPECT_EQ(error_of("types:\n  B:\n    properties:\n      k: {type: string}\n"
                     "  A:\n    properties:\n      x: {type: array, items: {$ref: B}, "
                     "x-kubernetes-list-type: map,"
                     " x-kubernetes-list-map-keys: [name]}\n"),
            "a_v1.yaml: A.x: its elements have no merge key name");
}

TEST(Apigen, SaysWhereYamlIsBroken) {
  EXPECT_TRUE(error_of("types: {\n").starts_with("a_v1.yaml: line ")) << error_of("types: {\n");
  EXPECT_EQ(load_one("- a\n").error().message.substr(0, 25), "a_v1.yaml: file: not a ma");
}

TEST(Apigen, SaysAllThatIsWrongAtOnce) {
  const std::string errors =
      error_of("types:\n  A:\n    properties:\n      x: {type: text}\n      y: {type: integer}\n");
  EXPECT_NE(errors.find("A.x"), std::string::npos);
  EXPECT_NE(errors.find("A.y"), std::string::npos);
}

TEST(Apigen, PutsTypesAfterThoseTheyHold) {
  const auto model = load_one(text::cat(kHead,
                                        "types:\n"
                                        "  A: {properties: {b: {$ref: B}}}\n"
                                        "  B: {properties: {x: {type: string, default: yes}}}\n"));
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_EQ(model->files[0].types.size(), 2u);
  EXPECT_EQ(model->files[0].types[0].name, "B");
  EXPECT_EQ(model->files[0].types[0].properties[0].default_json, "\"yes\"");
}

TEST(Apigen, WritesLiteralsThatCompilersRead) {
  EXPECT_EQ(literal("a \"b\" \\ c\nd"), R"("a \"b\" \\ c\nd")");
}

}  // namespace
}  // namespace nodal::apigen
