// nodectl/context.cc — see context.h.
#include "nodectl/context.h"

#include <unistd.h>

#include <cstdlib>

#include "api-client/client/kubeconfig.h"
#include "base/text.h"

namespace nodal::nodectl {

Result<Cluster> connect(const Globals& globals) {
  const auto access = client::load_kubeconfig(globals.kubeconfig, globals.context);
  if (!access) {
    auto error = access.error();
    if (error.code == Errc::not_found)
      error.message += " — is there a cluster? `nodectl up` starts one and writes a kubeconfig";
    return std::unexpected(error);
  }
  Cluster out;
  out.client = std::make_shared<client::Client>(NODAL_TRY(client::connect(*access)),
                                                text::cat("nodectl/", NODAL_VERSION));
  out.ns = !globals.ns.empty()           ? globals.ns
           : !access->namespace_.empty() ? access->namespace_
                                         : "default";
  out.server = access->server;
  return out;
}

std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if ((u < 0x20 && c != '\n' && c != '\t') || u == 0x7f) {
      out += "\\x";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  return out;
}

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

namespace {
std::string coloured(std::string_view code, std::string_view text, int stream) {
  const char* plain = std::getenv("NO_COLOR");
  if (::isatty(stream) != 1 || (plain != nullptr && *plain != '\0')) return std::string(text);
  return text::cat("\x1b[", code, "m", text, "\x1b[0m");
}
}  // namespace

std::string good(std::string_view text, int stream) { return coloured("32", text, stream); }
std::string bad(std::string_view text, int stream) { return coloured("31", text, stream); }
std::string caution(std::string_view text, int stream) { return coloured("33;1", text, stream); }

std::string for_output(std::string text) { return is_terminal() ? printable(text) : text; }

}  // namespace nodal::nodectl
