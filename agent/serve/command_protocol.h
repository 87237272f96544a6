// agent/serve/command_protocol.h — the two ways in which a client speaks with a remote command,
// without I/O.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/runtime/process.h"
#include "base/http/message.h"
#include "base/result.h"
#include "base/stream/handshake.h"

namespace nodal::agent {

/// The streams that a client asked for in its query.
struct WantedStreams {
  bool input = false, output = false, error = false, tty = false;
};

struct Input {
  std::string bytes;
};
struct InputEnd {};
struct Resize {
  int width = 0, height = 0;  ///< characters
};
/// What a client has said.
using CommandEvent = std::variant<Input, InputEnd, Resize>;

/// How a remote command ended.
struct CommandEnd {
  int exit_code = 0;
  std::string failure;  ///< why it could not run, or ""
};

/// One conversation. Bytes that it makes must be sent in the order in which they were made. Not
/// thread-safe.
/// @source Kubernetes' remote command protocol: v4.channel.k8s.io over SPDY/3.1
/// (REQUIREMENTS 10.3),
///         v5.channel.k8s.io over WebSocket (10.4, KEP-4006)
class CommandProtocol {
 public:
  virtual ~CommandProtocol() = default;
  /// Takes bytes from the client.
  /// @param reply  bytes to send back (pongs, accepted streams)
  /// @errors invalid: the conversation is over
  virtual Result<> receive(std::string_view bytes, std::vector<CommandEvent>& events,
                           std::string& reply) = 0;
  /// The client has opened every stream that it wants: the command may start.
  [[nodiscard]] virtual bool is_open() const = 0;
  /// Output to be sent; "" when the client does not want it.
  [[nodiscard]] virtual std::string output(ProcessStreams::Output from, std::string_view bytes) = 0;
  /// The end of all streams, and how it ended.
  [[nodiscard]] virtual std::string finish(const CommandEnd& end) = 0;
};

/// The answer to a request for a conversation.
struct Handshake {
  int status = 101;
  http::Headers headers;
  std::string message;                        ///< when refused
  std::unique_ptr<CommandProtocol> protocol;  ///< null when refused
};
/// @errors never: a refusal is an answer (400 no upgrade, 403 no protocol in common)
[[nodiscard]] Handshake shake_hands(const http::Request& request, const WantedStreams& wanted);

using handshake::listed;
using handshake::wants_upgrade;
using handshake::websocket_answer;

/// The Status (JSON) that tells the client how the command ended.
[[nodiscard]] std::string status_of(const CommandEnd& end);

}  // namespace nodal::agent
