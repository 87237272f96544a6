// master/api/handlers/patch.cc — PATCH of an object or its status: JSON, merge and strategic merge;
// apply.cc has server-side apply.
#include <boost/json.hpp>

#include "master/api/handlers.h"
#include "master/registry/conversion.h"

namespace nodal::master::handlers {

void patch(Call& call) {
  const auto type = body_type(call.request.headers.get("Content-Type"));
  if (type == BodyType::apply_patch) return apply(call);
  if (!type || (*type != BodyType::json_patch && *type != BodyType::merge_patch &&
                *type != BodyType::strategic_merge_patch))
    return call.fail(
        errors::unsupported_media_type("application/json-patch+json, application/merge-patch+json, "
                                       "application/strategic-merge-patch+json, "
                                       "application/apply-patch+yaml")
            .error());
  if (call.info.has_parameter("force"))
    return call.fail(errors::invalid("meta.k8s.io", "PatchOptions", "",
                                     {{"FieldValueForbidden", "force",
                                       "Forbidden: may not be specified for non-apply patch"}})
                         .error());
  const auto expected = expected_of(*call.resource);
  const auto written = write_change(
      call, call.info.subresource,
      [&](const boost::json::object& old) -> Answer<boost::json::object> {
        call.warnings.clear();  // of an attempt that lost
        auto patched =
            NODAL_TRY(apply_patch(expected, from_stored(*call.resource, old), call.request.body,
                                  *type, call.validation, call.warnings));
        NODAL_TRY(check_identity(call, patched));
        return to_stored(*call.resource, std::move(patched));
      });
  if (!written) return call.fail(written.error());
  call.answer_object(200, written->bytes);
}

}  // namespace nodal::master::handlers
