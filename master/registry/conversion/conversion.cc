// master/registry/conversion/conversion.cc — which versions are converted, and the frame of it.
#include "master/registry/conversion.h"

#include <boost/json.hpp>

#include "api-client/codec/defaulting.h"
#include "base/assert.h"
#include "base/text.h"
#include "master/registry/conversion/event.h"
#include "master/registry/conversion/ingress.h"

namespace nodal::master {
namespace json = boost::json;
namespace {

void name_version(json::object& object, const schema::Resource& resource) {
  object["kind"] = resource.kind;
  object["apiVersion"] = resource.api_version();
}

}  // namespace

const Conversion* conversion_for(const schema::Resource& resource) {
  for (const Conversion* conversion : {&kIngressV1beta1, &kEventsGroupEvent})
    if (conversion->kind == resource.kind && conversion->version == resource.version &&
        conversion->group == resource.group)
      return conversion;
  return nullptr;
}

const schema::Resource& stored_version(const schema::Resource& resource) {
  const auto* conversion = conversion_for(resource);
  if (!conversion) return resource;
  const auto* stored = schema::find_resource(conversion->stored_group, "", resource.plural);
  NODAL_ASSERT(stored != nullptr && !conversion_for(*stored));
  return *stored;
}

json::object to_stored(const schema::Resource& served, json::object object) {
  const auto* conversion = conversion_for(served);
  if (!conversion) return object;
  if (served.type) codec::fill_defaults(object, *served.type);
  conversion->to_stored(object);
  name_version(object, stored_version(served));
  return object;
}

json::object from_stored(const schema::Resource& served, json::object object) {
  const auto* conversion = conversion_for(served);
  if (!conversion) return object;
  conversion->from_stored(object);
  name_version(object, served);
  return object;
}

std::string stored_field(const schema::Resource& served, std::string_view field) {
  const auto* conversion = conversion_for(served);
  return conversion && conversion->stored_field ? conversion->stored_field(field)
                                                : std::string(field);
}

}  // namespace nodal::master
