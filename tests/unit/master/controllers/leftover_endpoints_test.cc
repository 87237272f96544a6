// tests/unit/master/controllers/leftover_endpoints_test.cc — Endpoints whose Service went while no
// master ran.
#include <gtest/gtest.h>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/controllers/endpointslice/controller.h"
#include "tests/unit/master/controllers/listed.h"
#include "tests/unit/master/requests.h"

namespace nodal::master::controllers {
namespace {

std::shared_ptr<const core_v1::Endpoints> endpoints(const std::string& name,
                                                    const std::string& annotations = "{}") {
  return std::make_shared<const core_v1::Endpoints>(
      codec::decode<core_v1::Endpoints>(text::cat(R"({"metadata":{"namespace":"ns","name":")", name,
                                                  R"(","uid":"u-)", name, R"(","annotations":)",
                                                  annotations, "}}"))
          .value());
}

TEST(LeftoverEndpoints, AreRemovedOnceEverythingIsListed) {
  const auto requests = std::make_shared<Requests>();
  const auto client = std::make_shared<client::Client>(requests, "test/1");
  const SystemClock clock;
  Mirrors mirrors;
  client::EventRecorder events(client, "test", "");
  EndpointSliceController controller({client, mirrors, events, clock});

  core_v1::Service service;
  service.metadata.namespace_ = "ns";
  service.metadata.name = "served";
  mirrors.endpoints.replace(
      {endpoints("left"), endpoints("served"),
       endpoints("lock", R"({"control-plane.alpha.kubernetes.io/leader":""})")});
  mirrors.services.replace({std::make_shared<const core_v1::Service>(service)});
  list_the_rest(mirrors);
  EXPECT_EQ(requests->count("DELETE /api/v1/namespaces/ns/endpoints/left", "u-left", 1), 1u);
  // Written by hand, before its Service is.
  mirrors.endpoints.apply("ns/early", endpoints("early"));
  mirrors.endpoints.replace({endpoints("early")});
  controller.stop();
  EXPECT_EQ(requests->count("DELETE", "", 1), 1u);
}

}  // namespace
}  // namespace nodal::master::controllers
