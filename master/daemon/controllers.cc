// master/daemon/controllers.cc — see controllers.h.
#include "master/daemon/controllers.h"

#include "api-client/client/client.h"
#include "api-client/client/events.h"
#include "master/api/loopback.h"
#include "master/controllers/deployment/controller.h"
#include "master/controllers/endpointslice/controller.h"
#include "master/controllers/garbage/controller.h"
#include "master/controllers/mirrors.h"
#include "master/controllers/namespace/controller.h"
#include "master/controllers/node_lifecycle/controller.h"
#include "master/controllers/replicaset/controller.h"
#include "master/controllers/serviceaccount/controller.h"
#include "master/scheduler/scheduler.h"

namespace nodal::master {
namespace {

std::shared_ptr<client::Client> client_for(Api& api, const std::string& name) {
  return std::make_shared<client::Client>(
      std::make_shared<LoopbackTransport>(api,
                                          Caller{"system:" + name, {"system:authenticated"}, ""}),
      name + "/" NODAL_VERSION);
}

}  // namespace

struct Controllers::State {
  State(Api& api, net::Cidr cluster_cidr, std::string ca_pem, const Clock& clock)
      : client(client_for(api, "kube-controller-manager")),
        events(client, "controllermanager", ""),
        context{client, mirrors, events, clock},
        service_accounts(context, std::move(ca_pem)),
        namespaces(context),
        endpoints(context),
        replica_sets(context),
        deployments(context),
        nodes(context, cluster_cidr),
        garbage(context),
        scheduler_events(client, "default-scheduler", ""),
        scheduler({client_for(api, "kube-scheduler"), scheduler_events, mirrors.pods, mirrors.nodes,
                   clock}) {
    mirrors.start(client);
  }

  std::shared_ptr<client::Client> client;
  controllers::Mirrors mirrors;
  client::EventRecorder events;
  controllers::Context context;
  controllers::ServiceAccountController service_accounts;
  controllers::NamespaceController namespaces;
  controllers::EndpointSliceController endpoints;
  controllers::ReplicaSetController replica_sets;
  controllers::DeploymentController deployments;
  controllers::NodeLifecycleController nodes;
  controllers::GarbageController garbage;
  client::EventRecorder scheduler_events;
  scheduler::Scheduler scheduler;
};

Controllers::Controllers(Api& api, net::Cidr cluster_cidr, std::string ca_pem, const Clock& clock)
    : state_(std::make_unique<State>(api, cluster_cidr, std::move(ca_pem), clock)) {}

Controllers::~Controllers() { stop(); }

void Controllers::stop() {
  if (!state_) return;
  state_->mirrors.stop();
  state_.reset();
}

}  // namespace nodal::master
