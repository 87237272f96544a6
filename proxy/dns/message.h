// proxy/dns/message.h — DNS messages on the wire, both ways. No sockets, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/net/address.h"
#include "base/result.h"

namespace nodal::proxy::dns {

/// Types by number (RFC 1035, 2782, 3596); others are carried as they are.
enum Type : std::uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kOpt = 41,
  kAny = 255
};
enum class Rcode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5,
  bad_version = 16  ///< of EDNS (RFC 6891): its upper bits stand in the OPT record
};

inline constexpr std::uint16_t kClassIn = 1;
/// The most a UDP answer may be without EDNS (RFC 1035), and what we offer with it (DNS flag day
/// 2020).
inline constexpr std::size_t kPlainUdp = 512;
inline constexpr std::size_t kEdnsUdp = 1232;

/// A name as text, lower case, without the last dot: "web.default.svc.cluster.local"; "" is the
/// root. Bytes other than printable ASCII, and dots inside a label, are written \DDD.
using Name = std::string;

struct Question {
  Name name;
  std::uint16_t type = kA;
  std::uint16_t klass = kClassIn;
  bool operator==(const Question&) const = default;
};

struct Srv {
  std::uint16_t priority = 0, weight = 0, port = 0;
  Name target;
  bool operator==(const Srv&) const = default;
};
struct Soa {
  Name primary, mailbox;
  std::uint32_t serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;
  bool operator==(const Soa&) const = default;
};
/// A name for CNAME, NS and PTR; text for TXT; bytes for what we do not read (they may not hold
/// compressed names).
struct NameData {
  Name name;
  bool operator==(const NameData&) const = default;
};
struct TextData {
  std::string text;
  bool operator==(const TextData&) const = default;
};
struct RawData {
  std::string bytes;
  bool operator==(const RawData&) const = default;
};

struct Record {
  Name name;
  std::uint16_t type = kA;
  std::uint32_t ttl = 0;  ///< seconds
  std::variant<net::IpAddress, NameData, Srv, Soa, TextData, RawData> data;
  bool operator==(const Record&) const = default;
};

struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  Question question;
  Name asked;  ///< the question's name in the case of its sender, who may want it back so
  std::optional<std::size_t> edns_size;  ///< what the client takes over UDP, when it speaks EDNS
  std::uint8_t edns_version = 0;
};

struct Message {
  Rcode rcode = Rcode::no_error;
  bool authoritative = false;
  bool truncated = false;
  std::vector<Record> answers, authorities, additionals;
  bool operator==(const Message&) const = default;
};

/// A standard query with one question. Everything outside the datagram, every pointer that does not
/// lead backwards, and every name over 255 bytes is an error.
/// @errors invalid (drop it, or answer format_error when an id could be read: see query_id),
/// forbidden for an opcode other
///         than QUERY (answer not_implemented)
Result<Query> parse_query(std::string_view wire);
/// The id of anything that has a header and is no answer; nothing: drop it without a word.
std::optional<std::uint16_t> query_id(std::string_view wire);

/// An answer of another server to `id` and `question`.
/// @errors invalid when it is malformed or not the answer to that
Result<Message> parse_answer(std::string_view wire, std::uint16_t id, const Question& question);

/// The answer on the wire, names compressed. When it is longer than `limit` its records are left
/// out from the end and TC is set (RFC 2181 §9: a whole RRset is not promised).
std::string encode_answer(const Query& query, const Message& message, std::size_t limit);
/// An answer without a question section, for queries that could not be parsed.
std::string encode_error(std::uint16_t id, Rcode rcode);
/// A recursive query with EDNS0.
std::string encode_query(std::uint16_t id, const Question& question);

/// Lower case in ASCII; names compare so.
Name normalize(std::string_view name);

}  // namespace nodal::proxy::dns
