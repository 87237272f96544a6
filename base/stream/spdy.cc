// base/stream/spdy.cc — see spdy.h.
#include "base/stream/spdy.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace nodal::spdy {
namespace {

constexpr std::uint16_t kSynStream = 1, kSynReply = 2, kRstStream = 3, kPing = 6, kGoAway = 7;
constexpr std::uint16_t kVersion = 0x8003;
constexpr std::uint8_t kFin = 0x01;
constexpr std::size_t kFrameHead = 8;

void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}
void put24(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 16);
  put16(out, static_cast<std::uint16_t>(value));
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value >> 16));
  put16(out, static_cast<std::uint16_t>(value));
}
std::uint32_t get(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

// What both sides' compressors know beforehand (Draft 3.1, 2.6.10.1): words with their lengths,
// then plain text.
std::string make_dictionary() {
  constexpr std::array<std::string_view, 65> kWords = {"options",
                                                       "head",
                                                       "post",
                                                       "put",
                                                       "delete",
                                                       "trace",
                                                       "accept",
                                                       "accept-charset",
                                                       "accept-encoding",
                                                       "accept-language",
                                                       "accept-ranges",
                                                       "age",
                                                       "allow",
                                                       "authorization",
                                                       "cache-control",
                                                       "connection",
                                                       "content-base",
                                                       "content-encoding",
                                                       "content-language",
                                                       "content-length",
                                                       "content-location",
                                                       "content-md5",
                                                       "content-range",
                                                       "content-type",
                                                       "date",
                                                       "etag",
                                                       "expect",
                                                       "expires",
                                                       "from",
                                                       "host",
                                                       "if-match",
                                                       "if-modified-since",
                                                       "if-none-match",
                                                       "if-range",
                                                       "if-unmodified-since",
                                                       "last-modified",
                                                       "location",
                                                       "max-forwards",
                                                       "pragma",
                                                       "proxy-authenticate",
                                                       "proxy-authorization",
                                                       "range",
                                                       "referer",
                                                       "retry-after",
                                                       "server",
                                                       "te",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "upgrade",
                                                       "user-agent",
                                                       "vary",
                                                       "via",
                                                       "warning",
                                                       "www-authenticate",
                                                       "method",
                                                       "get",
                                                       "status",
                                                       "200 OK",
                                                       "version",
                                                       "HTTP/1.1",
                                                       "url",
                                                       "public",
                                                       "set-cookie",
                                                       "keep-alive",
                                                       "origin"};
  std::string out;
  for (const auto word : kWords) {
    put32(out, static_cast<std::uint32_t>(word.size()));
    out += word;
  }
  for (const int code : {100, 101, 201, 202, 205, 206, 300, 302, 303, 304, 305, 306, 307, 402, 405,
                         406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 502, 504, 505})
    out += std::to_string(code);
  out +=
      "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request"
      "401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented"
      "503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 "
      "Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
      "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age="
      "gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";
  return out;
}
const std::string& dictionary() {
  static const std::string kDictionary = make_dictionary();
  return kDictionary;
}
Bytef* bytes_of(const char* text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text));  // zlib 1.2 knows no const
}

std::string control(std::uint16_t type, std::uint8_t flags, std::string_view payload) {
  std::string out;
  out.reserve(kFrameHead + payload.size());
  put16(out, kVersion);
  put16(out, type);
  out += static_cast<char>(flags);
  put24(out, payload.size());
  out += payload;
  return out;
}

