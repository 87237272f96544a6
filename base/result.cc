// base/result.cc — errno to Errc, the one table.
#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace nodal {

std::string_view name(Errc code) {
  switch (code) {
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::conflict:
      return "conflict";
    case Errc::invalid:
      return "invalid";
    case Errc::forbidden:
      return "forbidden";
    case Errc::gone:
      return "gone";
    case Errc::timed_out:
      return "timed_out";
    case Errc::unavailable:
      return "unavailable";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

Errc errc_of(int errnum) {
  switch (errnum) {
    case ENOENT:
    case ENODEV:
    case ESRCH:
      return Errc::not_found;
    case EEXIST:
      return Errc::already_exists;
    case EINVAL:
      return Errc::invalid;
    case EPERM:
    case EACCES:
      return Errc::forbidden;
    case ETIMEDOUT:
      return Errc::timed_out;
    case EAGAIN:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Errc::unavailable;
    default:
      return Errc::internal;
  }
}

std::unexpected<Error> fail_errno(int errnum, std::string_view what) {
  std::string message(what);
  message += ": ";
  message += std::strerror(errnum);
  return fail(errc_of(errnum), std::move(message));
}

std::unexpected<Error> wrap(std::string_view context, Error error) {
  std::string message(context);
  message += ": ";
  message += error.message;
  error.message = std::move(message);
  return std::unexpected(std::move(error));
}

}  // namespace nodal
