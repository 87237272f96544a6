// tests/fuzz/dns_message_fuzz.cc — any datagram: what is read as a query or as an answer is written
// and read back to the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/dns/message.h"

namespace {

using namespace nodal::proxy::dns;

constexpr std::size_t kLargest = 65535;

// The question of an answer: the datagram turned into a query without records.
nodal::Result<Query> question_of(std::string_view wire) {
  std::string query(wire);
  query[2] = query[3] = 0;
  for (std::size_t i = 6; i < 12; ++i) query[i] = 0;
  return parse_query(query);
}

void check_query(std::string_view wire) {
  const auto query = parse_query(wire);
  if (!query) return;
  if (query_id(wire) != query->id) std::abort();
  const auto again = parse_query(encode_query(query->id, query->question));
  if (!again || again->id != query->id || again->question != query->question) std::abort();
}

void check_answer(std::string_view wire) {
  if (wire.size() < 12) return;
  auto query = question_of(wire);
  if (!query) return;
  query->id = static_cast<std::uint16_t>(static_cast<unsigned char>(wire[0]) << 8 |
                                         static_cast<unsigned char>(wire[1]));
  const auto message = parse_answer(wire, query->id, query->question);
  if (!message) return;
  const auto written = encode_answer(*query, *message, kLargest);
  if (written.size() > kLargest) std::abort();
  const auto again = parse_answer(written, query->id, query->question);
  if (!again) std::abort();
  // Names that were compressed may not fit when they are written out.
  if (!again->truncated && again->additionals.size() == message->additionals.size()) {
    auto same = *again;
    same.authoritative = message->authoritative;
    if (same != *message) std::abort();
  }
  for (const std::size_t limit : {kPlainUdp, kEdnsUdp}) {
    const auto cut = encode_answer(*query, *message, limit);
    // A question may be as long as a name and more; only records are left out.
    if (cut.size() > limit) std::abort();
    if (!parse_answer(cut, query->id, query->question)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  check_query(wire);
  check_answer(wire);
  return 0;
}
