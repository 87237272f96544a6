// api-client/codec/schema_index.cc — finds descriptors in the generated tables. Whoever calls this
// links every descriptor.
#include <algorithm>

#include "api-client/codec/schema.h"
#include "gen/schema_tables.h"

namespace nodal::schema {

std::span<const Resource> resources() { return gen::resources(); }

const Resource* find_resource(std::string_view group, std::string_view version,
                              std::string_view plural) {
  for (const Resource& resource : gen::resources())
    if (resource.plural == plural && resource.group == group &&
        (version.empty() || resource.version == version))
      return &resource;
  return nullptr;
}

const Resource* find_kind(std::string_view group, std::string_view version, std::string_view kind) {
  for (const Resource& resource : gen::resources())
    if (resource.kind == kind && resource.group == group &&
        (version.empty() || resource.version == version))
      return &resource;
  return nullptr;
}

const Type* find_type(std::string_view openapi) {
  const auto types = gen::types();
  const auto it =
      std::ranges::lower_bound(types, openapi, {}, [](const Type* type) { return type->openapi; });
  return it != types.end() && (*it)->openapi == openapi ? *it : nullptr;
}

}  // namespace nodal::schema
