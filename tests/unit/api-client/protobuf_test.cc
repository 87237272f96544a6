// tests/unit/api-client/protobuf_test.cc — messages as kubectl sends them become the documents it
// means.
#include "api-client/codec/protobuf.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "api-client/codec/wire.h"

namespace nodal::codec {
namespace {

namespace json = boost::json;
using schema::Field;
using schema::Kind;
using schema::Type;
using wire::Writer;

// A kind with one field of each sort. Fields are in the order of their names, as in generated
// types.
extern const Type node;
const Field handler_fields[] = {
    {.name = "exec", .kind = Kind::object, .type = &node, .protobuf = 1, .pointer = true},
};
const Type handler{.name = "Handler", .fields = handler_fields};
const Field node_fields[] = {
    {.name = "any", .kind = Kind::any, .protobuf = 1, .pointer = true},
    {.name = "child", .kind = Kind::object, .type = &node, .protobuf = 2},
    {.name = "count", .kind = Kind::integer, .format = schema::Format::int32, .protobuf = 3},
    {.name = "created", .kind = Kind::time, .protobuf = 4},
    {.name = "data", .kind = Kind::map, .element = Kind::bytes, .protobuf = 5},
    {.name = "exec",
     .kind = Kind::object,
     .type = &node,
     .pointer = true},  // of the spliced handler
    {.name = "extra", .kind = Kind::map, .element = Kind::array, .protobuf = 22},
    {.name = "handler", .kind = Kind::object, .type = &handler, .protobuf = 6, .spliced = true},
    {.name = "labels", .kind = Kind::map, .element = Kind::string, .protobuf = 7},
    {.name = "limits", .kind = Kind::map, .element = Kind::quantity, .protobuf = 8},
    {.name = "list", .kind = Kind::array, .element = Kind::object, .type = &node, .protobuf = 9},
    {.name = "name", .kind = Kind::string, .protobuf = 10},
    {.name = "numbers",
     .kind = Kind::array,
     .element = Kind::integer,
     .format = schema::Format::int64,
     .protobuf = 11},
    {.name = "on", .kind = Kind::boolean, .protobuf = 12},
    {.name = "paused", .kind = Kind::boolean, .protobuf = 13, .pointer = true},
    {.name = "port", .kind = Kind::int_or_string, .protobuf = 14},
    {.name = "ready", .kind = Kind::boolean, .protobuf = 15, .required = true},
    {.name = "renewed", .kind = Kind::micro_time, .protobuf = 16},
    {.name = "replicas",
     .kind = Kind::integer,
     .format = schema::Format::int32,
     .protobuf = 17,
     .pointer = true},
    {.name = "size", .kind = Kind::quantity, .protobuf = 18, .pointer = true},
    {.name = "wide", .kind = Kind::integer, .format = schema::Format::int64, .protobuf = 19},
    {.name = "words", .kind = Kind::array, .element = Kind::string, .protobuf = 20},
    {.name = "weight", .kind = Kind::number, .protobuf = 21},
};
const Type node{.name = "Node", .fields = node_fields};

std::string text(const Result<json::object>& result) {
  return result ? json::serialize(*result) : "error: " + result.error().message;
}

template <class... Fields>
std::string message(Fields... fields) {
  Writer out;
  (fields(out), ...);
  return out.take();
}
auto number(std::uint32_t field, std::int64_t value) {
  return [=](Writer& out) { out.varint(field, static_cast<std::uint64_t>(value)); };
}
auto bytes(std::uint32_t field, std::string value) {
  return [=](Writer& out) { out.bytes(field, value); };
}
std::string decoded(const std::string& raw) { return text(decode_message(raw, node)); }

TEST(Protobuf, ReadsEachSortOfField) {
  EXPECT_EQ(decoded(message(bytes(10, "n1"))), R"({"name":"n1"})");
  EXPECT_EQ(decoded(message(number(3, 7))), R"({"count":7})");
  EXPECT_EQ(decoded(message(number(19, std::int64_t{1} << 40))), R"({"wide":1099511627776})");
  EXPECT_EQ(decoded(message(number(12, 1))), R"({"on":true})");
  EXPECT_EQ(decoded(message(bytes(20, "a"), bytes(20, ""))), R"({"words":["a",""]})");
  EXPECT_EQ(decoded(message(bytes(2, message(bytes(10, "c"))))), R"({"child":{"name":"c"}})");
  EXPECT_EQ(decoded(message(bytes(9, ""), bytes(9, message(bytes(10, "c"))))),
            R"({"list":[{},{"name":"c"}]})");
  EXPECT_EQ(decoded(message(bytes(18, message(bytes(1, "100m"))))), R"({"size":"100m"})");
  EXPECT_EQ(decoded(message(bytes(1, message(bytes(1, R"({"f:a":{}})"))))),
            R"({"any":{"f:a":{}}})");
}

TEST(Protobuf, ReadsNegativeNumbers) {
  EXPECT_EQ(decoded(message(number(3, -5))), R"({"count":-5})");
  EXPECT_EQ(decoded(message(number(19, -5))), R"({"wide":-5})");
  EXPECT_EQ(decoded(message(number(3, 0xffff'fffb))), R"({"count":-5})")
      << "32 bits without sign extension";
}

TEST(Protobuf, ReadsADouble) {
  using namespace std::string_literals;
  EXPECT_EQ(decoded("\xa9\x01\0\0\0\0\0\0\xf8\x3f"s), R"({"weight":1.5E0})");
  EXPECT_EQ(decoded("\xa9\x01\0\0\0\0\0\0\xf0\x7f"s), "error: weight: is not a finite number");
}

TEST(Protobuf, ReadsMaps) {
  const auto pair = [](std::string key, std::string value) {
    return message(bytes(1, key), bytes(2, value));
  };
  EXPECT_EQ(decoded(message(bytes(7, pair("app", "web")), bytes(7, pair("empty", "")))),
            R"({"labels":{"app":"web","empty":""}})");
  EXPECT_EQ(decoded(message(bytes(7, message(bytes(1, "bare"))))), R"({"labels":{"bare":""}})");
  EXPECT_EQ(decoded(message(bytes(5, pair("key", "\x01\xff")))), R"({"data":{"key":"Af8="}})");
  EXPECT_EQ(decoded(message(bytes(8, pair("cpu", message(bytes(1, "2")))))),
            R"({"limits":{"cpu":"2"}})");
  EXPECT_EQ(decoded(message(bytes(7, pair("a", "1")), bytes(7, pair("a", "2")))),
            R"({"labels":{"a":"2"}})");
  EXPECT_EQ(decoded(message(bytes(22, pair("a", message(bytes(1, "x"), bytes(1, "y")))),
                            bytes(22, pair("b", "")))),
            R"({"extra":{"a":["x","y"],"b":[]}})");
}

TEST(Protobuf, ReadsTimes) {
  const auto time = [](std::int64_t seconds, std::int64_t nanos) {
    return message(number(1, seconds), number(2, nanos));
  };
  EXPECT_EQ(decoded(message(bytes(4, time(1'795'418'304, 999)))),
            R"({"created":"2026-11-23T07:18:24Z"})");
  EXPECT_EQ(decoded(message(bytes(16, time(1'795'418'304, 410'374'999)))),
            R"({"renewed":"2026-11-23T07:18:24.410374Z"})");
  EXPECT_EQ(decoded(message(bytes(4, time(0, 0)))), R"({"created":"1970-01-01T00:00:00Z"})");
  EXPECT_EQ(decoded(message(bytes(4, ""))), "{}") << "Go's zero time";
  EXPECT_EQ(decoded(message(bytes(4, time(-62'135'596'800, 0)))), "{}")
      << "Go's zero time, written out";
  EXPECT_EQ(decoded(message(bytes(4, time(253'402'300'800, 0)))),
            "error: created: is a time outside the years 1 to 9999");
}

TEST(Protobuf, ReadsPortsByNumberAndName) {
  EXPECT_EQ(decoded(message(bytes(14, message(number(1, 0), number(2, 8080), bytes(3, ""))))),
            R"({"port":8080})");
  EXPECT_EQ(decoded(message(bytes(14, message(number(1, 1), number(2, 0), bytes(3, "http"))))),
            R"({"port":"http"})");
  EXPECT_EQ(decoded(message(bytes(14, message(number(1, 0), number(2, 0), bytes(3, ""))))), "{}");
  EXPECT_EQ(decoded(message(bytes(14, message(number(1, 2))))),
            "error: port: is neither a number nor a string");
}

TEST(Protobuf, ZeroIsAbsenceUnlessJsonWouldShowIt) {
  EXPECT_EQ(decoded(message(bytes(10, ""), number(3, 0), number(12, 0), number(19, 0))), "{}");
  EXPECT_EQ(decoded(message(number(13, 0), number(17, 0))), R"({"paused":false,"replicas":0})")
      << "pointers";
  EXPECT_EQ(decoded(message(number(15, 0))), R"({"ready":false})") << "required";
}

TEST(Protobuf, SplicesMembersIntoTheParent) {
  EXPECT_EQ(decoded(message(bytes(6, message(bytes(1, message(bytes(10, "sh"))))))),
            R"({"exec":{"name":"sh"}})");
}

TEST(Protobuf, TheLastValueWinsAndMessagesMerge) {
  EXPECT_EQ(decoded(message(bytes(10, "a"), bytes(10, "b"))), R"({"name":"b"})");
  EXPECT_EQ(decoded(message(bytes(10, "a"), bytes(10, ""))), "{}");
  EXPECT_EQ(decoded(message(bytes(2, message(bytes(10, "a"))), bytes(2, message(number(3, 1))))),
            R"({"child":{"name":"a","count":1}})");
}

TEST(Protobuf, ReadsPackedNumbers) {
  using namespace std::string_literals;
  EXPECT_EQ(decoded(message(number(11, 1), bytes(11, "\x02\x03"))), R"({"numbers":[1,2,3]})");
  EXPECT_EQ(decoded(message(bytes(11, ""))), "{}");
}

TEST(Protobuf, SkipsWhatItDoesNotKnow) {
  using namespace std::string_literals;
  const auto known = message(bytes(10, "n"));
  for (const auto& unknown :
       {message(number(99, 5)), message(bytes(99, "x")), "\x99\x06\1\2\3\4\5\6\7\x08"s,
        "\x9d\x06\1\2\3\4"s, "\x9b\x06\x08\x01\x9c\x06"s})
    EXPECT_EQ(decoded(unknown + known), R"({"name":"n"})");
}

TEST(Protobuf, NamesThePlaceOfAnError) {
  EXPECT_EQ(decoded(message(number(10, 1))), "error: name: is not a string on the wire");
  EXPECT_EQ(decoded(message(bytes(3, "x"))), "error: count: is not an integer on the wire");
  EXPECT_EQ(decoded(message(bytes(9, ""), bytes(9, message(bytes(2, message(bytes(10, "\xff"))))))),
            "error: list[1].child.name: is not UTF-8");
  EXPECT_EQ(
      decoded(message(bytes(8, message(bytes(1, "cpu"), bytes(2, message(bytes(1, "much"))))))),
      "error: limits.cpu: is not a quantity");
  EXPECT_EQ(decoded(message(number(3, std::int64_t{1} << 40))),
            "error: count: does not fit in 32 bits");
}

TEST(Protobuf, RefusesUtf8ThatIsNone) {
  for (const auto* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80"})
    EXPECT_EQ(decoded(message(bytes(10, bad))), "error: name: is not UTF-8");
  EXPECT_EQ(decoded(message(bytes(10, "€😀"))), R"({"name":"€😀"})");
}

// Every prefix of a good message is either a shorter good message or a clear error.
TEST(Protobuf, SurvivesTruncationAnywhere) {
  const auto whole =
      message(bytes(2, message(bytes(10, "c"), bytes(7, message(bytes(1, "k"), bytes(2, "v"))))),
              bytes(4, message(number(1, 5), number(2, 6))), number(19, -1),
              bytes(14, message(number(1, 1), bytes(3, "http"))));
  std::size_t errors = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto result = decode_message(std::string_view(whole).substr(0, length), node);
    if (result) continue;
    ++errors;
    EXPECT_EQ(result.error().code, Errc::invalid);
    EXPECT_NE(result.error().message.find("ends too early"), std::string::npos)
        << result.error().message;
  }
  EXPECT_GT(errors, whole.size() / 2);
}

TEST(Protobuf, LimitsDepthSizeAndCount) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep = message(bytes(2, deep));
  EXPECT_NE(decoded(deep).find("nested deeper than 64 levels"), std::string::npos);
  EXPECT_NE(decoded(std::string(kMaxProtobufBytes + 1, 'x')).find("larger than"),
            std::string::npos);
  Writer many;
  for (std::size_t i = 0; i <= kMaxProtobufValues; ++i) many.bytes(20, "");
  EXPECT_EQ(decoded(many.take()), "error: words: more than 200000 values");
}

std::string unhex(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return out;
}

// The whole body of `kubectl create namespace n1`, captured from kubectl 1.33.1.
const std::string namespace_n1 = unhex(
    "6b387300"
    "0a0f0a02763112094e616d657370616365"
    "121a"
    "0a120a026e3112001a0022002a00320038004200"
    "1200"
    "1a020a00"
    "1a002200");

TEST(ProtobufEnvelope, OpensWhatKubectlSends) {
  const auto envelope = open_protobuf(namespace_n1);
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(envelope->api_version, "v1");
  EXPECT_EQ(envelope->kind, "Namespace");
  EXPECT_EQ(envelope->raw.size(), 26u);
}

TEST(ProtobufEnvelope, ReadsANamespace) {
  EXPECT_EQ(
      text(decode_protobuf(namespace_n1)),
      R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"n1"},"spec":{},"status":{}})");
}

std::string wrapped(std::string api_version, std::string kind, std::string raw) {
  return std::string("k8s\0", 4) +
         message(bytes(1, message(bytes(1, api_version), bytes(2, kind))), bytes(2, raw));
}

TEST(ProtobufEnvelope, ReadsADeployment) {
  const auto container = message(
      bytes(1, "web"), bytes(2, "nginx:1.27"), bytes(5, ""),
      bytes(6, message(bytes(1, ""), number(2, 0), number(3, 80), bytes(4, ""), bytes(5, ""))),
      bytes(8, message(bytes(1, message(bytes(1, "cpu"), bytes(2, message(bytes(1, "500m"))))))),
      bytes(10,
            message(bytes(1, message(bytes(2, message(bytes(1, "/"),
                                                      bytes(2, message(number(1, 1), number(2, 0),
                                                                       bytes(3, "http"))))))),
                    number(2, 3))),
      number(16, 0));
  const auto volume = message(
      bytes(1, "cfg"),
      bytes(2, message(bytes(19, message(bytes(1, message(bytes(1, "web"))), number(4, 0))))));
  const auto labels = [](std::uint32_t field) {
    return bytes(field, message(bytes(1, "app"), bytes(2, "web")));
  };
  const auto spec = message(
      number(1, 0), bytes(2, message(labels(1))),
      bytes(3, message(bytes(1, message(labels(11), bytes(8, ""))),
                       bytes(2, message(bytes(1, volume), bytes(2, container), number(11, 0))))),
      bytes(4, message(bytes(1, ""))), number(5, 0), number(7, 0));
  const auto status = message(number(1, 0), number(2, 0), number(7, 0));
  EXPECT_EQ(
      text(decode_protobuf(
          wrapped("apps/v1", "Deployment",
                  message(bytes(1, message(bytes(1, "web"))), bytes(2, spec), bytes(3, status))))),
      R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web"},"spec":{"replicas":0,)"
      R"("selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},)"
      R"("spec":{"volumes":[{"name":"cfg","configMap":{"name":"web","optional":false}}],)"
      R"("containers":[{"name":"web","image":"nginx:1.27","ports":[{"containerPort":80}],)"
      R"("resources":{"limits":{"cpu":"500m"}},)"
      R"("livenessProbe":{"httpGet":{"path":"/","port":"http"},"initialDelaySeconds":3}}]}},)"
      R"("strategy":{}},"status":{}})");
}

TEST(ProtobufEnvelope, ReadsASecretAndBodiesOfSubresources) {
  EXPECT_EQ(text(decode_protobuf(wrapped(
                "v1", "Secret",
                message(bytes(2, message(bytes(1, "k"), bytes(2, "pw"))), bytes(3, "Opaque"))))),
            R"({"kind":"Secret","apiVersion":"v1","data":{"k":"cHc="},"type":"Opaque"})");
  EXPECT_EQ(
      text(decode_protobuf(wrapped("authentication.k8s.io/v1", "TokenRequest",
                                   message(bytes(2, message(number(4, 600))))))),
      R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"expirationSeconds":600}})");
  EXPECT_EQ(
      text(decode_protobuf(
          wrapped("apps/v1", "DeleteOptions", message(number(1, 0), bytes(4, "Orphan"))))),
      R"({"kind":"DeleteOptions","apiVersion":"apps/v1","gracePeriodSeconds":0,"propagationPolicy":"Orphan"})");
}

// Bodies that kubectl 1.33 sent for create deployment, create service, create token and debug
// --copy-to.
std::string kept(const std::string& name) {
  std::ifstream file("tests/fuzz/corpus/protobuf/" + name, std::ios::binary);
  EXPECT_TRUE(file) << "run from the root of the repository";
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(ProtobufEnvelope, ReadsBodiesCapturedFromKubectl) {
  EXPECT_EQ(
      text(decode_protobuf(kept("kubectl_deployments"))),
      R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","labels":{"app":"web"}},)"
      R"("spec":{"replicas":0,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":)"
      R"({"labels":{"app":"web"}},"spec":{"containers":[{"name":"nginx","image":"nginx",)"
      R"("ports":[{"containerPort":80}],"resources":{}}]}},"strategy":{}},"status":{}})");
  EXPECT_EQ(
      text(decode_protobuf(kept("kubectl_services"))),
      R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"s","labels":{"app":"s"}},"spec":{"ports":)"
      R"([{"name":"80-http","protocol":"TCP","port":80,"targetPort":"http","nodePort":30080}],)"
      R"("selector":{"app":"s"},"type":"NodePort"},"status":{"loadBalancer":{}}})");
  EXPECT_EQ(text(decode_protobuf(kept("kubectl_token"))),
            R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","metadata":{},)"
            R"("spec":{"expirationSeconds":600},"status":{}})");
}

TEST(ProtobufEnvelope, ReadsACompletePod) {
  const auto pod = decode_protobuf(kept("kubectl_pods"));
  ASSERT_TRUE(pod) << pod.error().message;
  const json::value document(*pod);
  const auto at = [&](std::string_view pointer) {
    return json::serialize(document.at_pointer(pointer));
  };
  EXPECT_EQ(at("/spec/terminationGracePeriodSeconds"), "0");
  EXPECT_EQ(at("/spec/hostUsers"), "false");
  EXPECT_EQ(at("/spec/securityContext"),
            R"({"runAsUser":0,"runAsNonRoot":false,"supplementalGroups":[1,2]})");
  EXPECT_EQ(at("/spec/volumes/0"), R"({"name":"e","emptyDir":{"sizeLimit":"64Mi"}})");
  EXPECT_EQ(at("/spec/volumes/1"), R"({"name":"h","hostPath":{"path":"/x","type":""}})");
  EXPECT_EQ(at("/spec/volumes/3"),
            R"({"name":"s","secret":{"secretName":"s","defaultMode":256,"optional":false}})");
  EXPECT_EQ(at("/spec/containers/0/env/0"), R"({"name":"A"})");
  EXPECT_EQ(at("/spec/containers/0/readinessProbe/httpGet/httpHeaders/0"), R"({"name":"X"})");
  EXPECT_EQ(at("/spec/containers/0/lifecycle"), R"({"preStop":{"sleep":{"seconds":0}}})");
  EXPECT_FALSE(document.at("spec").as_object().contains("hostNetwork"));
}

TEST(ProtobufEnvelope, RefusesWhatItCannotRead) {
  EXPECT_EQ(open_protobuf("{}").error().code, Errc::invalid);
  EXPECT_EQ(open_protobuf("k8s").error().code, Errc::invalid);
  EXPECT_EQ(open_protobuf(std::string_view("k8s\0", 4)).error().message,
            "Object 'Kind' is missing");
  EXPECT_EQ(open_protobuf(namespace_n1.substr(0, 30)).error().code, Errc::invalid);
  EXPECT_EQ(open_protobuf(namespace_n1 + message(bytes(3, "gzip"))).error().code, Errc::invalid);
  EXPECT_EQ(open_protobuf(namespace_n1 + message(bytes(4, "application/json"))).error().code,
            Errc::invalid);
  const auto unknown = decode_protobuf(wrapped("example.com/v1", "Toy", ""));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::not_found);
}

}  // namespace
}  // namespace nodal::codec
