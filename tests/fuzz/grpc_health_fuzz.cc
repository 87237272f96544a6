// tests/fuzz/grpc_health_fuzz.cc — any bytes as the answer of a gRPC health check.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/probe/grpc_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nodal::agent;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)health_status(bytes);
  const auto said = judge_health(
      {200, std::string(bytes.substr(0, size / 2)), std::string(bytes.substr(size / 2)), ""},
      std::chrono::seconds(1));
  if (said.output.size() > 4096) std::abort();
  const auto healthy = judge_health({200, "0", "", std::string(bytes)}, std::chrono::seconds(1));
  const auto status = health_status(bytes);
  if (healthy.success != (status && *status == 1)) std::abort();
  return 0;
}
