// api-client/client/reflector.cc — Reflector and Client::list for every generated kind.
#include "api-client/client/reflector.h"

#include <boost/json/value.hpp>

#include "api-client/client/pages.h"
#include "api-client/client/watcher.h"
#include "gen/all.h"

namespace nodal::client {

template <class T>
struct Reflector<T>::State {
  std::vector<typename Mirror<T>::Ptr> listed;  // the watcher's thread
  std::unique_ptr<Watcher> watcher;
};

template <class T>
Reflector<T>::Reflector(std::shared_ptr<Client> client, Mirror<T>& mirror,
                        ReflectorOptions<T> options)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  const auto read =
      [trim = options.trim](const boost::json::value& value) -> Result<typename Mirror<T>::Ptr> {
    auto object = std::make_shared<T>(NODAL_TRY(codec::decode<T>(value)));
    object->metadata.managed_fields = {};  // only the server looks at them
    if (trim) trim(*object);
    return object;
  };
  Watcher::Callbacks callbacks;
  callbacks.begin_list = [&state] { state.listed.clear(); };
  callbacks.item = [&state, read](const boost::json::value& value) -> Result<> {
    state.listed.push_back(NODAL_TRY(read(value)));
    return {};
  };
  callbacks.end_list = [&state, &mirror] { mirror.replace(std::exchange(state.listed, {})); };
  callbacks.change = [&mirror, read](const boost::json::value& value, bool deleted) -> Result<> {
    auto object = NODAL_TRY(read(value));
    auto key = key_of(*object);
    mirror.apply(key, deleted ? nullptr : std::move(object));
    return {};
  };
  ListOptions list;
  list.namespace_ = options.namespace_;
  list.label_selector = options.label_selector;
  list.field_selector = options.field_selector;
  state.watcher = std::make_unique<Watcher>(std::move(client), T::kResource, std::move(list),
                                            std::move(callbacks));
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
