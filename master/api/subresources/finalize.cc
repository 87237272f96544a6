// master/api/subresources/finalize.cc — namespaces/finalize: the one way to take a namespace's
// finalizers away.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {

void finalize(Call& call) {
  const auto body = posted(call, expected_of(*call.resource));
  if (!body) return call.fail(body.error());
  const auto name = string_at(*body, "metadata", "name");
  if (!name.empty() && name != call.info.name)
    return call.fail(errors::bad_request(text::cat("the name of the object (", name,
                                                   ") does not match the name on the URL (",
                                                   call.info.name, ")"))
                         .error());
  const auto written = call.api->objects().update_with(
      *call.resource, "", call.info.name,
      [&](const boost::json::object& old) -> Answer<boost::json::object> {
        boost::json::object out = old;
        auto& spec = out["spec"];
        if (!spec.is_object()) spec.emplace_object();
        spec.get_object().erase("finalizers");
        if (const auto* wanted = body->if_contains("spec"); wanted && wanted->is_object())
          if (const auto* finalizers = wanted->get_object().if_contains("finalizers");
              finalizers && finalizers->is_array() && !finalizers->get_array().empty())
            spec.get_object()["finalizers"] = *finalizers;
        auto& metadata = metadata_of(out);
        for (const std::string_view key : {"resourceVersion", "uid"})
          if (const auto value = string_at(*body, "metadata", key); !value.empty())
            metadata[key] = value;
        return out;
      },
      call.dry_run);
  if (!written) return call.fail(written.error());
  call.answer_object(200, written->bytes);
}

}  // namespace nodal::master::handlers
