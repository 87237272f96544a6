// tests/unit/api-client/codec_test.cc — JSON ↔ structs: limits, paths in errors, absence, round
// trips.
#include "api-client/codec/codec.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <random>

#include "api-client/codec/message.h"
#include "api-client/codec/shapes.h"
#include "gen/all.h"

namespace nodal {
namespace {

using codec::decode;
using codec::encode;

template <class T>
std::string error_of(std::string_view json) {
  const auto result = decode<T>(json);
  return result ? "decoded" : result.error().message;
}

TEST(CodecParse, SaysWhereTheTextIsWrong) {
  const auto result = codec::parse("{\n  \"a\": 1,\n  \"b\": x\n}");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::invalid);
  EXPECT_TRUE(result.error().message.starts_with("JSON line 3, column 8: "))
      << result.error().message;
}

TEST(CodecParse, RefusesWhatIsNoDocument) {
  for (const char* json : {"", "   ", "{", "[1,", "\"abc", "{} {}", "{}x", "{\"a\"}", "nul", "[1,]",
                           "\xff", "\"\xff\"", "01", "'a'", "{\"a\":1}}", "// comment\n{}"})
    EXPECT_FALSE(codec::parse(json)) << json;
}

TEST(CodecParse, LimitsDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(codec::parse(nested(codec::kMaxJsonDepth)));
  EXPECT_FALSE(codec::parse(nested(codec::kMaxJsonDepth + 1)));
  EXPECT_FALSE(codec::parse(nested(1'000'000)));
  EXPECT_TRUE(codec::parse_answer(nested(codec::kMaxAnswerDepth)));
  EXPECT_FALSE(codec::parse_answer(nested(codec::kMaxAnswerDepth + 1)));
}

TEST(CodecParse, LimitsSize) {
  const std::string big(codec::kMaxJsonBytes + 1, ' ');
  const auto result = codec::parse(big);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("bytes"), std::string::npos);
}

TEST(CodecParse, LastDuplicateWins) {
  const auto document = codec::parse(R"({"a":1,"b":2,"a":3})");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->at("a").as_int64(), 3);
  EXPECT_EQ(decode<core_v1::LocalObjectReference>(R"({"name":"x","name":"y"})")->name, "y");
}

TEST(CodecText, WritesNumbersAsTheApiDoes) {
  const auto again = [](std::string_view json) { return codec::to_text(*codec::parse(json)); };
  EXPECT_EQ(
      again(
          R"( {"a" : [1, -2, 18446744073709551615, 1.5, 0.1, 1e3, 1e30, 1e-7, true, null, "x"]} )"),
      R"({"a":[1,-2,18446744073709551615,1.5,0.1,1000,1e+30,1e-7,true,null,"x"]})");
  EXPECT_EQ(again("{}"), "{}");
  EXPECT_EQ(again("[]"), "[]");
  EXPECT_EQ(again(R"([{},[]])"), R"([{},[]])");
}

