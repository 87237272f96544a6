// cni/main.cc — nodal-cni: environment and standard input → one verb → standard output.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "cni/request.h"
#include "cni/result.h"
#include "cni/verbs.h"

namespace {

/// All of standard input, but no more than parse_request accepts and one byte.
std::string read_input() {
  std::string out;
  char buffer[65536];
  while (out.size() <= (1u << 20)) {
    const auto n = ::read(0, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    out.append(buffer, static_cast<std::size_t>(n));
  }
  return out;
}

}  // namespace

int main() {
  using namespace nodal::cni;
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  const auto request = parse_request(environment, read_input());
  const auto outcome =
      request ? carry_out(*request) : Outcome<std::string>(std::unexpected(request.error()));
  const auto text =
      outcome ? *outcome : error_document(request ? request->version : "", outcome.error());
  if (!text.empty()) std::printf("%s\n", text.c_str());
  return outcome && std::fflush(stdout) == 0 ? 0 : 1;
}
