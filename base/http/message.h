// base/http/message.h — HTTP requests and answers as plain values, the same on both ends of a
// connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nodal::http {

/// Header lines in the order they came; names compare without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> lines) : lines_(lines) {}

  void add(std::string_view name, std::string_view value);
  /// Replaces every line of that name by one.
  void set(std::string_view name, std::string_view value);
  /// Every line of that name.
  void remove(std::string_view name);
  /// The first line of that name, or "".
  [[nodiscard]] std::string_view get(std::string_view name) const;
  /// All lines of that name.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& lines() const {
    return lines_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

/// What TLS proved about the other side: the subject of a verified client certificate.
struct PeerCertificate {
  std::string common_name;
  std::vector<std::string> organizations;
};

struct Request {
  std::string method = "GET";
  std::string target = "/";  ///< path and query as sent, still percent-encoded
  Headers headers;
  std::string body;

  // Filled by the server only.
  std::string peer_address;                    ///< "192.0.2.1:4711", or "unix" or "loopback"
  std::optional<PeerCertificate> certificate;  ///< verified by the server's client CA
  bool has_unverified_certificate = false;     ///< one was shown that does not verify
};

/// Bytes that many answers may share: an object is encoded once and sent to every reader.
using Chunk = std::shared_ptr<const std::string>;

struct Response {
  int status = 200;
  Headers headers;
  std::vector<Chunk> body;

  void append(std::string bytes) {
    body.push_back(std::make_shared<const std::string>(std::move(bytes)));
  }
  /// The body in one piece.
  [[nodiscard]] std::string text() const;
};

/// "Not Found" for 404.
std::string_view reason(int status);

/// `%41` → `A`. Nothing when a percent sign is not followed by two hex digits.
/// @param plus_is_blank  as in a query string
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text,
                                                        bool plus_is_blank = false);
/// Everything but unreserved characters (RFC 3986 §2.3) as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// A query string's parameters in order, decoded. Nothing when one is malformed or there are more
/// than 256.
[[nodiscard]] std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(
    std::string_view query);

}  // namespace nodal::http