TEST(CodecText, EscapesAndRepairsStrings) {
  const auto written = [](std::string_view text) {
    std::string out;
    codec::append_string(out, text);
    return out;
  };
  EXPECT_EQ(written(""), R"("")");
  EXPECT_EQ(written("a\"b\\c\n\r\t\x01\x1f/"), R"("a\"b\\c\n\r\t\u0001\u001f/")");
  EXPECT_EQ(written("größe €😀"), "\"größe €😀\"");
  EXPECT_EQ(written("a\xff"
                    "b"),
            "\"a\uFFFDb\"");
  EXPECT_EQ(written("\xc0\x80"), "\"\uFFFD\uFFFD\"") << "overlong";
  EXPECT_EQ(written("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"") << "surrogate";
  EXPECT_EQ(written("\xe2\x82"), "\"\uFFFD\uFFFD\"") << "cut short";
  EXPECT_EQ(written("\xf4\x90\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"") << "beyond Unicode";
  EXPECT_EQ(written(std::string_view("a\0b", 3)), R"("a\u0000b")");
}

TEST(CodecDecode, ReadsAPod) {
  const auto pod = decode<core_v1::Pod>(R"({
    "kind": "Pod", "apiVersion": "v1", "somethingNew": {"x": [1]},
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}, "creationTimestamp": "2026-11-23T07:18:24Z",
                 "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:metadata": {"f:labels": {}}}}]},
    "spec": {"terminationGracePeriodSeconds": 0,
             "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
             "containers": [{"name": "c", "image": "nginx", "securityContext": {},
               "ports": [{"containerPort": 80}],
               "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
               "resources": {"limits": {"cpu": "100m", "memory": 1024}, "requests": null},
               "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]},
    "status": null})");
  ASSERT_TRUE(pod) << pod.error().message;
  EXPECT_EQ(pod->metadata.namespace_, "shop");
  EXPECT_EQ(pod->metadata.labels.at("app"), "web");
  EXPECT_TRUE(pod->metadata.creation_timestamp.has_value());
  EXPECT_EQ(pod->metadata.managed_fields.at(0).fields_v1, R"({"f:metadata":{"f:labels":{}}})");
  EXPECT_EQ(pod->spec.termination_grace_period_seconds, 0);
  EXPECT_FALSE(pod->spec.active_deadline_seconds.has_value());
  EXPECT_EQ(pod->spec.volumes.at(0).empty_dir->size_limit, Quantity::bytes(1 << 30)) << "spliced";
  const auto& container = pod->spec.containers.at(0);
  EXPECT_EQ(container.ports.at(0).container_port, 80);
  EXPECT_TRUE(container.security_context) << "{} is not absence";
  EXPECT_FALSE(pod->spec.security_context);
  EXPECT_EQ(container.liveness_probe->http_get->port.as_string(), "http");
  EXPECT_EQ(container.resources.limits.at("cpu"), Quantity::milli(100));
  EXPECT_EQ(container.resources.limits.at("memory").value(), 1024);
  EXPECT_TRUE(container.resources.requests.empty());
  EXPECT_EQ(container.env.at(0).value_from->secret_key_ref->name, "s");
  EXPECT_EQ(pod->status, core_v1::PodStatus{});
}

TEST(CodecDecode, NamesThePathOfWhatIsWrong) {
  EXPECT_EQ(error_of<apps_v1::Deployment>(R"({"spec":{"replicas":"3"}})"),
            "spec.replicas: expected a number, got string");
  EXPECT_EQ(error_of<apps_v1::Deployment>(R"({"spec":{"replicas":3.5}})"),
            "spec.replicas: expected a whole number, got 3.5");
  EXPECT_EQ(error_of<apps_v1::Deployment>(R"({"spec":{"replicas":3000000000}})"),
            "spec.replicas: 3000000000 does not fit in 32 bits");
  EXPECT_EQ(error_of<core_v1::Service>(R"({"spec":{"ports":[{"port":1},{"port":"x"}]}})"),
            "spec.ports[1].port: expected a number, got string");
  EXPECT_EQ(error_of<core_v1::Service>(R"({"spec":{"clusterIPs":["a",1]}})"),
            "spec.clusterIPs[1]: expected a string, got number");
  EXPECT_EQ(error_of<core_v1::Service>(R"({"spec":{"ports":{}}})"),
            "spec.ports: expected an array, got object");
  EXPECT_EQ(error_of<core_v1::Service>(R"({"spec":{"ports":[{"targetPort":true}]}})"),
            "spec.ports[0].targetPort: expected a number or a string, got boolean");
  EXPECT_EQ(error_of<core_v1::Pod>(R"({"metadata":{"labels":{"a":1}}})"),
            "metadata.labels[a]: expected a string, got number");
  EXPECT_EQ(error_of<core_v1::Pod>(R"({"metadata":{"creationTimestamp":"yesterday"}})"),
            "metadata.creationTimestamp: \"yesterday\" is not a time such as 2006-01-02T15:04:05Z");
  EXPECT_EQ(error_of<core_v1::Pod>(
                R"({"spec":{"containers":[{"resources":{"limits":{"cpu":"lots"}}}]}})"),
            "spec.containers[0].resources.limits[cpu]: \"lots\" is not a quantity such as 100m, "
            "1.5 or 128Mi");
  EXPECT_EQ(error_of<core_v1::Pod>(R"({"spec":{"hostNetwork":"yes"}})"),
            "spec.hostNetwork: expected a boolean, got string");
  EXPECT_EQ(error_of<core_v1::Secret>(R"({"data":{"k":"?"}})"), "data[k]: \"?\" is not base64");
  EXPECT_EQ(error_of<core_v1::Pod>("[]"), "expected an object, got array");
  EXPECT_EQ(error_of<core_v1::Pod>("{"), "JSON line 1, column 2: incomplete JSON");
}

TEST(CodecDecode, RefusesAnotherKind) {
  EXPECT_EQ(error_of<core_v1::Pod>(R"({"kind":"Status","message":"gone"})"),
            "kind: expected Pod, got \"Status\"");
  EXPECT_TRUE(decode<core_v1::Pod>("{}")) << "items of lists have no kind";
}

TEST(CodecDecode, TakesADocumentToo) {
  const auto document = codec::parse(R"({"metadata":{"name":"x"}})");
  ASSERT_TRUE(document);
  EXPECT_EQ(decode<core_v1::Node>(*document)->metadata.name, "x");
}

TEST(CodecEncode, BeginsWithKindAndVersion) {
  EXPECT_EQ(encode(core_v1::ConfigMap{}), R"({"kind":"ConfigMap","apiVersion":"v1"})");
  EXPECT_EQ(encode(coordination_v1::Lease{.metadata = {.name = "n"}}),
            R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"n"}})");
  EXPECT_TRUE(encode(autoscaling_v1::Scale{})
                  .starts_with(R"({"kind":"Scale","apiVersion":"autoscaling/v1")"));
  EXPECT_TRUE(encode(meta_v1::Status{}).starts_with(R"({"kind":"Status","apiVersion":"v1")"));
  EXPECT_TRUE(
      encode(policy_v1::Eviction{}).starts_with(R"({"kind":"Eviction","apiVersion":"policy/v1")"));
  EXPECT_EQ(encode(meta_v1::ObjectMeta{}), "{}") << "a part of a document has neither";
}

