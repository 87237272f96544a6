// master/api/handlers/get.cc — one object, as stored.
#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {

void get(Call& call) {
  const auto wanted = call.info.parameter("resourceVersion");
  if (!wanted.empty() && wanted != "0") {
    const auto revision = text::number<Revision>(wanted);
    if (!revision)
      return call.fail(errors::invalid("meta.k8s.io", "GetOptions", "",
                                       {{"FieldValueInvalid", "resourceVersion",
                                         text::cat("Invalid value: ", quoted(wanted),
                                                   ": must be a decimal number")}})
                           .error());
    if (const auto now = call.api->parts().kv->revision(); *revision > now) {
      auto error = errors::timeout(
                       text::cat("Too large resource version: ", *revision, ", current: ", now), 1)
                       .error();
      error.causes.push_back({"ResourceVersionTooLarge", "", "Too large resource version"});
      return call.fail(error);
    }
  }
  const auto entry = call.api->objects().get(call.stored(), call.info.namespace_, call.info.name);
  if (!entry) return call.fail(entry.error());
  call.answer_object(200, entry->value);
}

}  // namespace nodal::master::handlers
