// tests/unit/master/auth/pki_test.cc — the CA and what it signs, tried on real TLS connections.
#include "master/auth/pki.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/http/client.h"
#include "base/http/server.h"
#include "base/text.h"

namespace nodal::master {
namespace {

using namespace std::chrono_literals;

class PkiTest : public testing::Test {
 protected:
  PkiTest() {
    char name[] = "/tmp/nodal-pki-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~PkiTest() override { static_cast<void>(file::remove_all(folder)); }

  [[nodiscard]] mode_t mode(const std::string& name) const {
    struct stat st {};
    return ::stat((folder + "/" + name).c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
  }

  // Who the server sees: "CN:O,O", "nobody", "unverified", or "refused".
  static std::string seen_by(const Pki& serving, const std::string& trusted_clients,
                             const KeyPair& client, const std::string& trusted_servers,
                             const CertificateRequest& server = {"server", {}, {"127.0.0.1"}}) {
    const auto leaf = serving.sign(server, SystemClock().now()).value();
    http::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.tls = http::ServerTls{leaf.certificate_pem, leaf.key_pem, trusted_clients, false};
    const auto started =
        http::Server::start(options, [](http::Request request, http::ResponderPtr responder) {
          http::Response response;
          response.append(request.certificate
                              ? text::cat(request.certificate->common_name, ":",
                                          text::join(request.certificate->organizations, ","))
                          : request.has_unverified_certificate ? "unverified"
                                                               : "nobody");
          responder->send(std::move(response));
        });
    http::ClientOptions to;
    to.address = text::cat("https://127.0.0.1:", (*started)->port());
    to.tls = http::ClientTls{.ca_pem = trusted_servers,
                             .certificate_pem = client.certificate_pem,
                             .key_pem = client.key_pem,
                             .server_name = "",
                             .insecure = false};
    const auto answer = http::Client(to).send({});
    (*started)->stop(0ms);
    return answer ? answer->text() : "refused";
  }

  std::string folder;
  const TimePoint now = SystemClock().now();
};

const CertificateRequest node{"system:node:node1", {"system:nodes"}, {}, true};

TEST_F(PkiTest, ANodesCertificateVerifiesAndSaysWhoItIs) {
  const auto pki = Pki::open(folder, now).value();
  const auto client = pki.sign(node, now).value();
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), client, pki.ca_pem()), "system:node:node1:system:nodes");
  const auto admin = pki.sign({"admin", {"dev", "system:masters"}, {}, true}, now).value();
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), admin, pki.ca_pem()), "admin:dev,system:masters");
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), {}, pki.ca_pem()), "nobody");
}

TEST_F(PkiTest, AnotherAuthoritysCertificatesSayNothing) {
  const auto pki = Pki::open(folder, now).value();
  const auto other = Pki::open(folder + "/other", now).value();
  const auto forged = other.sign(node, now).value();
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), forged, pki.ca_pem()), "unverified");
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), {}, other.ca_pem()), "refused") << "nor is a server trusted";
}

TEST_F(PkiTest, CertificatesAreGoodForTheirUseOnly) {
  const auto pki = Pki::open(folder, now).value();
  const auto serving = pki.sign({"system:masters", {"system:masters"}, {"127.0.0.1"}}, now).value();
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), serving, pki.ca_pem()), "unverified")
      << "a server's certificate is no client's";
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), {}, pki.ca_pem(), {"server", {}, {"192.0.2.1"}}), "refused")
      << "another address";
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), {}, pki.ca_pem(), {"server", {}, {"localhost"}}), "refused");
  EXPECT_FALSE(pki.sign({"nothing", {}, {}, false}, now)) << "good for nothing";
}

TEST_F(PkiTest, ExpiredCertificatesSayNothing) {
  const auto pki = Pki::open(folder, now).value();
  const auto old = pki.sign(node, now - 24h * 91).value();
  EXPECT_EQ(seen_by(pki, pki.ca_pem(), old, pki.ca_pem()), "unverified");
}

