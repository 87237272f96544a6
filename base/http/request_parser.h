// base/http/request_parser.h — Beast's parser, filling our Request. Only session.cc includes it:
// Beast takes its time to compile.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/http/message.h"
#include "base/http/server.h"

namespace nodal::http {

namespace beast = boost::beast;

class RequestParser final : public beast::http::basic_parser<true> {
 public:
  explicit RequestParser(const ServerOptions& options) {
    header_limit(static_cast<std::uint32_t>(options.header_limit));
    body_limit(options.body_limit);
    eager(true);
  }
  Request request;
  bool http10 = false;

 private:
  using error_code = beast::error_code;
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    request.method.assign(method.data(), method.size());
    request.target.assign(target.data(), target.size());
    http10 = version < 11;
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code&) override {
    request.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const& size, error_code&) override {
    if (size) request.body.reserve(static_cast<std::size_t>(*size));
  }
  std::size_t on_body_impl(beast::string_view bytes, error_code&) override {
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code&) override {
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
};

inline int status_of(const beast::error_code& code) {
  if (code == beast::http::error::header_limit) return 431;
  if (code == beast::http::error::body_limit) return 413;
  return 400;
}

}  // namespace nodal::http
