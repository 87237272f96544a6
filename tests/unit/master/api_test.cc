// tests/unit/master/api_test.cc — the API over its in-process transport: what a client sends and
// sees.
#include "master/api/api.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "master/api/loopback.h"
#include "master/store/memory_kv.h"

namespace nodal::master {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Reply {
  int status = 0;
  std::string text;
  json::value body;
  http::Headers headers;
  [[nodiscard]] std::string message() const {
    const auto* object = body.if_object();
    return object && object->contains("message") ? std::string(object->at("message").as_string())
                                                 : "";
  }
};

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    ApiParts parts;
    parts.kv = &kv;
    parts.clock = &clock;
    parts.bookmark_interval = 1s;
    parts.authenticate = [](const http::Request&) -> Answer<Caller> {
      return errors::unauthorized();
    };
    parts.authorize = [](const Caller& caller,
                         const RequestInfo& info) -> std::optional<std::string> {
      if (caller.user == "guest")
        return text::cat("User \"guest\" cannot ", info.verb, " resource");
      return std::nullopt;
    };
    api = std::make_unique<Api>(std::move(parts));
    api->set_ready();
    transport = std::make_unique<LoopbackTransport>(*api, Caller{"admin", {"system:masters"}, ""});
    for (const char* name : {"default", "other"})
      EXPECT_EQ(
          post("/api/v1/namespaces", text::cat(R"({"metadata":{"name":")", name, "\"}}")).status,
          201);
    EXPECT_EQ(
        post("/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})")
            .status,
        201);
  }

  Reply call(std::string_view method, std::string_view target, std::string_view body = "",
             http::Headers headers = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.headers = std::move(headers);
    const auto answer = transport->send(request, {});
    EXPECT_TRUE(answer);
    Reply out;
    if (!answer) return out;
    out.status = answer->status;
    out.text = answer->text();
    out.headers = answer->headers;
    boost::system::error_code ignored;
    out.body = json::parse(out.text, ignored);
    return out;
  }
  Reply get(std::string_view target, std::string_view accept = "") {
    return call("GET", target, "",
                accept.empty() ? http::Headers{} : http::Headers{{"Accept", std::string(accept)}});
  }
  Reply post(std::string_view target, std::string_view body) { return call("POST", target, body); }
  Reply make_map(std::string_view name, std::string_view labels = "{}") {
    return post("/api/v1/namespaces/default/configmaps",
                text::cat(R"({"metadata":{"name":")", name, R"(","labels":)", labels, "}}"));
  }

  MemoryKv kv;
  SystemClock clock;
  std::unique_ptr<Api> api;
  std::unique_ptr<LoopbackTransport> transport;
};

std::string names(const Reply& reply) {
  std::string out;
  if (const auto* items = reply.body.as_object().if_contains("items"))
    for (const auto& item : items->as_array())
      out += std::string(item.at("metadata").at("name").as_string()) + " ";
  return out;
}

// Reads a watch on a thread of its own.
class Watch {
 public:
  Watch(client::Transport& transport, std::string target, http::Headers headers = {}) {
    thread_ = std::jthread([this, &transport, target, headers](std::stop_token stop) {
      http::Request request;
      request.target = target;
      request.headers = headers;
      std::string buffer;
      const auto answer = transport.stream(
          request,
          [&](std::string_view bytes) {
            buffer += bytes;
            for (std::size_t end; (end = buffer.find('\n')) != std::string::npos;
                 buffer.erase(0, end + 1)) {
              const std::lock_guard lock(mutex_);
              lines_.push_back(buffer.substr(0, end));
              changed_.notify_all();
            }
            return true;
          },
          stop);
      const std::lock_guard lock(mutex_);
      ended_ = true;
      if (answer) status_ = answer->status;
      changed_.notify_all();
    });
  }
  // "ADDED a", or "" when nothing comes in time.
  std::string next(std::chrono::milliseconds limit = 5s) {
    const auto line = next_line(limit);
    if (line.empty()) return "";
    const auto event = json::parse(line);
    const auto& metadata = event.at("object").at("metadata").as_object();
    return text::cat(
        std::string_view(event.at("type").as_string()), " ",
        metadata.contains("name") ? std::string_view(metadata.at("name").as_string()) : "-");
  }
  std::string next_line(std::chrono::milliseconds limit = 5s) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, limit, [&] { return !lines_.empty() || ended_; }) ||
        lines_.empty())
      return "";
    auto line = std::move(lines_.front());
    lines_.erase(lines_.begin());
    return line;
  }
  bool ended(std::chrono::milliseconds limit = 5s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return ended_; });
  }
  int status() const { return status_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  bool ended_ = false;
  int status_ = 0;
  std::jthread thread_;
};

