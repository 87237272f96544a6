// nodectl/errors.cc — see errors.h.
#include "nodectl/errors.h"

#include <unistd.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdio>

#include "api-client/client/status.h"
#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/context.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

std::string with_hint(std::string message) {
  if (const auto hint = hint_of(message); !hint.empty()) message += text::cat("\nhint: ", hint);
  return message;
}

// `The Service "web" is invalid: spec.ports[0].port: …`, several causes one below another.
std::string invalid_text(const json::value& status) {
  const auto kind = text_at(status, "details.kind"), name = text_at(status, "details.name");
  std::string out = kind.empty() ? std::string("The request is invalid")
                                 : text::cat("The ", kind, " \"", name, "\" is invalid");
  std::vector<std::string> causes;
  for (const auto& cause : list_at(status, "details.causes")) {
    auto text = text::cat(text_at(cause, "field"), ": ", text_at(cause, "message"));
    if (std::ranges::find(causes, text) == causes.end()) causes.push_back(std::move(text));
  }
  if (causes.empty()) return text::cat(out, ": ", text_at(status, "message"));
  if (causes.size() == 1) return text::cat(out, ": ", causes.front());
  out += ": ";
  for (const auto& cause : causes) out += text::cat("\n* ", cause);
  return out;
}

struct Hint {
  std::string_view words, more;  ///< both are in the message; "" is in every one
  std::string_view hint;
};

constexpr Hint kHints[] = {
    {"`selector` does not match template `labels`", "",
     "spec.selector.matchLabels must stand in spec.template.metadata.labels with the same values; "
     "make the two alike"},
    {"provided port is already allocated", "",
     "another Service has this node port (`nodectl get services -A` shows them); choose another "
     "one of 30000-32767, or leave nodePort out"},
    {"provided port is not in the valid range", "",
     "choose a nodePort of 30000-32767, or leave it out"},
    {"unknown field", "",
     "look for a wrong name or a wrong indent; `nodectl explain KIND.FIELD` lists the fields"},
    {"Apply failed with", "",
     "others set these fields: --force-conflicts takes them over, or leave them out of the file"},
    {"no matches for kind", "",
     "look at apiVersion and kind: `nodectl api-resources` lists what is served, and in which "
     "version"},
    {"field is immutable", "",
     "this field cannot change: delete the object and make it again, or give it another name"},
    {"cannot be handled as", "",
     "a value has the wrong type; quote what YAML takes for a number or a boolean"},
    {"namespaces \"", "not found", "make it first: `nodectl create namespace NAME`"},
    {"already exists", "",
     "use `nodectl apply` to change what is there, or `nodectl delete` it first"},
    {"the object has been modified", "", "somebody else changed it meanwhile; try again"},
    {"a lowercase RFC 1123", "",
     "names are of small letters, digits and dashes, and begin and end with a letter or a digit"},
    {"Unauthorized", "", "the kubeconfig's credentials are not (or no longer) accepted"},
    {"\"tar\": executable file not found", "", "cp needs the program tar in the container's image"},
    {"spec.template.spec.containers[0].image: Required value", "",
     "every container needs an image"},
};

}  // namespace

std::string hint_of(std::string_view message) {
  for (const auto& hint : kHints)
    if (message.find(hint.words) != std::string_view::npos &&
        message.find(hint.more) != std::string_view::npos)
      return std::string(hint.hint);
  return "";
}

Error server_error(int status, std::string_view body, std::string_view doing) {
  const auto error = client::error_of(status, body);
  const auto document = codec::parse(body);
  const bool known = document && text_at(*document, "kind") == "Status";
  const auto reason = known ? text_at(*document, "reason") : std::string();
  if (reason == "Invalid" && known) return {error.code, with_hint(invalid_text(*document))};
  if (reason == "Conflict" && error.message.starts_with("Apply failed with"))
    return {error.code, with_hint(text::cat("error: ", error.message))};
  const auto prefix = doing.empty() ? std::string() : text::cat(doing, ": ");
  if (status == 401 && !known)
    return {error.code, "error: You must be logged in to the server (Unauthorized)"};
  return {error.code, with_hint(text::cat("Error from server",
                                          reason.empty() ? "" : text::cat(" (", reason, ")"), ": ",
                                          prefix, error.message))};
}

Error bare_error(int status, std::string_view body) {
  auto error = client::error_of(status, body);
  error.message = with_hint(std::move(error.message));
  return error;
}

Error transport_error(const Error& error, std::string_view server) {
  if (error.message.find("onnect") == std::string::npos) return error;
  auto host = server;
  if (const auto at = host.find("://"); at != std::string_view::npos) host.remove_prefix(at + 3);
  return {Errc::unavailable,
          text::cat("The connection to the server ", host,
                    " was refused - did you specify the right host or port?\n"
                    "hint: `nodectl status` shows the parts of this node's cluster; `nodectl up` "
                    "starts them (",
                    error.message, ")")};
}

void report(std::string_view message, bool own) {
  const auto hint = message.find("\nhint: ");
  const auto text = message.substr(0, hint);
  const bool whole = text.starts_with("Error from server") || text.starts_with("The ") ||
                     text.starts_with("error: ");
  std::string out;
  if (own && !whole)
    out = text::cat(bad("nodectl:", STDERR_FILENO), " ");
  else if (!whole)
    out = text::cat(bad("error:", STDERR_FILENO), " ");
  out += printable(text);
  if (hint != std::string_view::npos)
    out += text::cat("\n", good("hint:", STDERR_FILENO), printable(message.substr(hint + 6)));
  std::fputs(text::cat(out, "\n").c_str(), stderr);
}

}  // namespace nodal::nodectl
