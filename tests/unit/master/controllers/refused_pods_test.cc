// tests/unit/master/controllers/refused_pods_test.cc — how a ReplicaSet tells of pods that the
// server does not take.
#include <gtest/gtest.h>

#include "api-client/codec/codec.h"
#include "master/controllers/replicaset/controller.h"
#include "tests/unit/master/controllers/listed.h"
#include "tests/unit/master/requests.h"

namespace nodal::master::controllers {
namespace {

TEST(RefusedPods, AreToldInTheServersWords) {
  const auto requests =
      std::make_shared<Requests>("POST /api/v1/namespaces/ns/pods", "no more pods");
  const auto client = std::make_shared<client::Client>(requests, "test/1");
  const SystemClock clock;
  Mirrors mirrors;
  client::EventRecorder events(client, "test", "");
  ReplicaSetController controller({client, mirrors, events, clock});
  mirrors.replica_sets.replace({std::make_shared<const apps_v1::ReplicaSet>(
      codec::decode<apps_v1::ReplicaSet>(
          R"({"metadata":{"namespace":"ns","name":"web","uid":"rs"},"spec":{"replicas":2,
              "selector":{"matchLabels":{"app":"web"}},
              "template":{"metadata":{"labels":{"app":"web"}}}}})")
          .value())});
  list_the_rest(mirrors);
  EXPECT_GE(requests->count("PATCH /apis/apps/v1/namespaces/ns/replicasets/web/status",
                            R"("message":"no more pods")", 1),
            1u);
  EXPECT_GE(requests->count("POST /api/v1/namespaces/ns/events",
                            R"("message":"Error creating: no more pods")", 1),
            1u);
}

}  // namespace
}  // namespace nodal::master::controllers