TEST_F(ApiTest, CreatesGetsAndLists) {
  const auto made = make_map("b");
  EXPECT_EQ(made.status, 201);
  const auto got = get("/api/v1/namespaces/default/configmaps/b");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.text, made.text) << "a GET writes the bytes that the CREATE stored";
  make_map("a");
  const auto list = get("/api/v1/namespaces/default/configmaps");
  EXPECT_EQ(names(list), "a b ");
  EXPECT_EQ(list.body.at("kind"), "ConfigMapList");
  EXPECT_EQ(list.body.at("apiVersion"), "v1");
  EXPECT_EQ(list.body.at("metadata").at("resourceVersion"),
            json::value(std::to_string(kv.revision())));
  EXPECT_EQ(names(get("/api/v1/configmaps")), "a b ");
  EXPECT_EQ(names(get("/api/v1/namespaces/other/configmaps")), "");
}

TEST_F(ApiTest, PacksLargeAnswersForWhoeverTakesGzip) {
  const std::string maps = "/api/v1/namespaces/default/configmaps";
  for (const auto& [name, size] : {std::pair{"large", 200u << 10}, {"small", 20u << 10}})
    EXPECT_EQ(post(maps, text::cat(R"({"metadata":{"name":")", name, R"("},"data":{"k":")",
                                   std::string(size, 'x'), "\"}}"))
                  .status,
              201);
  const auto get = [&](std::string_view path, const char* encodings) {
    return call("GET", path, "", {{"Accept-Encoding", encodings}});
  };
  for (const auto& path : {maps + "/large", maps}) {
    const auto packed = get(path, "deflate, gzip");
    EXPECT_EQ(packed.status, 200);
    EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.headers.get("Content-Type"), "application/json");
    EXPECT_LT(packed.text.size(), 20u << 10);
  }
  EXPECT_GT(get(maps + "/large", "identity").text.size(), 200u << 10);
  EXPECT_FALSE(get(maps + "/small", "gzip").headers.has("Content-Encoding"));
}

TEST_F(ApiTest, SaysWhatDoesNotExist) {
  const auto missing = get("/api/v1/namespaces/default/configmaps/x");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.message(), "configmaps \"x\" not found");
  EXPECT_EQ(missing.body.at("details"), json::parse(R"({"name":"x","kind":"configmaps"})"));
  const auto ns = post("/api/v1/namespaces/nope/configmaps", R"({"metadata":{"name":"a"}})");
  EXPECT_EQ(ns.status, 404);
  EXPECT_EQ(ns.message(), "namespaces \"nope\" not found");
  for (const char* path : {"/nope", "/api/v1/nope", "/apis/nope/v1", "/apis/apps/v9/deployments",
                           "/api/v1/namespaces/default/pods/p/nope", "/api/v1/configmaps/x",
                           "/api/v1/namespaces/default/nodes"}) {
    const auto reply = get(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(reply.message(), "the server could not find the requested resource") << path;
  }
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/default/configmaps").status, 405);
  EXPECT_EQ(call("POST", "/api/v1/namespaces/default/configmaps/x").status, 405);
  EXPECT_EQ(call("DELETE", "/version").status, 405);
}

TEST_F(ApiTest, ThereAreNoneOfSomeKinds) {
  const auto crds = get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=5");
  EXPECT_EQ(crds.status, 200);
  EXPECT_EQ(crds.body.at("kind"), "CustomResourceDefinitionList");
  EXPECT_EQ(crds.body.at("apiVersion"), "apiextensions.k8s.io/v1");
  EXPECT_TRUE(crds.body.at("items").as_array().empty());
  EXPECT_EQ(get("/api/v1/namespaces/default/replicationcontrollers").status, 200);
  EXPECT_EQ(get("/apis/apps/v1/namespaces/default/daemonsets").status, 200);
  EXPECT_EQ(get("/apis/apps/v1/namespaces/default/daemonsets/x").status, 404);
  EXPECT_EQ(post("/apis/apps/v1/namespaces/default/daemonsets", "{}").status, 404);
  EXPECT_EQ(get("/apis/apiextensions.k8s.io/v1").status, 404) << "and nobody says there are";
}

