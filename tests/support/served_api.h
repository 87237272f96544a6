// tests/support/served_api.h — an API on a store in memory, asked one thing at a time.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "master/api/api.h"
#include "master/api/loopback.h"
#include "master/store/memory_kv.h"

namespace nodal::master {

struct Reply {
  int status = 0;
  boost::json::object body;
  std::vector<std::string> warnings;  ///< headers as they were sent
  [[nodiscard]] std::string message() const {
    const auto* text = body.if_contains("message");
    return text ? std::string(text->as_string()) : "";
  }
};

/// Everybody may everything; has the namespace "default".
class ServedApi : public testing::Test {
 protected:
  explicit ServedApi(ApiParts parts = {}) {
    parts.kv = &kv;
    parts.clock = &clock;
    parts.authenticate = [](const http::Request&) -> Answer<Caller> {
      return errors::unauthorized();
    };
    if (!parts.authorize)
      parts.authorize = [](const Caller&, const RequestInfo&) { return std::nullopt; };
    parts.issue_token = [](const boost::json::object&,
                           boost::json::object request) -> Answer<boost::json::object> {
      return request;
    };
    api = std::make_unique<Api>(std::move(parts));
    call("POST", "/api/v1/namespaces", R"({"metadata":{"name":"default"}})");
  }

  Reply call(std::string_view method, std::string_view target, std::string_view body = "",
             http::Headers headers = {}, std::string user = "admin") {
    LoopbackTransport transport(*api, Caller{std::move(user), {}, ""});
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.headers = std::move(headers);
    const auto answer = transport.send(request, {});
    Reply out;
    if (!answer) return out;
    out.status = answer->status;
    for (const auto warning : answer->headers.all("Warning")) out.warnings.emplace_back(warning);
    boost::system::error_code ignored;
    if (auto value = boost::json::parse(answer->text(), ignored); value.is_object())
      out.body = value.as_object();
    return out;
  }

  MemoryKv kv;
  SystemClock clock;
  std::unique_ptr<Api> api;
};

}  // namespace nodal::master
