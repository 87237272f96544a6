// tests/unit/master/auth/keys_test.cc — the master's certificates stay while they are good and are
// new in time.
#include "master/auth/keys.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "api-client/client/kubeconfig.h"
#include "base/file.h"
#include "base/http/server.h"
#include "base/text.h"

namespace nodal::master {
namespace {

using namespace std::chrono_literals;

class KeysTest : public testing::Test {
 protected:
  ~KeysTest() override { EXPECT_TRUE(file::remove_all(folder_)); }

  std::string folder_ = text::cat("/tmp/nodal-keys-", ::getpid());
  TimePoint now_ = SystemClock().now();
  Pki pki_ = Pki::open(folder_, now_).value();
  std::unique_ptr<Keys> keys_ = Keys::open(pki_, {"localhost", "127.0.0.1"}, now_).value();
};

TEST_F(KeysTest, WhatIsGoodStays) {
  const auto serving = keys_->serving().certificate_pem;
  const auto shown = keys_->agent_client();
  EXPECT_FALSE(keys_->renew(now_ + 24h * 60).value());
  EXPECT_EQ(keys_->serving().certificate_pem, serving);
  EXPECT_EQ(keys_->agent_client(), shown);
  EXPECT_EQ(Keys::open(pki_, {"localhost", "127.0.0.1"}, now_).value()->serving().certificate_pem,
            serving)
      << "a restart";
}

TEST_F(KeysTest, AllAreNewBeforeTheyRunOut) {
  const auto serving = keys_->serving();
  const auto shown = keys_->agent_client();
  const auto admin = keys_->admin_kubeconfig("https://127.0.0.1:6443");
  EXPECT_TRUE(keys_->renew(now_ + 24h * 70).value());
  EXPECT_NE(keys_->serving().certificate_pem, serving.certificate_pem);
  EXPECT_NE(keys_->agent_client()->certificate_pem, shown->certificate_pem);
  EXPECT_NE(keys_->admin_kubeconfig("https://127.0.0.1:6443"), admin);
  EXPECT_EQ(keys_->serving().client_ca_pem, serving.client_ca_pem) << "the CA is the same";
  EXPECT_FALSE(keys_->renew(now_ + 24h * 71).value()) << "once";
}

// What a daemon's transport does when somebody writes its kubeconfig anew.
TEST_F(KeysTest, AClientTakesItsNewKeysWithoutANewStart) {
  http::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = keys_->serving();
  const auto server =
      http::Server::start(options, [](const http::Request& request, const http::ResponderPtr& to) {
        http::Response who;
        who.append(request.certificate ? request.certificate->common_name : "nobody");
        to->send(std::move(who));
      }).value();
  const std::string path = folder_ + "/client.kubeconfig";
  const auto write = [&](const std::string& name) {
    const auto pair = pki_.sign({name, {}, {}, true}, now_).value();
    client::ClusterAccess access;
    access.server = text::cat("https://127.0.0.1:", server->port());
    access.ca_pem = pki_.ca_pem();
    access.certificate_pem = pair.certificate_pem;
    access.key_pem = pair.key_pem;
    EXPECT_TRUE(file::write(path, client::render_kubeconfig(access, "x"), 0600));
  };
  write("old");
  const auto transport = client::connect_following(path).value();
  const auto who = [&] {
    http::Request request;
    request.method = "GET";
    request.target = "/";
    const auto answer = transport->send(request, {});
    return answer ? answer->text() : answer.error().message;
  };
  EXPECT_EQ(who(), "old");
  EXPECT_TRUE(file::write(path, "no kubeconfig", 0600));
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(who(), "old") << "what cannot be read changes nothing";
  write("new");
  for (int i = 0; i < 500 && who() != "new"; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(who(), "new");
}

}  // namespace
}  // namespace nodal::master