TEST_F(ApiTest, RefusesNamesThatDoNotFit) {
  EXPECT_EQ(
      post("/api/v1/namespaces/default/configmaps",
           R"({"metadata":{"name":"a","namespace":"other"}})")
          .message(),
      "the namespace of the provided object does not match the namespace sent on the request");
  const auto nameless = post("/api/v1/namespaces/default/configmaps", R"({"metadata":{}})");
  EXPECT_EQ(nameless.status, 422);
  EXPECT_NE(nameless.message().find("name or generateName is required"), std::string::npos);
  EXPECT_EQ(post("/api/v1/namespaces/default/configmaps",
                 R"({"metadata":{"name":"a","resourceVersion":"5"}})")
                .message(),
            "resourceVersion should not be set on objects to be created");
  make_map("a");
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/default/configmaps/a", R"({"metadata":{"name":"b"}})")
                .message(),
            "the name of the object (b) does not match the name on the URL (a)");
  const auto twice = make_map("a");
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(twice.message(), "configmaps \"a\" already exists");
  const auto generated =
      post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"generateName":"g-"}})");
  EXPECT_EQ(generated.status, 201);
  EXPECT_TRUE(
      std::string_view(generated.body.at("metadata").at("name").as_string()).starts_with("g-"));
}

TEST_F(ApiTest, RefusesBodiesItCannotRead) {
  const char* path = "/api/v1/namespaces/default/configmaps";
  for (const char* body : {"", "{", "[]", "\"x\"", "{\"metadata\":", "nonsense"})
    EXPECT_EQ(post(path, body).status, 400) << body;
  EXPECT_EQ(post(path, std::string(100, '[') + std::string(100, ']')).status, 400);
  const auto type = call("POST", path, "{}", {{"Content-Type", "text/html"}});
  EXPECT_EQ(type.status, 415);
  EXPECT_TRUE(type.message().starts_with(
      "the body of the request was in an unknown format - accepted media types include: "));
  EXPECT_EQ(
      call("POST", path, "k8s", {{"Content-Type", "application/vnd.kubernetes.protobuf"}}).status,
      400);
  EXPECT_EQ(
      call("PATCH", text::cat(path, "/x"), "{}", {{"Content-Type", "application/json"}}).status,
      415);
  EXPECT_EQ(get(path, "text/html").status, 406);
  EXPECT_EQ(get(path, "application/vnd.kubernetes.protobuf").status, 406);
  EXPECT_EQ(get(path, "application/vnd.kubernetes.protobuf, */*").status, 200);
  EXPECT_EQ(post(text::cat(path, "?dryRun=maybe"), "{}").status, 400);
  EXPECT_EQ(post(text::cat(path, "?fieldValidation=maybe"), "{}").status, 400);
}

TEST_F(ApiTest, RefusesPathsThatLeaveTheirPlace) {
  for (const char* path :
       {"/api/v1/namespaces/../pods", "/api/v1/namespaces/default/configmaps/%2e%2e",
        "/api/v1/namespaces/a%2fb/configmaps", "/api/v1/namespaces/default/configmaps/%00",
        "/api/v1/%zz"})
    EXPECT_EQ(get(path).status, 400) << path;
}

TEST_F(ApiTest, DryRunsStoreNothing) {
  const auto reply =
      post("/api/v1/namespaces/default/configmaps?dryRun=All", R"({"metadata":{"name":"d"}})");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(get("/api/v1/namespaces/default/configmaps/d").status, 404);
}

TEST_F(ApiTest, SelectsByLabelsAndFields) {
  make_map("a", R"({"app":"x","tier":"1"})");
  make_map("b", R"({"app":"y"})");
  make_map("c");
  const std::string path = "/api/v1/namespaces/default/configmaps?";
  EXPECT_EQ(names(get(path + "labelSelector=app%3Dx")), "a ");
  EXPECT_EQ(names(get(path + "labelSelector=app%21%3Dx")), "b c ");
  EXPECT_EQ(names(get(path + "labelSelector=app+in+(x,y),!tier")), "b ");
  EXPECT_EQ(names(get(path + "fieldSelector=metadata.name%3Db")), "b ");
  EXPECT_EQ(names(get(path + "fieldSelector=metadata.name%21%3Db")), "a c ");
  EXPECT_EQ(names(get(path + "fieldSelector=metadata.name%3Db&labelSelector=app%3Dx")), "");
  EXPECT_EQ(names(get(path + "fieldSelector=metadata.name%3Db,metadata.name%21%3Db")), "");
  EXPECT_EQ(names(get(path + "fieldSelector=metadata.name%3Db,metadata.namespace%3Dother")), "");
  EXPECT_EQ(
      names(get("/api/v1/configmaps?fieldSelector=metadata.namespace%3Ddefault,metadata.name%3Dc")),
      "c ");
  const auto bad = get(path + "fieldSelector=spec.foo%3Dx");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.message(), "field label not supported: spec.foo");
  EXPECT_EQ(get(path + "labelSelector=a%20b%20c").status, 400);
}