TEST_F(PkiTest, TheAuthorityIsKeptAndItsKeyIsPrivate) {
  const auto first = Pki::open(folder, now).value();
  EXPECT_EQ(Pki::open(folder, now + 1h).value().ca_pem(), first.ca_pem());
  EXPECT_EQ(mode("ca.key"), 0600u);
  EXPECT_EQ(mode("ca.crt"), 0644u);
  ASSERT_EQ(::chmod((folder + "/ca.key").c_str(), 0640), 0);
  const auto readable = Pki::open(folder, now);
  ASSERT_FALSE(readable);
  EXPECT_EQ(readable.error().code, Errc::forbidden);
}

TEST_F(PkiTest, FilesThatAreNoAuthorityAreRefused) {
  const auto pki = Pki::open(folder, now).value();
  const auto leaf = pki.sign(node, now).value();
  ASSERT_TRUE(file::write(folder + "/ca.crt", leaf.certificate_pem));
  EXPECT_FALSE(Pki::open(folder, now)) << "not the key's certificate";
  ASSERT_TRUE(file::write(folder + "/ca.key", leaf.key_pem, 0600));
  EXPECT_FALSE(Pki::open(folder, now)) << "a pair, but a node's";
  ASSERT_TRUE(file::write(folder + "/ca.crt", "nonsense"));
  EXPECT_FALSE(Pki::open(folder, now));
}

TEST_F(PkiTest, NamesThatFitNoCertificateAreErrors) {
  const auto pki = Pki::open(folder, now).value();
  EXPECT_TRUE(pki.sign({std::string(64, 'x'), {}, {}, true}, now));
  EXPECT_FALSE(pki.sign({std::string(65, 'x'), {}, {}, true}, now))
      << "a certificate without its name would be nobody's";
  EXPECT_FALSE(pki.sign({"n", {std::string(65, 'x')}, {}, true}, now));
  EXPECT_FALSE(pki.sign({"", {}, {}, true}, now));
  for (const char* bad : {"a,DNS:evil.example", "a b", "", "a\nb", "a:1"})
    EXPECT_FALSE(pki.sign({"n", {}, {bad}}, now)) << bad;
  EXPECT_TRUE(pki.sign({"n", {}, {"node1", "*.example.org", "192.0.2.1", "fd00::1"}}, now));
}

TEST_F(PkiTest, CertificatesAreKeptUntilTheyAgeOrShouldSaySomethingElse) {
  const auto pki = Pki::open(folder, now).value();
  const auto first = pki.keep("node", node, now).value();
  EXPECT_EQ(mode("node.key"), 0600u);
  EXPECT_EQ(pki.keep("node", node, now + 24h * 60).value().certificate_pem, first.certificate_pem);
  EXPECT_NE(pki.keep("node", node, now + 24h * 70).value().certificate_pem, first.certificate_pem)
      << "less than a quarter of its life is left";
  const auto second = pki.keep("node", node, now).value();
  auto renamed = node;
  renamed.common_name = "system:node:node2";
  const auto third = pki.keep("node", renamed, now).value();
  EXPECT_NE(third.certificate_pem, second.certificate_pem);
  auto serving = renamed;
  serving.hosts = {"node2"};
  const auto fourth = pki.keep("node", serving, now).value();
  EXPECT_NE(fourth.certificate_pem, third.certificate_pem);
  EXPECT_EQ(pki.keep("node", serving, now).value().key_pem, fourth.key_pem);
  ASSERT_TRUE(file::write(folder + "/node.key", third.key_pem, 0600));
  EXPECT_NE(pki.keep("node", serving, now).value().certificate_pem, fourth.certificate_pem)
      << "another key than the certificate's";
}

TEST_F(PkiTest, RenewalIsDueAfterThreeQuarters) {
  const auto pki = Pki::open(folder, now).value();
  const auto due = renew_after(pki.sign(node, now).value().certificate_pem).value();
  EXPECT_GT(due, now + 24h * 67);
  EXPECT_LT(due, now + 24h * 68);
  EXPECT_FALSE(renew_after("nonsense"));
}

}  // namespace
}  // namespace nodal::master
