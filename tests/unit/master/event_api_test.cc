// tests/unit/master/event_api_test.cc — the Events of both groups are the same.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "tests/support/served_api.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

constexpr const char* kCore = "/api/v1/namespaces/default/events";
constexpr const char* kGroup = "/apis/events.k8s.io/v1/namespaces/default/events";

class EventApi : public ServedApi {
 protected:
  json::object send(std::string_view method, std::string_view target, std::string_view body = "",
                    std::string_view accept = "") {
    http::Headers headers;
    if (!accept.empty()) headers.add("Accept", std::string(accept));
    if (method == "PATCH") headers.add("Content-Type", "application/merge-patch+json");
    auto reply = call(method, target, body, std::move(headers));
    status = reply.status;
    return std::move(reply.body);
  }

  int status = 0;
};

constexpr const char* kNew =
    R"({"metadata":{"name":"new"},"eventTime":"2026-01-02T03:04:05.000000Z",
    "regarding":{"kind":"Pod","namespace":"default","name":"p"},"reason":"Started","note":"it runs",
    "reportingController":"c","reportingInstance":"c-1","action":"Start","type":"Normal"})";
constexpr const char* kOld = R"({"metadata":{"name":"old"},"type":"Warning","reason":"Failed",
    "involvedObject":{"kind":"Node","name":"n"},"message":"it fell","count":3,
    "firstTimestamp":"2026-01-02T03:04:05Z","lastTimestamp":"2026-01-02T03:04:06Z",
    "source":{"component":"kubelet","host":"n"},"reportingComponent":"kubelet"})";

TEST_F(EventApi, EachGroupSeesBothInItsOwnWords) {
  const auto made = send("POST", kGroup, kNew);
  ASSERT_EQ(status, 201) << json::serialize(made);
  EXPECT_EQ(made.at("apiVersion"), "events.k8s.io/v1");
  EXPECT_EQ(made.at("note"), "it runs");
  const auto core = send("GET", text::cat(kCore, "/new"));
  EXPECT_EQ(core.at("apiVersion"), "v1");
  EXPECT_EQ(core.at("message"), "it runs");
  EXPECT_EQ(core.at("involvedObject").at("name"), "p");
  EXPECT_EQ(core.at("reportingComponent"), "c");
  EXPECT_FALSE(core.contains("note") || core.contains("regarding"));

  send("POST", kCore, kOld);
  ASSERT_EQ(status, 201);
  const auto other = send("GET", text::cat(kGroup, "/old"));
  EXPECT_EQ(other.at("deprecatedCount"), 3);
  EXPECT_EQ(other.at("deprecatedSource").at("host"), "n");
  EXPECT_EQ(other.at("deprecatedLastTimestamp"), "2026-01-02T03:04:06Z");
  EXPECT_EQ(other.at("regarding").at("kind"), "Node");
  for (const char* path : {kCore, kGroup})
    EXPECT_EQ(send("GET", path).at("items").as_array().size(), 2u) << path;
}

TEST_F(EventApi, SelectorsAndPatchesUseTheWordsOfTheGroup) {
  send("POST", kGroup, kNew);
  send("POST", kCore, kOld);
  for (const char* query :
       {"?fieldSelector=regarding.name=p", "?fieldSelector=reportingController=c"})
    EXPECT_EQ(send("GET", text::cat(kGroup, query)).at("items").as_array().size(), 1u) << query;
  EXPECT_EQ(send("GET", text::cat(kCore, "?fieldSelector=involvedObject.name=p"))
                .at("items")
                .as_array()
                .size(),
            1u);
  send("GET", text::cat(kCore, "?fieldSelector=regarding.name=p"));
  EXPECT_EQ(status, 400);
  send("PATCH", text::cat(kGroup, "/old"), R"({"note":"it rose"})");
  EXPECT_EQ(status, 200);
  EXPECT_EQ(send("GET", text::cat(kCore, "/old")).at("message"), "it rose");
}

TEST_F(EventApi, AnAnswerAboutNoObjectHasNoRows) {
  constexpr const char* kReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  constexpr const char* kReview = R"({"spec":{"resourceAttributes":{"verb":"get"}}})";
  const auto table = std::string("application/json;as=Table;v=v1;g=meta.k8s.io");
  EXPECT_EQ(send("POST", kReviews, kReview, table).at("reason"), "NotAcceptable");
  EXPECT_EQ(status, 406);
  EXPECT_EQ(send("POST", kReviews, kReview, table + ",application/json").at("kind"),
            "SelfSubjectAccessReview");
}

}  // namespace
}  // namespace nodal::master
