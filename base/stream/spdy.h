// base/stream/spdy.h — SPDY/3.1 frames, as `kubectl exec` and `port-forward` speak them: bytes ↔
// frames, no I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace nodal::spdy {

/// Names are lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;
/// The first value of that name, or "".
[[nodiscard]] std::string_view header(const Headers& headers, std::string_view name);

/// SYN_STREAM. `end`: the opener sends nothing on it (FIN).
struct Open {
  std::uint32_t id = 0;
  Headers headers;
  bool end = false;
};
/// SYN_REPLY.
struct Reply {
  std::uint32_t id = 0;
  bool end = false;
};
/// A piece of a stream's bytes: a frame may come in several. `end`: its last one (FIN).
struct Data {
  std::uint32_t id = 0;
  std::string_view bytes;
  bool end = false;
};
/// RST_STREAM.
struct Reset {
  std::uint32_t id = 0, status = 0;
};
struct Ping {
  std::uint32_t id = 0;
};
struct GoAway {};

using Frame = std::variant<Open, Reply, Data, Reset, Ping, GoAway>;

/// The longest control frame, and the longest header block once inflated.
inline constexpr std::size_t kControlLimit = 64u << 10;

/// Bytes of one direction → frames. Not thread-safe.
/// @source The SPDY Protocol, Draft 3.1
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Calls `sink` with each frame; kinds that need no answer (SETTINGS, HEADERS, WINDOW_UPDATE) are
  /// passed over.
  /// @errors invalid: not SPDY/3, or over a limit; the connection is then of no more use
  Result<> feed(std::string_view bytes, const std::function<void(const Frame&)>& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Frames → bytes of one direction: header blocks share one compressor, so they must be sent in the
/// order in which they were made. Not thread-safe.
class Encoder {
 public:
  Encoder();
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  [[nodiscard]] std::string open(std::uint32_t id, const Headers& headers, bool end);
  [[nodiscard]] std::string reply(std::uint32_t id);
  /// @param bytes  less than 16 MiB
  [[nodiscard]] static std::string data(std::uint32_t id, std::string_view bytes, bool end);
  [[nodiscard]] static std::string reset(std::uint32_t id, std::uint32_t status);
  [[nodiscard]] static std::string ping(std::uint32_t id);
  [[nodiscard]] static std::string go_away(std::uint32_t last_good);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nodal::spdy
