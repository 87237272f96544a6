// tests/unit/agent/probe/http_probe_test.cc — HTTP probes against a real server: statuses,
// redirects, what is read.
#include "agent/probe/http_probe.h"

#include <gtest/gtest.h>

#include "base/http/server.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

// Answers by path; what was asked stays in `targets` and `hosts`.
class HttpProbe : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = http::Server::start(
                  {.listen = "127.0.0.1:0", .tls = {}, .refusal = {}},
                  [this](const http::Request& request, const http::ResponderPtr& responder) {
                    responder->send(answer(request));
                  })
                  .value();
  }

  http::Response answer(const http::Request& request) {
    {
      const std::lock_guard lock(mutex_);
      targets_.push_back(request.target);
      hosts_.emplace_back(request.headers.get("Host"));
    }
    const auto here = text::cat("http://127.0.0.1:", server_->port());
    http::Response out;
    const auto redirect = [&](int status, const std::string& to) {
      out.status = status;
      out.headers.add("Location", to);
      out.append("moved");
    };
    const auto& path = request.target;
    if (path == "/relative")
      redirect(302, "ok?x=1#part");
    else if (path == "/absolute")
      redirect(307, here + "/ok");
    else if (path == "/loop")
      redirect(301, "/loop");
    else if (path == "/away")
      redirect(302, "http://127.0.0.2:1/ok");
    else if (path == "/named")
      redirect(302, "https://example.com/");
    else if (path == "/scheme")
      redirect(302, "ftp://127.0.0.1/");
    else if (path == "/noise")
      redirect(302, "http://[::1");
    else if (path == "/nowhere")
      out.status = 302;
    else if (path == "/tobad")
      redirect(303, "/bad");
    else if (path == "/bad")
      out.status = 503;
    else if (path == "/large")
      out.append(std::string(4 << 20, 'x'));
    return out;
  }

  ProbeOutcome probe(std::string path, std::string host = {}) {
    core_v1::HTTPGetAction action;
    action.path = std::move(path);
    if (!host.empty()) action.http_headers.push_back({.name = "Host", .value = std::move(host)});
    targets_.clear();
    hosts_.clear();
    return http_probe(action, static_cast<std::uint16_t>(server_->port()), "127.0.0.1", 5s);
  }

  std::unique_ptr<http::Server> server_;
  std::mutex mutex_;
  std::vector<std::string> targets_, hosts_;
};

const ProbeOutcome good{true, "", false};

TEST_F(HttpProbe, AStatusDecides) {
  EXPECT_EQ(probe(""), good);
  EXPECT_EQ(targets_, std::vector<std::string>{"/"});
  EXPECT_EQ(probe("bad"), (ProbeOutcome{false, "HTTP probe failed with statuscode: 503", false}));
  EXPECT_EQ(targets_, std::vector<std::string>{"/bad"});
  EXPECT_EQ(probe("/large"), good) << "and does not read it all";
}

TEST_F(HttpProbe, APathIsSentAsAServerCanReadIt) {
  EXPECT_EQ(probe("/a b|[0]?q=%20&r={}"), good);
  EXPECT_EQ(targets_, std::vector<std::string>{"/a%20b%7C%5B0%5D?q=%20&r=%7B%7D"});
  EXPECT_EQ(probe("/%zz"), good);
  EXPECT_EQ(targets_.back(), "/%25zz");
}

TEST_F(HttpProbe, FollowsRedirectsOfItsHost) {
  EXPECT_EQ(probe("/relative", "app.test"), good);
  EXPECT_EQ(targets_, (std::vector<std::string>{"/relative", "/ok?x=1"}));
  EXPECT_EQ(hosts_, (std::vector<std::string>{"app.test", "app.test"}));
  EXPECT_EQ(probe("/absolute", "app.test"), good);
  EXPECT_EQ(hosts_.at(1), text::cat("127.0.0.1:", server_->port())) << "the server named another";
  EXPECT_EQ(probe("/tobad").output, "HTTP probe failed with statuscode: 503");
}

TEST_F(HttpProbe, ARedirectElsewhereIsAWarning) {
  for (const char* path : {"/away", "/named", "/scheme"}) {
    EXPECT_EQ(probe(path),
              (ProbeOutcome{true, "Probe terminated redirects, Response body: moved", true}))
        << path;
    EXPECT_EQ(targets_.size(), 1u);
  }
  EXPECT_EQ(probe("/nowhere").warning, true);
}

TEST_F(HttpProbe, RedirectsEnd) {
  const auto ended = probe("/loop");
  EXPECT_FALSE(ended.success);
  EXPECT_EQ(ended.output, text::cat("Get \"http://127.0.0.1:", server_->port(),
                                    "/loop\": stopped after 10 redirects"));
  EXPECT_EQ(targets_.size(), 11u);
  EXPECT_FALSE(probe("/noise").success);
}

}  // namespace
}  // namespace nodal::agent
