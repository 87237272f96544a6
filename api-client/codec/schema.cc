// api-client/codec/schema.cc — lookups within one descriptor; schema_index.cc finds descriptors.
#include "api-client/codec/schema.h"

#include <algorithm>

namespace nodal::schema {

const Field* Type::find(std::string_view field) const {
  const auto it = std::ranges::lower_bound(fields, field, {}, &Field::name);
  // A spliced field has no name in JSON.
  return it != fields.end() && it->name == field && !it->spliced ? &*it : nullptr;
}

const Subresource* Resource::subresource(std::string_view wanted) const {
  const auto it = std::ranges::find(subresources, wanted, &Subresource::name);
  return it != subresources.end() ? &*it : nullptr;
}

}  // namespace nodal::schema
