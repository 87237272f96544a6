// nodectl/errors.h — what people read when something fails: the server's answers as kubectl prints
// them, and a hint of what to do.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::nodectl {

/// An answer that is no success.
/// @param doing  put before the message: `error when creating "web.yaml"`; "" for nothing
Error server_error(int status, std::string_view body, std::string_view doing);
/// The server's message alone, with its hint.
Error bare_error(int status, std::string_view body);
/// The request did not arrive.
Error transport_error(const Error& error, std::string_view server);

/// One line that says what to do about a server's message; "" when there is nothing to add.
std::string hint_of(std::string_view message);

/// Prints an error to standard error: a server's as it is, others after "error: ", those of the
/// program's own commands after its name; hints in lines of their own.
void report(std::string_view message, bool own);

}  // namespace nodal::nodectl
