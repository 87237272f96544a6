// base/http/answer_parser.h — Beast's parser of an answer; body bytes go to a function. Only
// client.cc includes it: Beast takes its time to compile.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <functional>
#include <string_view>

#include "base/http/message.h"

namespace nodal::http {

namespace beast_http = boost::beast::http;
using boost::system::error_code;

inline constexpr std::size_t kHeaderLimit = 64u << 10;

class AnswerParser final : public beast_http::basic_parser<false> {
 public:
  using Body = std::function<bool(std::string_view)>;

  AnswerParser(bool head, std::size_t body_limit) {
    header_limit(kHeaderLimit);
    basic_parser::body_limit(body_limit);
    skip(head);
    eager(true);
  }
  void on_body(Body body) { body_ = std::move(body); }
  Response response;
  bool wants_no_more = false;

 private:
  // What a client does not need to look at:
  void on_request_impl(beast_http::verb, boost::beast::string_view, boost::beast::string_view, int,
                       error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  void on_header_impl(error_code&) override {}

  void on_response_impl(int code, boost::beast::string_view, int, error_code&) override {
    response.status = code;
  }
  void on_field_impl(beast_http::field, boost::beast::string_view name,
                     boost::beast::string_view value, error_code& error) override {
    if (response.headers.lines().size() == 256) {
      error = beast_http::error::header_limit;
      return;
    }
    response.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  std::size_t on_body_impl(boost::beast::string_view bytes, error_code&) override {
    return give(bytes);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes,
                                 error_code&) override {
    return give(bytes);
  }
  std::size_t give(boost::beast::string_view bytes) {
    if (!wants_no_more && body_ && !body_({bytes.data(), bytes.size()})) wants_no_more = true;
    return bytes.size();
  }

  Body body_;
};

}  // namespace nodal::http
