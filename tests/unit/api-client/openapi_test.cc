// tests/unit/api-client/openapi_test.cc — the documents hold together and say what kubectl looks
// for.
#include "api-client/codec/openapi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <set>

#include "api-client/codec/codec.h"
#include "api-client/codec/schema.h"
#include "api-client/codec/wire.h"

namespace nodal::codec {
namespace {

namespace json = boost::json;

json::value v3(std::string_view group, std::string_view version) {
  const auto parsed = parse(openapi_v3(group, version));
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed.value_or(json::value());
}

/// The value at "/a/b"; slashes within a name are written ~1.
const json::value& at(const json::value& document, std::string_view pointer) {
  return document.at_pointer(pointer);
}

std::set<std::pair<std::string, std::string>> groups() {
  std::set<std::pair<std::string, std::string>> out;
  for (const auto& resource : schema::resources()) out.emplace(resource.group, resource.version);
  return out;
}

void visit(const json::value& value, const std::function<void(const json::object&)>& look) {
  if (const auto* const array = value.if_array())
    for (const auto& element : *array) visit(element, look);
  if (const auto* const object = value.if_object()) {
    look(*object);
    for (const auto& member : *object) visit(member.value(), look);
  }
}

TEST(OpenApiV3, EveryDocumentIsJsonWhoseReferencesLeadSomewhere) {
  for (const auto& [group, version] : groups()) {
    const auto document = v3(group, version);
    const auto& schemas = at(document, "/components/schemas").as_object();
    std::size_t references = 0;
    visit(document, [&](const json::object& object) {
      const auto* const reference = object.if_contains("$ref");
      if (!reference || !reference->is_string()) return;
      ++references;
      const std::string name = reference->as_string().c_str();
      ASSERT_TRUE(name.starts_with("#/components/schemas/")) << name;
      EXPECT_TRUE(schemas.contains(name.substr(21))) << name;
    });
    EXPECT_GT(references, 10u) << group;
  }
}

TEST(OpenApiV3, EverySchemaAndPropertyHasADescription) {
  for (const auto& [group, version] : groups()) {
    const auto document = v3(group, version);
    for (const auto& schema : at(document, "/components/schemas").as_object()) {
      EXPECT_TRUE(schema.value().as_object().contains("description")) << schema.key();
      if (const auto* const properties = schema.value().as_object().if_contains("properties")) {
        for (const auto& property : properties->as_object())
          EXPECT_FALSE(property.value().at("description").as_string().empty())
              << schema.key() << '.' << property.key();
      }
    }
  }
}

TEST(OpenApiV3, EachServedKindHasOneSchemaAndAnEndpointPerVerb) {
  for (const auto& resource : schema::resources()) {
    const auto document = v3(resource.group, resource.version);
    const auto same = [&](const json::value& gvk) {
      return gvk.at("group").as_string() == resource.group &&
             gvk.at("version").as_string() == resource.version &&
             gvk.at("kind").as_string() == resource.kind;
    };
    std::size_t schemas = 0;
    for (const auto& schema : at(document, "/components/schemas").as_object())
      if (const auto* const kinds =
              schema.value().as_object().if_contains("x-kubernetes-group-version-kind"))
        schemas += static_cast<std::size_t>(std::ranges::count_if(kinds->as_array(), same));
    EXPECT_EQ(schemas, 1u) << resource.kind;

    std::set<std::string> actions;
    visit(document.at("paths"), [&](const json::object& object) {
      const auto* const kind = object.if_contains("x-kubernetes-group-version-kind");
      if (kind && same(*kind)) actions.insert(object.at("x-kubernetes-action").as_string().c_str());
    });
    const std::map<std::string, std::string, std::less<>> action_of = {
        {"create", "post"},   {"update", "put"},
        {"delete", "delete"}, {"deletecollection", "deletecollection"},
        {"get", "get"},       {"list", "list"},
        {"patch", "patch"},   {"watch", "list"}};
    for (const auto verb : resource.verbs)
      EXPECT_TRUE(actions.contains(action_of.find(verb)->second)) << resource.kind << ' ' << verb;
  }
}

TEST(OpenApiV3, PatchSaysWhatKubectlChecks) {
  const auto document = v3("apps", "v1");
  const auto& patch =
      at(document, "/paths/~1apis~1apps~1v1~1namespaces~1{namespace}~1deployments~1{name}/patch");
  std::set<std::string> names;
  for (const auto& parameter : patch.at("parameters").as_array())
    names.insert(parameter.at("name").as_string().c_str());
  EXPECT_EQ(names, (std::set<std::string>{"dryRun", "fieldManager", "fieldValidation", "force"}));
  const auto& content = at(patch, "/requestBody/content").as_object();
  EXPECT_TRUE(content.contains("application/strategic-merge-patch+json"));
  EXPECT_TRUE(content.contains("application/merge-patch+json"));
  EXPECT_TRUE(content.contains("application/json-patch+json"));
  EXPECT_EQ(json::serialize(patch.at("x-kubernetes-group-version-kind")),
            R"({"group":"apps","version":"v1","kind":"Deployment"})");
}

TEST(OpenApiV3, SubresourcesSpeakTheirOwnKind) {
  const auto document = v3("apps", "v1");
  const auto& scale = at(
      document, "/paths/~1apis~1apps~1v1~1namespaces~1{namespace}~1deployments~1{name}~1scale/get");
  EXPECT_EQ(json::serialize(scale.at("x-kubernetes-group-version-kind")),
            R"({"group":"autoscaling","version":"v1","kind":"Scale"})");
  const auto core = v3("", "v1");
  EXPECT_TRUE(
      at(core,
         "/paths/~1api~1v1~1namespaces~1{namespace}~1pods~1{name}~1log/get/responses/200/content")
          .as_object()
          .contains("text/plain"));
}

TEST(OpenApiV3, PropertiesAreAsRealServersWriteThem) {
  const auto document = v3("", "v1");
  const auto property = [&](std::string_view type, std::string_view name) {
    auto copy = at(document, "/components/schemas/io.k8s.api.core.v1." + std::string(type) +
                                 "/properties/" + std::string(name));
    copy.as_object().stable_erase("description");
    return json::serialize(copy);
  };
  EXPECT_EQ(
      property("PodSpec", "containers"),
      R"({"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/io.k8s.api.core.v1.Container"}]},)"
      R"("minItems":1,"x-kubernetes-list-map-keys":["name"],"x-kubernetes-list-type":"map",)"
      R"("x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"})");
  EXPECT_NE(
      property("PodSpec", "volumes").find(R"("x-kubernetes-patch-strategy":"merge,retainKeys")"),
      std::string::npos);
  EXPECT_EQ(
      property("PodSpec", "nodeSelector"),
      R"({"type":"object","additionalProperties":{"type":"string"},"x-kubernetes-map-type":"atomic"})");
  EXPECT_EQ(property("ContainerPort", "protocol"),
            R"({"type":"string","enum":["SCTP","TCP","UDP"],"default":"TCP"})");
  EXPECT_EQ(property("Secret", "data"),
            R"({"type":"object","additionalProperties":{"type":"string","format":"byte"}})");
  EXPECT_EQ(
      property("ServicePort", "targetPort"),
      R"({"allOf":[{"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString"}]})");
  EXPECT_EQ(
      property("ResourceRequirements", "limits"),
      R"({"type":"object","additionalProperties":)"
      R"({"allOf":[{"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}]}})");
}

