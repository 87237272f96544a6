// base/result.h — how the house reports failure: a Result, an Errc a caller can act on, a message
// for people.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace nodal {

/// What a caller can do about a failure. Mirrors the `reason` values of a Kubernetes Status, so the
/// HTTP edge needs no second table (docs/ARCHITECTURE.md, "Errors across the house").
enum class Errc {
  not_found,
  already_exists,
  conflict,
  invalid,
  forbidden,
  gone,
  timed_out,
  unavailable,
  internal
};

/// The name of a code in snake_case, for logs.
std::string_view name(Errc code);

struct [[nodiscard]] Error {
  Errc code = Errc::internal;
  std::string message;  ///< outermost context first: "apply ruleset: nft: No such file"
};

template <class T = void>
using Result = std::expected<T, Error>;

/// An Error as the return value of any function that returns a Result.
std::unexpected<Error> fail(Errc code, std::string message);

/// An errno as an Error: the code by the table of the house, the message "what: strerror".
std::unexpected<Error> fail_errno(int errnum, std::string_view what);

/// The error with context put in front: wrap("read lease", e) is "read lease: …".
std::unexpected<Error> wrap(std::string_view context, Error error);

/// The Errc an errno stands for.
Errc errc_of(int errnum);

namespace detail {
template <class T>
T take(std::expected<T, Error>&& result) {
  return std::move(*result);
}
inline void take(std::expected<void, Error>&&) {}
}  // namespace detail

}  // namespace nodal

// The value of a Result, or an early return of its error:
//   const auto socket = NODAL_TRY(Socket::connect(path));
// Use it as a whole statement, a whole initialiser, or the whole right side of an assignment;
// inside a larger expression the return would leave the rest half-evaluated.
#define NODAL_TRY(...)                                             \
  __extension__({                                                  \
    auto nodal_result = (__VA_ARGS__);                             \
    if (!nodal_result) [[unlikely]]                                \
      return ::std::unexpected(::std::move(nodal_result).error()); \
    ::nodal::detail::take(::std::move(nodal_result));              \
  })