TEST(CodecEncode, KeepsZeroWhereAbsenceDiffers) {
  core_v1::PodSpec spec;
  spec.termination_grace_period_seconds = 0;
  spec.security_context = core_v1::PodSecurityContext{};
  const auto document = codec::parse(encode(spec));
  ASSERT_TRUE(document);
  EXPECT_EQ(
      *document,
      *codec::parse(R"({"containers":[],"terminationGracePeriodSeconds":0,"securityContext":{}})"))
      << "containers are required, so they are always written";
}

TEST(CodecEncode, WritesTimesAsTheirKindsDo) {
  coordination_v1::LeaseSpec spec;
  spec.renew_time = TimePoint(std::chrono::seconds(1795418304));
  EXPECT_EQ(encode(spec), R"({"renewTime":"2026-11-23T07:18:24.000000Z"})");
  meta_v1::ObjectMeta metadata;
  metadata.creation_timestamp = spec.renew_time;
  EXPECT_EQ(encode(metadata), R"({"creationTimestamp":"2026-11-23T07:18:24Z"})");
}

TEST(CodecEncode, PutsBytesInBase64) {
  core_v1::Secret secret;
  secret.data["k"] = std::string("\0\xff", 2);
  EXPECT_EQ(encode(secret), R"({"kind":"Secret","apiVersion":"v1","data":{"k":"AP8="}})");
}

/// Fills any generated struct by its table; the deeper, the emptier.
class Anything {
 public:
  explicit Anything(unsigned seed) : random_(seed) {}

  void fill(const codec::Message& message, void* object, int depth = 0) {
    for (std::size_t i = 0; i < message.count; ++i) {
      const codec::Entry& entry = message.entries[i];
      if (upto(depth < 3 ? 1 : static_cast<unsigned>(depth)) != 0) continue;
      void* field = static_cast<char*>(object) + entry.offset;
      if (entry.shape == codec::Shape::message)
        messages(entry, field, depth + 1);
      else
        codec::with_type(entry.shape,
                         [&]<class T>(std::type_identity<T>) { scalars<T>(entry, field); });
    }
  }

