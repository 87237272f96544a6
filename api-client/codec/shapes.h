// api-client/codec/shapes.h — from a Shape to its C++ type; only the reader and the writer need it.
#pragma once

#include <optional>
#include <type_traits>

#include "api-client/codec/int_or_string.h"
#include "api-client/codec/message.h"
#include "api-client/codec/quantity.h"
#include "base/assert.h"
#include "base/clock.h"

namespace nodal::codec {

/// Calls `f(std::type_identity<T>{})` with the C++ type of a shape that is no message.
template <class F>
decltype(auto) with_type(Shape shape, F&& f) {
  switch (shape) {
    case Shape::string:
    case Shape::bytes:
    case Shape::any:
      return f(std::type_identity<std::string>{});
    case Shape::int32:
      return f(std::type_identity<std::int32_t>{});
    case Shape::int64:
      return f(std::type_identity<std::int64_t>{});
    case Shape::number:
      return f(std::type_identity<double>{});
    case Shape::boolean:
      return f(std::type_identity<bool>{});
    case Shape::time:
    case Shape::micro_time:
      return f(std::type_identity<std::optional<TimePoint>>{});
    case Shape::quantity:
      return f(std::type_identity<Quantity>{});
    case Shape::int_or_string:
      return f(std::type_identity<IntOrString>{});
    case Shape::strings:
      return f(std::type_identity<std::vector<std::string>>{});
    case Shape::message:
      break;
  }
  ::nodal::detail::assertion_failed("a message has no scalar type", __FILE__, __LINE__);
}

}  // namespace nodal::codec