TEST_F(ApiTest, ListsInPagesOfOneState) {
  for (char c = 'a'; c <= 'g'; ++c) make_map(std::string(1, c));
  const std::string path = "/api/v1/namespaces/default/configmaps?limit=3";
  const auto first = get(path);
  EXPECT_EQ(names(first), "a b c ");
  EXPECT_EQ(first.body.at("metadata").at("remainingItemCount"), 4);
  make_map("bb");  // after the first page was read
  make_map("dd");
  const auto second =
      get(path + "&continue=" +
          http::percent_encode(std::string(first.body.at("metadata").at("continue").as_string())));
  EXPECT_EQ(names(second), "d e f ") << "pages show one state";
  EXPECT_EQ(second.body.at("metadata").at("resourceVersion"),
            first.body.at("metadata").at("resourceVersion"));
  const auto third =
      get(path + "&continue=" +
          http::percent_encode(std::string(second.body.at("metadata").at("continue").as_string())));
  EXPECT_EQ(names(third), "g ");
  EXPECT_FALSE(third.body.at("metadata").as_object().contains("continue"));
  EXPECT_EQ(get(path + "&continue=rubbish").status, 400);

  ASSERT_TRUE(kv.compact(kv.revision()));
  const auto old =
      get(path + "&continue=" +
          http::percent_encode(std::string(second.body.at("metadata").at("continue").as_string())));
  EXPECT_EQ(old.status, 410);
  EXPECT_EQ(old.body.at("reason"), "Expired");
  const auto rest =
      get(path + "&continue=" +
          http::percent_encode(std::string(old.body.at("metadata").at("continue").as_string())));
  EXPECT_EQ(names(rest), "g ");
}

TEST_F(ApiTest, PagesAreFilledWithASelector) {
  for (int i = 0; i < 20; ++i)
    make_map(text::cat("m", i < 10 ? "0" : "", i), i % 4 == 0 ? R"({"a":"b"})" : "{}");
  const auto first = get("/api/v1/namespaces/default/configmaps?limit=3&labelSelector=a%3Db");
  EXPECT_EQ(names(first), "m00 m04 m08 ");
  EXPECT_FALSE(first.body.at("metadata").as_object().contains("remainingItemCount"));
  const auto second =
      get("/api/v1/namespaces/default/configmaps?limit=3&labelSelector=a%3Db&continue=" +
          http::percent_encode(std::string(first.body.at("metadata").at("continue").as_string())));
  EXPECT_EQ(names(second), "m12 m16 ");
}

TEST_F(ApiTest, ReadsAtARevision) {
  make_map("a");
  const auto then = kv.revision();
  make_map("b");
  const std::string path = "/api/v1/namespaces/default/configmaps?";
  EXPECT_EQ(names(get(text::cat(path, "resourceVersion=", then, "&resourceVersionMatch=Exact"))),
            "a ");
  EXPECT_EQ(names(get(text::cat(path, "resourceVersion=", then))), "a b ");
  EXPECT_EQ(names(get(path + "resourceVersion=0")), "a b ");
  EXPECT_EQ(get(path + "resourceVersion=x").status, 400);
  EXPECT_EQ(get(path + "resourceVersion=99999").status, 504);
  EXPECT_EQ(get(path + "resourceVersionMatch=Exact").status, 422);
  EXPECT_EQ(get(path + "resourceVersion=0&resourceVersionMatch=Exact").status, 422);
  ASSERT_TRUE(kv.compact(kv.revision()));
  EXPECT_EQ(get(text::cat(path, "resourceVersion=", then, "&resourceVersionMatch=Exact")).status,
            410);
}

TEST_F(ApiTest, WatchesFromTheStateListed) {
  make_map("a");
  const auto from = kv.revision();
  make_map("b");
  Watch watch(*transport,
              text::cat("/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=", from));
  EXPECT_EQ(watch.next(), "ADDED b");
  EXPECT_EQ(call("PATCH", "/api/v1/namespaces/default/configmaps/a", R"({"data":{"k":"v"}})",
                 {{"Content-Type", "application/merge-patch+json"}})
                .status,
            200);
  EXPECT_EQ(watch.next(), "MODIFIED a");
  EXPECT_EQ(call("DELETE", "/api/v1/namespaces/default/configmaps/b").status, 200);
  const auto line = watch.next_line();
  const auto event = json::parse(line);
  EXPECT_EQ(event.at("type"), "DELETED");
  EXPECT_EQ(event.at("object").at("metadata").at("resourceVersion"),
            json::value(std::to_string(kv.revision())))
      << "of the deletion";
}