TEST(OpenApiV3, SplicedMessagesShowOnlyTheirMembers) {
  const auto document = v3("", "v1");
  const auto& volume =
      at(document, "/components/schemas/io.k8s.api.core.v1.Volume/properties").as_object();
  EXPECT_TRUE(volume.contains("configMap"));
  EXPECT_FALSE(volume.contains("volumeSource"));
  const auto& probe =
      at(document, "/components/schemas/io.k8s.api.core.v1.Probe/properties").as_object();
  EXPECT_TRUE(probe.contains("httpGet"));
  EXPECT_FALSE(probe.contains("handler"));
}

TEST(OpenApiV3, TheIndexNamesEveryDocumentByItsHash) {
  const auto index = parse(openapi_v3_index());
  ASSERT_TRUE(index);
  const auto& paths = index->at("paths").as_object();
  EXPECT_EQ(paths.size(), groups().size());
  EXPECT_EQ(paths.at("apis/apps/v1").at("serverRelativeURL").as_string(),
            "/openapi/v3/apis/apps/v1?hash=" + openapi_hash(openapi_v3("apps", "v1")));
  EXPECT_TRUE(paths.contains("api/v1"));
  EXPECT_NE(openapi_hash(openapi_v3("apps", "v1")), openapi_hash(openapi_v3("", "v1")));
  EXPECT_EQ(openapi_hash("").size(), 16u);
}

TEST(OpenApiV3, KnowsNoGroupThatIsNotServed) {
  EXPECT_EQ(openapi_v3("batch", "v1"), "");
  EXPECT_EQ(openapi_v3("", "v2"), "");
}

// A message of the v2 document, by field number.
using Message = std::multimap<std::uint32_t, std::string>;

