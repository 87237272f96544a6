// tests/unit/api-client/schema_test.cc — the generated descriptors say what the schema files say.
#include "api-client/codec/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace nodal::schema {
namespace {

TEST(Schema, FindsKindsBothWays) {
  const Resource* pods = find_resource("", "v1", "pods");
  ASSERT_NE(pods, nullptr);
  EXPECT_EQ(find_kind("", "v1", "Pod"), pods);
  EXPECT_EQ(find_resource("", "", "pods"), pods) << "no version: the preferred one";
  EXPECT_EQ(find_resource("apps", "v1", "pods"), nullptr);
  EXPECT_EQ(find_resource("", "v2", "pods"), nullptr);
  EXPECT_EQ(pods->singular, "pod");
  EXPECT_EQ(pods->short_names[0], "po");
  EXPECT_EQ(pods->verbs.size(), 8u);
  EXPECT_TRUE(pods->namespaced);
  EXPECT_TRUE(pods->has_status);
  ASSERT_NE(pods->subresource("binding"), nullptr);
  EXPECT_EQ(pods->subresource("binding")->kind, "Binding");
  EXPECT_EQ(pods->subresource("nothing"), nullptr);
  EXPECT_EQ(pods->type, find_type("io.k8s.api.core.v1.Pod"));
}

TEST(Schema, FindsTypesThatAreNoKinds) {
  const Type* options = find_type("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->name, "DeleteOptions");
  EXPECT_EQ(find_type("io.k8s.api.core.v1.Nothing"), nullptr);
  EXPECT_EQ(find_type(""), nullptr);
}

TEST(Schema, CoreComesFirst) { EXPECT_EQ(resources().front().group, ""); }

TEST(Schema, DescribesAField) {
  const Type* spec = find_type("io.k8s.api.core.v1.PodSpec");
  ASSERT_NE(spec, nullptr);
  const Field* containers = spec->find("containers");
  ASSERT_NE(containers, nullptr);
  EXPECT_EQ(containers->kind, Kind::array);
  EXPECT_EQ(containers->element, Kind::object);
  EXPECT_EQ(containers->type->name, "Container");
  EXPECT_TRUE(containers->required);
  EXPECT_EQ(containers->protobuf, 2u);
  EXPECT_EQ(containers->list_type, ListType::map);
  EXPECT_EQ(containers->list_map_keys[0], "name");
  EXPECT_EQ(containers->patch_strategy, PatchStrategy::merge);
  EXPECT_EQ(containers->patch_merge_key, "name");
  const Field* grace = spec->find("terminationGracePeriodSeconds");
  ASSERT_NE(grace, nullptr);
  EXPECT_EQ(grace->format, Format::int64);
  EXPECT_TRUE(grace->pointer);
  EXPECT_EQ(grace->default_json, "30");
  EXPECT_EQ(spec->find("volumes")->retain_keys, true);
  EXPECT_EQ(spec->find("contain"), nullptr);
}

TEST(Schema, FlattensSplicedMessages) {
  const Type* volume = find_type("io.k8s.api.core.v1.Volume");
  ASSERT_NE(volume, nullptr);
  const Field* flat = volume->find("emptyDir");
  ASSERT_NE(flat, nullptr) << "JSON has it here";
  EXPECT_EQ(flat->protobuf, 0u) << "but protobuf does not";
  EXPECT_EQ(volume->find("volumeSource"), nullptr) << "JSON has no such name";
  const auto spliced = std::ranges::find_if(volume->fields, &Field::spliced);
  ASSERT_NE(spliced, volume->fields.end());
  EXPECT_EQ(spliced->name, "volumeSource");
  EXPECT_EQ(spliced->protobuf, 2u);
  EXPECT_EQ(spliced->type->find("emptyDir")->protobuf, 2u);
}

TEST(Schema, DocumentsCarryKindAndApiVersion) {
  for (const Resource& resource : resources()) {
    EXPECT_NE(resource.type->find("kind"), nullptr) << resource.kind;
    EXPECT_NE(resource.type->find("apiVersion"), nullptr) << resource.kind;
  }
  for (const char* name :
       {"io.k8s.api.autoscaling.v1.Scale", "io.k8s.api.policy.v1.Eviction",
        "io.k8s.api.authentication.v1.TokenRequest", "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
        "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"})
    EXPECT_NE(find_type(name)->find("kind"), nullptr) << name;
  EXPECT_EQ(find_type("io.k8s.api.core.v1.PodSpec")->find("apiVersion"), nullptr);
}

/// Follows every pointer that the descriptors have.
void walk(const Type& type, std::set<const Type*>& seen) {
  if (!seen.insert(&type).second) return;
  EXPECT_TRUE(std::ranges::is_sorted(type.fields, {}, &Field::name)) << type.name;
  EXPECT_EQ(find_type(type.openapi), &type);
  for (const Field& field : type.fields) {
    const std::string where = std::string(type.name) + "." + std::string(field.name);
    const bool many = field.kind == Kind::array || field.kind == Kind::map;
    const bool object = (many ? field.element : field.kind) == Kind::object;
    EXPECT_EQ(object, field.type != nullptr) << where;
    EXPECT_TRUE(std::ranges::is_sorted(field.enum_values)) << where;
    EXPECT_FALSE(field.kind == Kind::integer && field.format == Format::none) << where;
    if (field.list_type == ListType::map) {
      EXPECT_FALSE(field.list_map_keys.empty()) << where;
      for (const auto key : field.list_map_keys) EXPECT_NE(field.type->find(key), nullptr) << where;
    }
    if (field.type != nullptr) walk(*field.type, seen);
  }
}

TEST(Schema, HoldsTogether) {
  std::set<const Type*> seen;
  for (const Resource& resource : resources()) walk(*resource.type, seen);
  EXPECT_GT(seen.size(), 100u);
}

}  // namespace
}  // namespace nodal::schema