TEST_F(ApiTest, AWatchWithoutARevisionBeginsWithThePresent) {
  make_map("a");
  make_map("b");
  Watch watch(*transport, "/api/v1/namespaces/default/configmaps?watch=true");
  EXPECT_EQ(watch.next(), "ADDED a");
  EXPECT_EQ(watch.next(), "ADDED b");
  make_map("c");
  EXPECT_EQ(watch.next(), "ADDED c");
}

TEST_F(ApiTest, AFilteredWatchSeesObjectsComeAndGo) {
  make_map("a");
  Watch watch(*transport,
              text::cat("/api/v1/configmaps?watch=1&labelSelector=on%3Dyes&resourceVersion=",
                        kv.revision()));
  const auto label = [&](std::string_view value) {
    return call("PATCH", "/api/v1/namespaces/default/configmaps/a",
                text::cat(R"({"metadata":{"labels":{"on":")", value, "\"}}}"),
                {{"Content-Type", "application/merge-patch+json"}});
  };
  label("no");
  label("yes");
  EXPECT_EQ(watch.next(), "ADDED a");
  call("PATCH", "/api/v1/namespaces/default/configmaps/a", R"({"data":{"k":"v"}})",
       {{"Content-Type", "application/merge-patch+json"}});
  EXPECT_EQ(watch.next(), "MODIFIED a");
  label("no");
  const auto gone = json::parse(watch.next_line());
  EXPECT_EQ(gone.at("type"), "DELETED");
  EXPECT_EQ(gone.at("object").at("metadata").at("labels").at("on"), "yes")
      << "the last state that was seen";
  EXPECT_EQ(gone.at("object").at("metadata").at("resourceVersion"),
            json::value(std::to_string(kv.revision())));
}

TEST_F(ApiTest, MetadataAlone) {
  make_map("a", R"({"team":"x"})");
  const std::string form = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
  const std::string list = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  const auto one = get("/api/v1/namespaces/default/configmaps/a", form);
  EXPECT_EQ(one.body.at("kind"), "PartialObjectMetadata");
  EXPECT_EQ(one.body.at("metadata").at("labels").at("team"), "x");
  EXPECT_FALSE(one.body.as_object().contains("data"));
  const auto all = get("/api/v1/namespaces/default/configmaps", list);
  EXPECT_EQ(all.body.at("kind"), "PartialObjectMetadataList");
  EXPECT_EQ(all.body.at("apiVersion"), "meta.k8s.io/v1");
  EXPECT_EQ(names(all), "a ");
  EXPECT_EQ(all.body.at("items").at(0).at("kind"), "PartialObjectMetadata");
  Watch watch(*transport, "/api/v1/namespaces/default/configmaps?watch=true", {{"Accept", form}});
  EXPECT_EQ(json::parse(watch.next_line()).at("object").at("kind"), "PartialObjectMetadata");
  make_map("b");
  EXPECT_EQ(watch.next(), "ADDED b");
  EXPECT_EQ(get("/api/v1/namespaces/default/configmaps/a",
                "application/json;as=PartialObjectMetadata;g=other;v=v1")
                .status,
            406);
}

TEST_F(ApiTest, WatchesOneName) {
  make_map("a");
  Watch watch(*transport,
              "/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Dz");
  make_map("y");
  make_map("z");
  EXPECT_EQ(watch.next(), "ADDED z");
}

TEST_F(ApiTest, AnOldRevisionIsGone) {
  make_map("a");
  const auto from = kv.revision();
  make_map("b");
  ASSERT_TRUE(kv.compact(kv.revision()));
  const auto reply = get(text::cat("/api/v1/configmaps?watch=true&resourceVersion=", from));
  EXPECT_EQ(reply.status, 410);
  EXPECT_EQ(reply.message(),
            text::cat("too old resource version: ", from, " (", kv.revision(), ")"));
}

TEST_F(ApiTest, BookmarksComeOnlyWhenAllowed) {
  Watch without(*transport,
                text::cat("/api/v1/configmaps?watch=true&resourceVersion=", kv.revision()));
  Watch with(*transport,
             text::cat("/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=",
                       kv.revision()));
  const auto line = with.next_line();
  ASSERT_FALSE(line.empty());
  const auto event = json::parse(line);
  EXPECT_EQ(event.at("type"), "BOOKMARK");
  EXPECT_EQ(event.at("object"),
            json::parse(text::cat(
                R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":")",
                kv.revision(), R"(","creationTimestamp":null}})")));
  EXPECT_EQ(without.next(50ms), "");
}