Result<Headers> parse_headers(std::string_view block) {
  const auto broken = [] { return fail(Errc::invalid, "SPDY: a header block that is cut off"); };
  std::size_t at = 0;
  const auto number = [&]() -> std::optional<std::uint32_t> {
    if (block.size() - at < 4) return std::nullopt;
    at += 4;
    return get(block, at - 4, 4);
  };
  const auto word = [&]() -> std::optional<std::string> {
    const auto size = number();
    if (!size || block.size() - at < *size) return std::nullopt;
    at += *size;
    return std::string(block.substr(at - *size, *size));
  };
  const auto count = number();
  if (!count) return broken();
  Headers out;
  for (std::uint32_t i = 0; i < *count; ++i) {
    auto name = word();
    auto value = name ? word() : std::nullopt;
    if (!value) return broken();
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
  const auto it = std::ranges::find(headers, name, [](const auto& h) { return h.first; });
  return it == headers.end() ? std::string_view() : it->second;
}

struct Decoder::State {
  z_stream zip{};
  std::string head;      // of the frame that is coming in; a control frame whole
  std::size_t left = 0;  // of a data frame's bytes
  std::uint32_t data_id = 0;
  bool data_end = false;

  State() { inflateInit(&zip); }
  ~State() { inflateEnd(&zip); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<Headers> headers(std::string_view packed) {
    std::string plain;
    std::array<char, 4096> buffer;
    zip.next_in = bytes_of(packed.data());
    zip.avail_in = static_cast<uInt>(packed.size());
    while (true) {
      zip.next_out = bytes_of(buffer.data());
      zip.avail_out = buffer.size();
      int code = inflate(&zip, Z_SYNC_FLUSH);
      if (code == Z_NEED_DICT) {
        code = inflateSetDictionary(&zip, bytes_of(dictionary().data()),
                                    static_cast<uInt>(dictionary().size()));
        if (code == Z_OK) continue;
      }
      if (code != Z_OK && code != Z_BUF_ERROR)
        return fail(Errc::invalid, "SPDY: a header block that cannot be inflated");
      plain.append(buffer.data(), buffer.size() - zip.avail_out);
      if (plain.size() > kControlLimit)
        return fail(Errc::invalid, "SPDY: a header block that is too large");
      if (zip.avail_out != 0) break;
    }
    return parse_headers(plain);
  }

  Result<> control_frame(std::string_view frame, const std::function<void(const Frame&)>& sink) {
    const auto type = static_cast<std::uint16_t>(get(frame, 2, 2));
    const bool end = (static_cast<std::uint8_t>(frame[4]) & kFin) != 0;
    const auto body = frame.substr(kFrameHead);
    const std::size_t least = type == kSynStream ? 10 : type == kRstStream ? 8 : 4;
    if ((type <= kRstStream || type == kPing) && body.size() < least)
      return fail(Errc::invalid, "SPDY: a frame that is too short");
    switch (type) {
      case kSynStream: {
        auto opened = NODAL_TRY(headers(body.substr(10)));
        sink(Open{get(body, 0, 4) & 0x7fffffff, std::move(opened), end});
        break;
      }
      case kSynReply:
        // Inflated as well: the next block is packed against it.
        NODAL_TRY(headers(body.substr(4)));
        sink(Reply{get(body, 0, 4) & 0x7fffffff, end});
        break;
      case kRstStream:
        sink(Reset{get(body, 0, 4) & 0x7fffffff, get(body, 4, 4)});
        break;
      case kPing:
        sink(Ping{get(body, 0, 4)});
        break;
      case kGoAway:
        sink(GoAway{});
        break;
      default:
        break;
    }
    return {};
  }
};

Decoder::Decoder() : state_(std::make_unique<State>()) {}
Decoder::~Decoder() = default;

Result<> Decoder::feed(std::string_view bytes, const std::function<void(const Frame&)>& sink) {
  auto& s = *state_;
  while (!bytes.empty()) {
    if (s.left > 0) {
      const std::size_t n = std::min(s.left, bytes.size());
      s.left -= n;
      sink(Data{s.data_id, bytes.substr(0, n), s.left == 0 && s.data_end});
      bytes.remove_prefix(n);
      continue;
    }
    std::size_t whole = kFrameHead;
    if (s.head.size() >= kFrameHead) whole += get(s.head, 5, 3);
    const std::size_t n = std::min(whole - s.head.size(), bytes.size());
    s.head.append(bytes.substr(0, n));
    bytes.remove_prefix(n);
    if (s.head.size() < kFrameHead) return {};
    const std::size_t size = get(s.head, 5, 3);
    if ((static_cast<unsigned char>(s.head[0]) & 0x80) != 0) {
      if (get(s.head, 0, 2) != kVersion)
        return fail(Errc::invalid,
                    text::cat("SPDY: version 3 is spoken here, not ", get(s.head, 0, 2) & 0x7fff));
      if (size > kControlLimit)
        return fail(Errc::invalid, "SPDY: a control frame that is too long");
      if (s.head.size() < kFrameHead + size) continue;
      const std::string frame = std::move(s.head);
      s.head.clear();
      NODAL_TRY(s.control_frame(frame, sink));
    } else {
      s.data_id = get(s.head, 0, 4) & 0x7fffffff;
      s.data_end = (static_cast<std::uint8_t>(s.head[4]) & kFin) != 0;
      s.left = size;
      s.head.clear();
      if (size == 0) sink(Data{s.data_id, {}, s.data_end});
    }
  }
  return {};
}

struct Encoder::State {
  z_stream zip{};
  State() {
    deflateInit(&zip, Z_DEFAULT_COMPRESSION);
    deflateSetDictionary(&zip, bytes_of(dictionary().data()),
                         static_cast<uInt>(dictionary().size()));
  }
  ~State() { deflateEnd(&zip); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::string pack(const Headers& headers) {
    std::string plain;
    put32(plain, static_cast<std::uint32_t>(headers.size()));
    for (const auto& [name, value] : headers)
      for (const auto& part : {name, value}) {
        put32(plain, static_cast<std::uint32_t>(part.size()));
        plain += part;
      }
    std::string out;
    std::array<char, 1024> buffer;
    zip.next_in = bytes_of(plain.data());
    zip.avail_in = static_cast<uInt>(plain.size());
    do {
      zip.next_out = bytes_of(buffer.data());
      zip.avail_out = buffer.size();
      deflate(&zip, Z_SYNC_FLUSH);
      out.append(buffer.data(), buffer.size() - zip.avail_out);
    } while (zip.avail_out == 0);
    return out;
  }
};

Encoder::Encoder() : state_(std::make_unique<State>()) {}
Encoder::~Encoder() = default;

std::string Encoder::open(std::uint32_t id, const Headers& headers, bool end) {
  std::string body;
  put32(body, id);
  put32(body, 0);  // no associated stream
  put16(body, 0);  // priority, credential slot
  body += state_->pack(headers);
  return control(kSynStream, end ? kFin : 0, body);
}

std::string Encoder::reply(std::uint32_t id) {
  std::string body;
  put32(body, id);
  body += state_->pack({});
  return control(kSynReply, 0, body);
}

std::string Encoder::data(std::uint32_t id, std::string_view bytes, bool end) {
  std::string out;
  out.reserve(kFrameHead + bytes.size());
  put32(out, id & 0x7fffffff);
  out += static_cast<char>(end ? kFin : 0);
  put24(out, bytes.size());
  out += bytes;
  return out;
}

std::string Encoder::reset(std::uint32_t id, std::uint32_t status) {
  std::string body;
  put32(body, id);
  put32(body, status);
  return control(kRstStream, 0, body);
}

std::string Encoder::ping(std::uint32_t id) {
  std::string body;
  put32(body, id);
  return control(kPing, 0, body);
}

std::string Encoder::go_away(std::uint32_t last_good) {
  std::string body;
  put32(body, last_good);
  put32(body, 0);
  return control(kGoAway, 0, body);
}

}  // namespace nodal::spdy
