// ingress/controller.h — watches Ingresses and what they name, and keeps the web server as they
// want it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "api-client/client/client.h"
#include "api-client/client/events.h"
#include "api-client/client/mirror.h"
#include "base/loop/keyed_loop.h"
#include "ingress/certificates.h"
#include "ingress/model.h"
#include "ingress/nginx.h"
#include "ingress/render.h"

namespace nodal::ingress {

struct ControllerParts {
  std::shared_ptr<client::Client> client;
  client::EventRecorder& events;
  client::Mirror<networking_v1::Ingress>& ingresses;
  client::Mirror<networking_v1::IngressClass>& classes;
  client::Mirror<core_v1::Service>& services;
  client::Mirror<discovery_v1::EndpointSlice>& slices;
  std::string node_ip;  ///< what status.loadBalancer tells
  std::string nginx = "/usr/sbin/nginx";
  RenderOptions render;
};

/// Thread-safe.
class Controller {
 public:
  explicit Controller(ControllerParts parts);
  ~Controller();

  /// Something changed: look.
  void wake();
  [[nodiscard]] bool is_serving() const { return serving_; }

 private:
  Result<Again> sync();
  /// Endpoints have changed, and nothing else.
  Result<Again> follow();
  /// Tells nginx the endpoints that have changed: no reload.
  Result<> push_endpoints();
  /// Whether nginx takes that model. @errors what keeps it from judging at all
  Result<bool> takes(const Model& model);
  void tell(const Plan& plan);

  ControllerParts parts_;
  std::map<std::string, std::set<std::string>> told_;  // problems by Ingress uid and generation
  std::set<Backend> backends_;                         // of the model in use
  std::map<std::string, std::string> pushed_;          // endpoints that nginx has, by backend
  std::string judged_;                                 // of all Ingresses, by nginx
  std::set<std::string> refused_;                      // of these: the uids it does not take
  std::string current_;                                // the configuration in use
  std::atomic<bool> nginx_ended_ = false, serving_ = false;
  Nginx nginx_;
  KeyedLoop loop_;             // stopped first of all
  Certificates certificates_;  // wakes the loop
};

}  // namespace nodal::ingress
