// api-client/client/reflector.cc — Reflector and Client::list for every generated kind.
#include "api-client/client/reflector.h"

#include <boost/json/value.hpp>

#include "api-client/client/feed.h"
#include "api-client/client/pages.h"
#include "gen/all.h"

namespace nodal::client {

template <class T>
Reflector<T>::Reflector(std::shared_ptr<Client> client, Mirror<T>& mirror,
                        ReflectorOptions<T> options) {
  ListOptions list;
  list.namespace_ = std::move(options.namespace_);
  list.label_selector = std::move(options.label_selector);
  list.field_selector = std::move(options.field_selector);
  const auto read = [trim = std::move(options.trim)](
                        const boost::json::value& value) -> Result<typename Mirror<T>::Ptr> {
    auto object = std::make_shared<T>(NODAL_TRY(codec::decode<T>(value)));
    object->metadata.managed_fields = {};  // only the server looks at them
    if (trim) trim(*object);
    return object;
  };
  watcher_ = std::make_unique<Watcher>(std::move(client), T::kResource, std::move(list),
                                       feed<T>(mirror, read));
}

template <class T>
Reflector<T>::~Reflector() = default;

template <class T>
Result<List<T>> Client::list(const ListOptions& options, std::stop_token stop) {
  List<T> out;
  out.resource_version = NODAL_TRY(list_pages(
      *this, T::kResource, options,
      [&](const boost::json::value& value) -> Result<> {
        out.items.push_back(NODAL_TRY(codec::decode<T>(value)));
        return {};
      },
      stop));
  return out;
}

#define NODAL_KIND(Type)          \
  template class Reflector<Type>; \
  template Result<List<Type>> Client::list<Type>(const ListOptions&, std::stop_token);
#include "gen/kinds.inc"
#undef NODAL_KIND

}  // namespace nodal::client