TEST_F(ApiTest, StreamsAListOnRequest) {
  make_map("a");
  Watch watch(*transport,
              "/api/v1/"
              "configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
              "allowWatchBookmarks=true");
  EXPECT_EQ(watch.next(), "ADDED a");
  const auto end = json::parse(watch.next_line());
  EXPECT_EQ(end.at("type"), "BOOKMARK");
  EXPECT_EQ(end.at("object").at("metadata").at("annotations").at("k8s.io/initial-events-end"),
            "true");
  EXPECT_EQ(get("/api/v1/configmaps?watch=true&sendInitialEvents=true").status, 422);
  const auto list =
      get("/api/v1/configmaps?sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  EXPECT_EQ(list.status, 422);
  EXPECT_TRUE(list.message().ends_with("sendInitialEvents is forbidden for list"))
      << list.message();
}

TEST_F(ApiTest, NoInitialEventsAreSentToWhoWantsNone) {
  make_map("a");
  for (const char* from : {"", "&resourceVersion=0"}) {
    Watch watch(*transport, text::cat("/api/v1/configmaps?watch=true&sendInitialEvents=false&"
                                      "resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                                      from));
    const auto first = watch.next_line();
    EXPECT_NE(first.find("BOOKMARK"), std::string::npos) << first;
  }
}

TEST_F(ApiTest, ALastBookmarkComesBeforeTheEnd) {
  ApiParts parts;
  parts.kv = &kv;
  parts.clock = &clock;
  parts.bookmark_interval = 1h;
  parts.authorize = [](const Caller&, const RequestInfo&) { return std::nullopt; };
  Api rare(std::move(parts));
  LoopbackTransport own(rare, Caller{"admin", {}, ""});
  Watch watch(own, text::cat("/api/v1/configmaps?watch=true&allowWatchBookmarks=true&",
                             "timeoutSeconds=2&resourceVersion=", kv.revision()));
  EXPECT_EQ(watch.next(), "BOOKMARK -");
  EXPECT_TRUE(watch.ended());
}

TEST_F(ApiTest, AFilteredWatchBeginsWithThePresent) {
  make_map("a", R"({"on":"yes"})");
  make_map("b");
  Watch watch(*transport, "/api/v1/configmaps?watch=true&labelSelector=on%3Dyes");
  EXPECT_EQ(watch.next(), "ADDED a");
  make_map("c", R"({"on":"yes"})");
  EXPECT_EQ(watch.next(), "ADDED c");
}

TEST_F(ApiTest, AWatchEndsInTime) {
  Watch watch(*transport, "/api/v1/configmaps?watch=true&timeoutSeconds=1");
  EXPECT_TRUE(watch.ended());
  EXPECT_EQ(watch.status(), 200);
  EXPECT_EQ(api->metrics().watches, 0);
}

TEST_F(ApiTest, ManyWatchersSeeEveryChangeInOrder) {
  // From a revision: a watch that begins late starts with what it missed, in order.
  const auto list = get("/api/v1/configmaps");
  const std::string from(list.body.at("metadata").at("resourceVersion").as_string());
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < 20; ++i)
    watches.push_back(std::make_unique<Watch>(
        *transport, "/api/v1/configmaps?watch=true&resourceVersion=" + from));
  for (int i = 0; i < 50; ++i) make_map(text::cat("m", i));
  for (auto& watch : watches)
    for (int i = 0; i < 50; ++i) ASSERT_EQ(watch->next(), text::cat("ADDED m", i));
}

TEST_F(ApiTest, DeletesOneOrACollection) {
  make_map("a", R"({"x":"y"})");
  make_map("b", R"({"x":"y"})");
  make_map("c");
  const auto one = call("DELETE", "/api/v1/namespaces/default/configmaps/a",
                        R"({"propagationPolicy":"Background"})");
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(one.body.at("status"), "Success");
  EXPECT_EQ(one.body.at("details").at("kind"), "configmaps");
  EXPECT_TRUE(one.body.at("details").as_object().contains("uid"));
  EXPECT_EQ(names(call("DELETE", "/api/v1/namespaces/default/configmaps?labelSelector=x%3Dy")),
            "b ");
  EXPECT_EQ(names(get("/api/v1/configmaps")), "c ");
  EXPECT_EQ(call("DELETE", "/api/v1/namespaces/default/configmaps/c",
                 R"({"propagationPolicy":"Sideways"})")
                .status,
            422);
  EXPECT_EQ(
      call("DELETE", "/api/v1/namespaces/default/configmaps/c", R"({"gracePeriodSeconds":-1})")
          .status,
      422);
  EXPECT_EQ(
      call("DELETE", "/api/v1/namespaces/default/configmaps/c", R"({"preconditions":{"uid":"no"}})")
          .status,
      409);
  EXPECT_EQ(
      call("DELETE", "/api/v1/namespaces/default/configmaps/c", R"({"dryRun":["All"]})").status,
      200);
  EXPECT_EQ(names(get("/api/v1/configmaps")), "c ");
  EXPECT_EQ(call("DELETE", "/api/v1/namespaces/default").message(),
            "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

TEST_F(ApiTest, ATerminatingNamespaceTakesNothingNew) {
  ASSERT_EQ(call("PATCH", "/api/v1/namespaces/other", R"({"spec":{"finalizers":["kubernetes"]}})",
                 {{"Content-Type", "application/merge-patch+json"}})
                .status,
            200);
  ASSERT_EQ(call("DELETE", "/api/v1/namespaces/other").status, 200);
  const auto reply = post("/api/v1/namespaces/other/configmaps", R"({"metadata":{"name":"a"}})");
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.message(),
            "configmaps \"a\" is forbidden: unable to create new content in namespace other "
            "because it is being terminated");
  EXPECT_EQ(reply.body.at("details").at("causes").at(0).at("reason"), "NamespaceTerminating");
  EXPECT_EQ(
      call("PUT", "/api/v1/namespaces/other/finalize", R"({"metadata":{"name":"other"},"spec":{}})")
          .status,
      200);
  EXPECT_EQ(get("/api/v1/namespaces/other").status, 404);
}

TEST_F(ApiTest, PodsGetTheirServiceAccount) {
  const char* path = "/api/v1/namespaces/default/pods";
  const auto pod =
      post(path, R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  ASSERT_EQ(pod.status, 201) << pod.text;
  EXPECT_EQ(pod.body.at("spec").at("serviceAccountName"), "default");
  const auto& volume = pod.body.at("spec").at("volumes").at(0);
  EXPECT_TRUE(std::string_view(volume.at("name").as_string()).starts_with("kube-api-access-"));
  EXPECT_EQ(pod.body.at("spec").at("containers").at(0).at("volumeMounts").at(0).at("name"),
            volume.at("name"));
  EXPECT_EQ(pod.body.at("spec").at("tolerations").as_array().size(), 2u);
  const auto plain = post(
      path,
      R"({"metadata":{"name":"q"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"i"}]}})");
  EXPECT_FALSE(plain.body.at("spec").as_object().contains("volumes"));
  const auto refused = post(
      path,
      R"({"metadata":{"name":"r"},"spec":{"serviceAccountName":"who","containers":[{"name":"c","image":"i"}]}})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.message(),
            "pods \"r\" is forbidden: error looking up service account default/who: serviceaccount "
            "\"who\" not found");
}

TEST_F(ApiTest, BindsAPodOnce) {
  ASSERT_EQ(post("/api/v1/namespaces/default/pods",
                 R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})")
                .status,
            201);
  const char* path = "/api/v1/namespaces/default/pods/p/binding";
  EXPECT_EQ(post(path, R"({"metadata":{"name":"p"},"target":{"kind":"Node"}})").status, 422);
  EXPECT_EQ(
      post(path, R"({"metadata":{"name":"p","uid":"other"},"target":{"kind":"Node","name":"n1"}})")
          .status,
      409);
  EXPECT_EQ(post(path, R"({"metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}})").status,
            201);
  const auto pod = get("/api/v1/namespaces/default/pods/p");
  EXPECT_EQ(pod.body.at("spec").at("nodeName"), "n1");
  EXPECT_EQ(pod.body.at("status").at("conditions").at(0).at("type"), "PodScheduled");
  const auto again =
      post(path, R"({"metadata":{"name":"p"},"target":{"kind":"Node","name":"n2"}})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.message(),
            "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to "
            "node \"n1\"");
  const auto evicted =
      post("/api/v1/namespaces/default/pods/p/eviction",
           R"({"metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":7}})");
  EXPECT_EQ(evicted.status, 201);
  EXPECT_EQ(
      get("/api/v1/namespaces/default/pods/p").body.at("metadata").at("deletionGracePeriodSeconds"),
      7);
}

TEST_F(ApiTest, LogsNeedAContainerThatExists) {
  ASSERT_EQ(
      post(
          "/api/v1/namespaces/default/pods",
          R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]}})")
          .status,
      201);
  const std::string path = "/api/v1/namespaces/default/pods/p/log";
  EXPECT_EQ(get(path).message(),
            "a container name must be specified for pod p, choose one of: [a b]");
  EXPECT_EQ(get(path + "?container=x").message(), "container x is not valid for pod p");
  EXPECT_EQ(get(path + "?container=a&tailLines=-1").status, 422);
  const auto empty = get(path + "?container=a");
  EXPECT_EQ(empty.status, 200) << "not scheduled yet: no output yet";
  EXPECT_EQ(empty.text, "");
}

