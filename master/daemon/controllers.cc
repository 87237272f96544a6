// master/daemon/controllers.cc — see controllers.h.
#include "master/daemon/controllers.h"

#include "api-client/client/client.h"
#include "api-client/client/events.h"
#include "master/api/loopback.h"
#include "master/controllers/deployment/controller.h"
#include "master/controllers/endpointslice/controller.h"
#include "master/controllers/endpointslice/mirroring.h"
#include "master/controllers/garbage/controller.h"
#include "master/controllers/mirrors.h"
#include "master/controllers/namespace/controller.h"
#include "master/controllers/node_lifecycle/controller.h"
#include "master/controllers/replicaset/controller.h"
#include "master/controllers/serviceaccount/controller.h"
#include "master/daemon/bootstrap.h"
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
  State(Api& api, client::Transport& own, ClusterFacts facts, const Clock& clock)
      : client(client_for(api, "kube-controller-manager")),
        events(client, "controllermanager", ""),
        context{client, mirrors, events, clock},
        keeper(context, own, facts.service_ip, facts.served_at),
        service_accounts(context, std::move(facts.ca_pem)),
        namespaces(context),
        endpoints(context),
        mirroring(context),
        replica_sets(context),
        deployments(context),
        nodes(context, facts.cluster_cidr),
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
  BootstrapKeeper keeper;
  controllers::ServiceAccountController service_accounts;
  controllers::NamespaceController namespaces;
  controllers::EndpointSliceController endpoints;
  controllers::EndpointSliceMirroringController mirroring;
  controllers::ReplicaSetController replica_sets;
  controllers::DeploymentController deployments;
  controllers::NodeLifecycleController nodes;
  controllers::GarbageController garbage;
  client::EventRecorder scheduler_events;
  scheduler::Scheduler scheduler;
};

Controllers::Controllers(Api& api, client::Transport& own, ClusterFacts facts, const Clock& clock)
    : state_(std::make_unique<State>(api, own, std::move(facts), clock)) {}

Controllers::~Controllers() { stop(); }

void Controllers::stop() {
  if (!state_) return;
  state_->mirrors.stop();
  state_.reset();
}

}  // namespace nodal::master
