// tests/fuzz/docker_reply_fuzz.cc — any bytes as answers and streams of a Docker Engine.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/runtime/docker/cni_config.h"
#include "agent/runtime/docker/process_tree.h"
#include "agent/runtime/docker/reply.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nodal::agent::docker;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto v = parse_version(bytes)) (void)negotiate(*v);
  (void)parse_summaries(bytes);
  (void)parse_details(bytes);
  (void)parse_images(bytes);
  (void)parse_image(bytes);
  (void)parse_exec(bytes);
  (void)parse_stats(bytes);
  (void)parse_event(bytes);
  (void)parse_progress(bytes);
  (void)parse_docker_time(bytes);
  (void)parse_stat(bytes);
  (void)parse_network(bytes, true);
  (void)parse_network(bytes, false);
  (void)parse_record(bytes);
  (void)result_addresses(bytes);
  if (error_message(bytes).size() > 1024) std::abort();
  // However a stream is cut, its payload is the same.
  std::string whole, pieces;
  FrameReader one, many;
  const auto a =
      one.feed(bytes, [&](FrameReader::Source, std::string_view p) { return whole += p, true; });
  nodal::Result<bool> b = true;
  for (std::size_t i = 0; i < size && b; ++i)
    b = many.feed(bytes.substr(i, 1),
                  [&](FrameReader::Source, std::string_view p) { return pieces += p, true; });
  if (a.has_value() != b.has_value() || whole != pieces) std::abort();
  return 0;
}
