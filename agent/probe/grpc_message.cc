// agent/probe/grpc_message.cc — see grpc_message.h.
#include "agent/probe/grpc_message.h"

#include <array>

#include "base/http/message.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::size_t kPrefix = 5;  // compressed or not, and the length in four bytes
constexpr std::size_t kMostMessage = 512;
constexpr std::uint64_t kServing = 1;

constexpr std::array<std::string_view, 17> kCodes = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};
constexpr std::size_t kOk = 0, kUnknown = 2, kDeadlineExceeded = 4, kUnimplemented = 12;

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// How many bytes a field's value has that is not looked at.
std::optional<std::uint64_t> skipped(std::uint64_t wire_type, std::string_view& bytes) {
  switch (wire_type) {
    case 0:
      return take_varint(bytes) ? std::optional<std::uint64_t>(0) : std::nullopt;
    case 1:
      return 8;
    case 2:
      return take_varint(bytes);
    case 5:
      return 4;
  }
  return std::nullopt;
}

// @source gRPC: HTTP to gRPC Status Code Mapping
std::size_t code_of(int http_status) {
  switch (http_status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
  }
  return kUnknown;
}

std::string status_name(std::uint64_t status) {
  constexpr std::array<std::string_view, 4> kNames = {"UNKNOWN", "SERVING", "NOT_SERVING",
                                                      "SERVICE_UNKNOWN"};
  return status < kNames.size() ? std::string(kNames[status]) : text::cat(status);
}

}  // namespace

Result<std::string> health_request(std::string_view service) {
  if (service.size() > kMostGrpcService)
    return fail(Errc::invalid, text::cat("the probe's service is longer than ", kMostGrpcService,
                                         " bytes; give a shorter name"));
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, bytes
    put_varint(message, service.size());
    message += service;
  }
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint8_t>(message.size() >> shift));
  return out + message;
}

Result<std::uint64_t> health_status(std::string_view bytes) {
  const auto malformed = [](std::string_view why) {
    return fail(Errc::invalid, text::cat("malformed answer: ", why));
  };
  if (bytes.size() > kMostGrpcAnswer) return malformed("it is too long");
  if (bytes.size() < kPrefix) return malformed("it has no message");
  if (bytes[0] != 0) return malformed("it is compressed");
  std::size_t length = 0;
  for (std::size_t i = 1; i < kPrefix; ++i)
    length = length << 8 | static_cast<std::uint8_t>(bytes[i]);
  bytes.remove_prefix(kPrefix);
  if (bytes.size() != length) return malformed("its length is not what it says");
  std::uint64_t status = 0;
  while (!bytes.empty()) {
    const auto tag = take_varint(bytes);
    if (!tag || *tag >> 3 == 0) return malformed("a field has no number");
    if (*tag == (1u << 3 | 0u)) {
      const auto value = take_varint(bytes);
      if (!value) return malformed("the status is cut off");
      status = *value;
      continue;
    }
    const auto skip = skipped(*tag & 7, bytes);
    if (!skip || *skip > bytes.size()) return malformed("a field is cut off");
    bytes.remove_prefix(*skip);
  }
  return status;
}

ProbeOutcome judge_health(const GrpcAnswer& answer, std::chrono::seconds timeout) {
  auto code = answer.http_status == 200 ? kUnknown : code_of(answer.http_status);
  std::string message =
      text::cat("unexpected HTTP status code received from server: ", answer.http_status);
  if (answer.status) {
    code = text::number<std::size_t>(*answer.status).value_or(kUnknown);
    message = http::percent_decode(answer.message).value_or(answer.message);
  } else if (answer.http_status == 200) {
    message = "server closed the stream without sending trailers";
  }
  if (message.size() > kMostMessage) message.resize(kMostMessage);
  const auto failed = [](std::string_view name, std::string_view what) {
    return ProbeOutcome{false, text::cat("error: health rpc probe failed: rpc error: code = ", name,
                                         " desc = ", what)};
  };
  if (code == kUnimplemented)
    return {false, text::cat("error: this server does not implement the grpc health protocol "
                             "(grpc.health.v1.Health): ",
                             message)};
  if (code == kDeadlineExceeded)
    return {false, text::cat("timeout: health rpc did not complete within ", timeout.count(), "s")};
  if (code != kOk)
    return failed(code < kCodes.size() ? std::string(kCodes[code]) : text::cat("Code(", code, ")"),
                  message);
  const auto status = health_status(answer.body);
  if (!status) return failed("Internal", status.error().message);
  if (*status != kServing)
    return {false, text::cat("service unhealthy (responded with \"", status_name(*status), "\")")};
  return {true, "service healthy"};
}

}  // namespace nodal::agent