 private:
  unsigned upto(unsigned most) { return std::uniform_int_distribution<unsigned>(0, most)(random_); }
  std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }

  std::string word() {
    std::string out;
    static constexpr const char* kPieces[] = {"a", "web", "\"",   "\\", "\n", "ü",
                                              "😀", "/",   "\x01", " ",  "0"};
    for (unsigned n = upto(4); n-- > 0;) out += kPieces[upto(std::size(kPieces) - 1)];
    return out;
  }

  void value(codec::Shape shape, std::string& out) {
    out = shape == codec::Shape::any ? "{\"f:a\":{}}" : word();
    if (shape == codec::Shape::bytes) out += '\xff';
  }
  void value(codec::Shape, std::int32_t& out) { out = static_cast<std::int32_t>(number()); }
  void value(codec::Shape, std::int64_t& out) {
    out = static_cast<std::int64_t>(std::uint64_t{number()} << 32 | number());
  }
  void value(codec::Shape, double& out) { out = static_cast<double>(number()) / 1024; }
  void value(codec::Shape, bool& out) { out = upto(1) == 1; }
  void value(codec::Shape shape, std::optional<TimePoint>& out) {
    out = TimePoint(std::chrono::seconds(number()));
    if (shape == codec::Shape::micro_time) *out += std::chrono::microseconds(upto(999'999));
  }
  void value(codec::Shape, Quantity& out) {
    out = upto(1) == 0 ? Quantity::milli(number()) : Quantity::bytes(number());
  }
  void value(codec::Shape, IntOrString& out) {
    if (upto(1) == 0)
      out.value = static_cast<std::int32_t>(number());
    else
      out.value = word();
  }
  void value(codec::Shape, std::vector<std::string>& out) { out = {word(), word()}; }

  template <class T>
  void scalars(const codec::Entry& entry, void* field) {
    switch (entry.holder) {
      case codec::Holder::value:
        return value(entry.shape, *static_cast<T*>(field));
      case codec::Holder::optional:
        return value(entry.shape, static_cast<std::optional<T>*>(field)->emplace());
      case codec::Holder::list:
        if constexpr (!std::is_same_v<T, bool>) {
          auto& list = *static_cast<std::vector<T>*>(field);
          list.resize(upto(3));
          for (T& item : list) value(entry.shape, item);
        }
        return;
      case codec::Holder::map:
        for (unsigned n = upto(3); n-- > 0;)
          value(entry.shape, (*static_cast<std::map<std::string, T>*>(field))[word()]);
        return;
      case codec::Holder::box:
        break;
    }
    FAIL() << "a box of scalars";
  }

  void messages(const codec::Entry& entry, void* field, int depth) {
    switch (entry.holder) {
      case codec::Holder::value:
        return fill(*entry.message, field, depth);
      case codec::Holder::box:
        return fill(*entry.message, entry.sequence().make(field, 1), depth);
      case codec::Holder::list: {
        const std::size_t count = 1 + upto(1);
        auto* item = static_cast<char*>(entry.sequence().make(field, count));
        for (std::size_t i = 0; i < count; ++i)
          fill(*entry.message, item + i * entry.sequence().stride, depth);
        return;
      }
      case codec::Holder::map:
        return fill(*entry.message, entry.dictionary().put(field, word()), depth);
      case codec::Holder::optional:
        break;
    }
    FAIL() << "an optional message";
  }

  std::mt19937 random_;
};

template <class T>
void comes_back(const char* kind) {
  bool filled = false;
  for (unsigned seed = 0; seed < 20; ++seed) {
    T object;
    Anything(seed).fill(T::kCodec, &object);
    filled = filled || object != T{};
    const std::string json = encode(object);
    const auto again = decode<T>(json);
    ASSERT_TRUE(again) << kind << " seed " << seed << ": " << again.error().message << "\n" << json;
    ASSERT_TRUE(*again == object) << kind << " seed " << seed << "\n"
                                  << json << "\n"
                                  << encode(*again);
  }
  ASSERT_TRUE(filled) << kind;
}

TEST(CodecRoundTrip, EveryKindComesBack) {
#define NODAL_KIND(T) comes_back<T>(#T);
#include "gen/kinds.inc"
#undef NODAL_KIND
  comes_back<meta_v1::Status>("Status");
  comes_back<meta_v1::DeleteOptions>("DeleteOptions");
  comes_back<autoscaling_v1::Scale>("Scale");
  comes_back<authentication_v1::TokenRequest>("TokenRequest");
  comes_back<policy_v1::Eviction>("Eviction");
}

}  // namespace
}  // namespace nodal