TEST_F(ApiTest, ScalesAWorkload) {
  ASSERT_EQ(
      post(
          "/apis/apps/v1/namespaces/default/deployments",
          R"({"metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"d"}},"template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})")
          .status,
      201);
  const std::string path = "/apis/apps/v1/namespaces/default/deployments/d/scale";
  const auto scale = get(path);
  EXPECT_EQ(scale.body.at("kind"), "Scale");
  EXPECT_EQ(scale.body.at("spec").at("replicas"), 2);
  EXPECT_EQ(scale.body.at("status").at("selector"), "app=d");
  const auto patched = call("PATCH", path, R"({"spec":{"replicas":5}})",
                            {{"Content-Type", "application/merge-patch+json"}});
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(patched.body.at("spec").at("replicas"), 5);
  EXPECT_EQ(get("/apis/apps/v1/namespaces/default/deployments/d").body.at("spec").at("replicas"),
            5);
  const auto stale =
      call("PUT", path, R"({"metadata":{"name":"d","resourceVersion":"1"},"spec":{"replicas":1}})");
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(call("PUT", path, R"({"metadata":{"name":"d"},"spec":{"replicas":-1}})").status, 422);
  EXPECT_EQ(call("PUT", path, R"({"metadata":{"name":"d"},"spec":{}})").body.at("spec"),
            json::object());
}

