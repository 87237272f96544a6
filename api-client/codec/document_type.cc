// api-client/codec/document_type.cc — from the kind a document names to its descriptor.
#include "api-client/codec/document_type.h"

#include "base/text.h"

namespace nodal::codec {

const schema::Type* document_type(std::string_view group, std::string_view version,
                                  std::string_view kind) {
  if (const auto* const resource = schema::find_kind(group, version, kind)) return resource->type;
  // A kind that is not served is found by its OpenAPI name, which has the first label of its group.
  const auto label = group.empty() ? std::string_view("core") : group.substr(0, group.find('.'));
  if (const auto* const type =
          schema::find_type(text::cat("io.k8s.api.", label, '.', version, '.', kind)))
    return type;
  return schema::find_type(text::cat("io.k8s.apimachinery.pkg.apis.meta.v1.", kind));
}

}  // namespace nodal::codec
