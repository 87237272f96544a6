// master/api/subresources/token.cc — serviceaccounts/token: a signed token bound to a pod.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {

void token(Call& call) {
  const Expected expected{"authentication.k8s.io", "", "TokenRequest",
                          schema::find_type("io.k8s.api.authentication.v1.TokenRequest")};
  auto request = posted(call, expected);
  if (!request) return call.fail(request.error());
  const auto account =
      call.api->objects().get(*call.resource, call.info.namespace_, call.info.name);
  if (!account) return call.fail(account.error());

  // A token bound to a pod must be bound to the pod that exists.
  if (const auto* spec = request->if_contains("spec"); spec && spec->is_object()) {
    const auto name = string_at(spec->get_object(), "boundObjectRef", "name");
    const auto uid = string_at(spec->get_object(), "boundObjectRef", "uid");
    if (string_at(spec->get_object(), "boundObjectRef", "kind") == "Pod") {
      const schema::Resource* pods = schema::find_resource("", "v1", "pods");
      const auto pod = call.api->objects().get(*pods, call.info.namespace_, name);
      if (!pod) return call.fail(pod.error());
      const auto object = parse_object(*pod->value);
      if (!uid.empty() && uid != string_at(object, "metadata", "uid"))
        return call.fail(
            errors::conflict(
                *call.resource, call.info.name,
                text::cat("the UID in the bound object reference (", uid,
                          ") does not match the UID in record. The object might have been deleted "
                          "and then recreated"))
                .error());
      if (string_at(object, "spec", "serviceAccountName") != call.info.name)
        return call.fail(
            errors::bad_request(text::cat("cannot bind token for serviceaccount ",
                                          quoted(call.info.name),
                                          " to pod running with different serviceaccount name."))
                .error());
    }
  }
  if (!call.api->parts().issue_token) return call.fail(errors::unavailable("").error());
  const auto signed_request =
      call.api->parts().issue_token(parse_object(*account->value), std::move(*request));
  if (!signed_request) return call.fail(signed_request.error());
  call.answer(201, boost::json::serialize(*signed_request));
}

}  // namespace nodal::master::handlers