TEST_F(ApiTest, DiscoveryInBothForms) {
  const auto old = get("/api");
  EXPECT_EQ(old.body.at("versions"), json::parse(R"(["v1"])"));
  const auto groups = get("/apis");
  EXPECT_EQ(groups.body.at("kind"), "APIGroupList");
  EXPECT_EQ(get("/apis/apps").body.at("preferredVersion").at("groupVersion"), "apps/v1");
  const auto list = get("/apis/apps/v1");
  EXPECT_EQ(list.body.at("groupVersion"), "apps/v1");
  bool scale = false;
  for (const auto& resource : list.body.at("resources").as_array())
    if (resource.at("name") == "deployments/scale")
      scale = resource.at("kind") == "Scale" && resource.at("group") == "autoscaling";
  EXPECT_TRUE(scale);
  const auto v2 =
      get("/apis",
          "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");
  EXPECT_EQ(v2.headers.get("Content-Type"),
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(v2.body.at("apiVersion"), "apidiscovery.k8s.io/v2");
  const auto beta = get(
      "/api",
      "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json");
  EXPECT_EQ(beta.body.at("items").at(0).at("versions").at(0).at("version"), "v1");
  EXPECT_EQ(get("/apis/nope/v1").status, 404);
}

TEST_F(ApiTest, HealthVersionAndMetrics) {
  EXPECT_EQ(get("/readyz").text, "ok");
  EXPECT_EQ(get("/readyz/store").text, "ok");
  EXPECT_EQ(get("/livez/none").status, 404);
  EXPECT_NE(get("/readyz?verbose&exclude=store").text.find("[+]store excluded: ok\n"),
            std::string::npos);
  EXPECT_NE(get("/livez?verbose").text.find("[+]ping ok\n"), std::string::npos);
  EXPECT_TRUE(std::string_view(get("/version").body.at("gitVersion").as_string())
                  .starts_with("v1.33.0+nodal-"));
  EXPECT_NE(
      get("/metrics")
          .text.find(
              "apiserver_request_total{verb=\"create\",resource=\"namespaces\",code=\"201\"} 2"),
      std::string::npos);
}

TEST_F(ApiTest, StrangersAreRefused) {
  http::Request request;
  request.target = "/api/v1/pods";
  LoopbackTransport guest(*api, Caller{"guest", {}, ""});
  const auto answer = guest.send(request, {});
  EXPECT_EQ(answer->status, 403);
  EXPECT_NE(
      answer->text().find(R"("message":"pods is forbidden: User \"guest\" cannot list resource")"),
      std::string::npos)
      << answer->text();
}

}  // namespace
}  // namespace nodal::master
