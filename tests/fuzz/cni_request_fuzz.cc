// tests/fuzz/cni_request_fuzz.cc — any bytes as a CNI configuration: a request or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cni/plan.h"
#include "cni/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nodal::cni;
  for (const char* verb : {"ADD", "CHECK", "DEL", "GC", "STATUS", "VERSION"}) {
    const auto request = parse_request(
        [&](const char* name) -> std::string {
          const std::string_view key(name);
          return key == "CNI_COMMAND" ? verb : key == "CNI_NETNS" ? "/proc/1/ns/net" : "eth0";
        },
        {reinterpret_cast<const char*>(data), size});
    // Names become paths: none may lead elsewhere.
    if (request && request->verb != Verb::version &&
        (request->network.find('/') != std::string::npos || request->data_folder.front() != '/'))
      std::abort();
  }
  return 0;
}