Message read(std::string_view bytes) {
  Message out;
  for (wire::Reader in(bytes); !in.at_end();) {
    const auto tag = in.tag();
    if (!tag) {
      ADD_FAILURE() << tag.error().message;
      break;
    }
    if (tag->format == wire::Format::varint)
      out.emplace(tag->field, std::to_string(in.varint().value_or(0)));
    else
      out.emplace(tag->field, in.bytes().value_or("?"));
  }
  return out;
}
std::string one(const Message& message, std::uint32_t field) {
  const auto found = message.find(field);
  return found == message.end() ? std::string() : found->second;
}
/// name → message of a list of NamedSchema or NamedPathItem.
std::map<std::string, Message> named(std::string_view bytes, std::uint32_t field) {
  std::map<std::string, Message> out;
  const auto list = read(bytes);
  for (auto [item, end] = list.equal_range(field); item != end; ++item) {
    const auto pair = read(item->second);
    EXPECT_TRUE(out.emplace(one(pair, 1), read(one(pair, 2))).second) << "twice: " << one(pair, 1);
  }
  return out;
}

void references(const Message& schema, std::set<std::string>& out) {
  if (const auto reference = one(schema, 1); !reference.empty()) out.insert(reference);
  for (const std::uint32_t holder : {21u, 23u})
    if (const auto held = one(schema, holder); !held.empty())
      references(read(one(read(held), 1)), out);
  if (const auto properties = one(schema, 25); !properties.empty())
    for (const auto& [name, property] : named(properties, 1)) references(property, out);
}

TEST(OpenApiV2, DefinitionsHoldTogether) {
  const auto document = read(openapi_v2());
  EXPECT_EQ(one(document, 1), "2.0");
  const auto definitions = named(one(document, 9), 1);
  EXPECT_GT(definitions.size(), 150u);
  std::set<std::string> used;
  for (const auto& [name, schema] : definitions) {
    EXPECT_FALSE(one(schema, 4).empty()) << name << " has no description";
    references(schema, used);
  }
  EXPECT_GT(used.size(), 100u);
  for (const auto& reference : used) {
    ASSERT_TRUE(reference.starts_with("#/definitions/")) << reference;
    EXPECT_TRUE(definitions.contains(reference.substr(14))) << reference;
  }
}

TEST(OpenApiV2, DefinitionsCarryKindsAndMergeKeys) {
  const auto document = read(openapi_v2());
  const auto definitions = named(one(document, 9), 1);
  const auto& pod = definitions.at("io.k8s.api.core.v1.Pod");
  const auto kind = read(one(pod, 31));
  EXPECT_EQ(one(kind, 1), "x-kubernetes-group-version-kind");
  EXPECT_EQ(one(read(one(kind, 2)), 2), R"([{"group":"","version":"v1","kind":"Pod"}])");

  const auto properties = named(one(definitions.at("io.k8s.api.core.v1.PodSpec"), 25), 1);
  std::map<std::string, std::string> extensions;
  const auto& containers = properties.at("containers");
  for (auto [item, end] = containers.equal_range(31); item != end; ++item)
    extensions.emplace(one(read(item->second), 1), one(read(one(read(item->second), 2)), 2));
  EXPECT_EQ(extensions.at("x-kubernetes-patch-merge-key"), R"("name")");
  EXPECT_EQ(extensions.at("x-kubernetes-patch-strategy"), R"("merge")");
  EXPECT_EQ(one(definitions.at("io.k8s.api.core.v1.PodSpec"), 19), "containers");
}

TEST(OpenApiV2, PatchSaysWhatKubectlChecks) {
  const auto document = read(openapi_v2());
  const auto paths = named(one(document, 8), 2);
  const auto patch =
      read(one(paths.at("/apis/apps/v1/namespaces/{namespace}/deployments/{name}"), 8));
  std::set<std::string> parameters;
  for (auto [item, end] = patch.equal_range(8); item != end; ++item)
    parameters.insert(one(read(one(read(one(read(one(read(item->second), 1)), 2)), 3)), 4));
  EXPECT_TRUE(parameters.contains("fieldValidation"));
  EXPECT_TRUE(parameters.contains("dryRun"));
  std::set<std::string> consumes;
  for (auto [item, end] = patch.equal_range(7); item != end; ++item) consumes.insert(item->second);
  EXPECT_TRUE(consumes.contains("application/strategic-merge-patch+json"));
}

TEST(OpenApiV2, OperationIdsAreUnique) {
  const auto document = read(openapi_v2());
  std::set<std::string> ids;
  for (const auto& [name, path] : named(one(document, 8), 2))
    for (const std::uint32_t method : {2u, 3u, 4u, 5u, 8u})
      if (const auto operation = one(path, method); !operation.empty()) {
        EXPECT_TRUE(ids.insert(one(read(operation), 5)).second)
            << name << ' ' << one(read(operation), 5);
      }
  EXPECT_GT(ids.size(), 80u);
}

}  // namespace
}  // namespace nodal::codec
