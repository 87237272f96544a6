// agent/probe/grpc_message.h — what a gRPC health check says on the wire. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "agent/probe/outcome.h"
#include "base/result.h"

namespace nodal::agent {

/// Longest service name and longest answer of a health check: an answer has one small number.
inline constexpr std::size_t kMostGrpcService = 4096;
inline constexpr std::size_t kMostGrpcAnswer = 4096;

/// A HealthCheckRequest with gRPC's prefix of five bytes.
/// @errors invalid: the name is too long
/// @source grpc.health.v1; gRPC over HTTP/2, Length-Prefixed-Message
Result<std::string> health_request(std::string_view service);

/// The status number of a HealthCheckResponse with its prefix; unknown fields are skipped.
/// @errors invalid
Result<std::uint64_t> health_status(std::string_view bytes);

/// An answer as it came over HTTP/2.
struct GrpcAnswer {
  int http_status = 0;
  std::optional<std::string> status;  ///< grpc-status, of the header or the trailer
  std::string message;                ///< grpc-message, percent-encoded
  std::string body;
};

/// What a whole answer means, in kubelet's words.
ProbeOutcome judge_health(const GrpcAnswer& answer, std::chrono::seconds timeout);

}  // namespace nodal::agent
