// master/api/selection.h — label and field selectors of list, watch and deletecollection.
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "api-client/codec/schema.h"
#include "master/api/request_info.h"
#include "master/registry/api_error.h"

namespace nodal::master {

/// Which objects of a kind a request means. Immutable; thread-safe.
class Selection {
 public:
  /// @errors 400 for a selector that cannot be parsed or a field that the kind does not offer
  static Answer<Selection> parse(const schema::Resource& resource, const RequestInfo& info);
  ~Selection();
  Selection(Selection&&) noexcept;
  Selection& operator=(Selection&&) noexcept;

  /// Everything is meant.
  [[nodiscard]] bool all() const;
  /// The object must be looked into: key_fits() alone does not decide.
  [[nodiscard]] bool needs_object() const;
  /// By name and namespace alone; false means that the object cannot fit.
  [[nodiscard]] bool key_fits(std::string_view ns, std::string_view name) const;
  [[nodiscard]] bool fits(const boost::json::object& object) const;
  /// The one name asked for, or "": a get is then cheaper than a list.
  [[nodiscard]] std::string_view only_name() const;

 private:
  struct State;
  explicit Selection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nodal::master
