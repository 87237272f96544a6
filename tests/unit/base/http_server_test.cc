// tests/unit/base/http_server_test.cc — the server over loopback: TCP, TLS and unix sockets, byte
// by byte.
#include "base/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/handle.h"
#include "base/text.h"

namespace nodal::http {
namespace {

using namespace std::chrono_literals;

// --- keys for TLS
// -------------------------------------------------------------------------------------------------

struct Identity {
  std::string certificate, key;
  Handle<EVP_PKEY, EVP_PKEY_free> pkey;
  Handle<X509, X509_free> x509;
};

std::string pem_of(const std::function<void(BIO*)>& write) {
  const Handle<BIO, BIO_free_all> bio(BIO_new(BIO_s_mem()));
  write(bio.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Identity make_identity(const char* cn, const std::vector<std::string>& groups,
                       const Identity* issuer, long seconds_left = 3600) {
  Identity out;
  out.pkey.reset(EVP_EC_gen("P-256"));
  out.x509.reset(X509_new());
  X509* x = out.x509.get();
  static long serial = 1;
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), seconds_left);
  X509_set_pubkey(x, out.pkey.get());
  X509_NAME* name = X509_get_subject_name(x);
  for (const auto& group : groups)
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(group.c_str()), -1, -1, 0);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(cn),
                             -1, -1, 0);
  X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer->x509.get()) : name);
  if (!issuer) {
    X509_EXTENSION* ca =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(x, ca, -1);
    X509_EXTENSION_free(ca);
  }
  X509_sign(x, issuer ? issuer->pkey.get() : out.pkey.get(), EVP_sha256());
  out.certificate = pem_of([&](BIO* b) { PEM_write_bio_X509(b, x); });
  out.key = pem_of([&](BIO* b) {
    PEM_write_bio_PrivateKey(b, out.pkey.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return out;
}

// --- a client that sends exactly what it is told
// -------------------------------------------------------------------

class Peer {
 public:
  explicit Peer(int port) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval limit{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  explicit Peer(const std::string& path) {
    fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  bool start_tls(const Identity& ca, const Identity* me, SSL_SESSION* session = nullptr) {
    ctx_.reset(SSL_CTX_new(TLS_client_method()));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx_.get()), ca.x509.get());
    SSL_CTX_set_verify(ctx_.get(), SSL_VERIFY_PEER, nullptr);
    if (me) {
      SSL_CTX_use_certificate(ctx_.get(), me->x509.get());
      SSL_CTX_use_PrivateKey(ctx_.get(), me->pkey.get());
    }
    ssl_.reset(SSL_new(ctx_.get()));
    if (session) SSL_set_session(ssl_.get(), session);
    SSL_set_fd(ssl_.get(), fd_.get());
    return SSL_connect(ssl_.get()) == 1;
  }
  SSL* ssl() { return ssl_.get(); }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n =
          ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
               : static_cast<int>(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  bool fill() {
    char buffer[65536];
    const auto n = ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer)
                        : static_cast<int>(::recv(fd_.get(), buffer, sizeof buffer, 0));
    if (n <= 0) return false;
    in_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  // Until `end` has come, inclusive.
  std::string until(std::string_view end) {
    std::size_t at;
    while ((at = in_.find(end)) == std::string::npos)
      if (!fill()) return std::exchange(in_, {});
    std::string out = in_.substr(0, at + end.size());
    in_.erase(0, out.size());
    return out;
  }
  std::string rest() {
    while (fill()) {
    }
    return std::exchange(in_, {});
  }
  std::string take(std::size_t size) {
    while (in_.size() < size)
      if (!fill()) break;
    std::string out = in_.substr(0, size);
    in_.erase(0, out.size());
    return out;
  }
  struct Answer {
    int status = 0;
    std::string head, body;
  };
  Answer answer(bool no_body = false) {
    Answer out;
    out.head = until("\r\n\r\n");
    if (out.head.size() > 12)
      out.status = text::number<int>(std::string_view(out.head).substr(9, 3)).value_or(0);
    if (const auto at = out.head.find("Content-Length: "); at != std::string::npos && !no_body) {
      const auto end = out.head.find('\r', at);
      out.body =
          take(text::number<std::size_t>(std::string_view(out.head).substr(at + 16, end - at - 16))
                   .value_or(0));
    }
    return out;
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() { fd_.reset(); }
  // The server sees a reset, not an end.
  void break_off() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }

 private:
  UniqueFd fd_;
  Handle<SSL_CTX, SSL_CTX_free> ctx_;
  Handle<SSL, SSL_free> ssl_;
  std::string in_;
};

// Something that happens on another thread.
template <class T>
class Mailbox {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    ready_.notify_all();
  }
  std::optional<T> wait(std::chrono::milliseconds limit = 5s) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, limit, [&] { return value_.has_value(); });
    return std::exchange(value_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::optional<T> value_;
};

Response text_answer(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.headers.set("Content-Type", "text/plain");
  response.append(std::move(body));
  return response;
}

void echo(Request request, ResponderPtr responder) {
  responder->send(text_answer(text::cat(request.method, " ", request.target, " ", request.body)));
}

std::unique_ptr<Server> serve(Handler handler, ServerOptions options = {}) {
  if (options.listen.empty()) options.listen = "127.0.0.1:0";
  auto server = Server::start(std::move(options), std::move(handler));
  EXPECT_TRUE(server) << (server ? "" : server.error().message);
  return server ? std::move(*server) : nullptr;
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  const auto server = serve(echo);
  Peer peer(server->port());
  for (int i = 0; i < 3; ++i) {
    peer.write("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto answer = peer.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a?b=c ");
    EXPECT_NE(answer.head.find("Date: "), std::string::npos);
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: "
      "2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(peer.answer().body, "GET /1 ");
  EXPECT_EQ(peer.answer().body, "POST /2 hi");
  EXPECT_EQ(peer.answer().body, "GET /3 ");
}

TEST(HttpServer, TakesARequestByteByByte) {
  const auto server = serve(echo);
  Peer peer(server->port());
  for (const char c :
       std::string_view("PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"))
    peer.write({&c, 1});
  EXPECT_EQ(peer.answer().body, "PUT /x abc");
}

TEST(HttpServer, ReadsChunkedBodies) {
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  peer.write("2;ext=1\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(peer.answer().body, "POST /x abcde");
}

TEST(HttpServer, SaysContinueWhenAsked) {
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.write("ok");
  EXPECT_EQ(peer.answer().body, "POST /x ok");
}

TEST(HttpServer, HeadHasALengthAndNoBody) {
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\nGET /y HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = peer.answer(true);
  EXPECT_NE(head.head.find("Content-Length: 8\r\n"), std::string::npos);
  EXPECT_EQ(peer.answer().body, "GET /y ");
}

TEST(HttpServer, ClosesWhenTheClientAsks) {
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(peer.rest().find("Connection: close\r\n"), std::string::npos);
  Peer old(server->port());
  old.write("GET / HTTP/1.0\r\n\r\n");
  EXPECT_NE(old.rest().find("GET / "), std::string::npos);
}

TEST(HttpServer, RefusesBodiesAboveTheLimit) {
  ServerOptions options;
  options.body_limit = 1000;
  const auto server = serve(echo, options);
  {
    Peer peer(server->port());
    peer.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n");
    peer.write(std::string(2000000, 'x'));  // a client that does not look before it has sent
    EXPECT_EQ(peer.answer().status, 413);
  }
  Peer peer(server->port());
  peer.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n");
  peer.write(std::string(0x5000, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(peer.answer().status, 413);
}

TEST(HttpServer, RefusesHeadersAboveTheLimit) {
  ServerOptions options;
  options.header_limit = 4096;
  options.refusal = [](int status) { return text_answer("refused", status); };
  const auto server = serve(echo, options);
  Peer peer(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(10000, 'y') + "\r\n\r\n");
  const auto answer = peer.answer();
  EXPECT_EQ(answer.status, 431);
  EXPECT_EQ(answer.body, "refused");
}

TEST(HttpServer, RefusesWhatIsNoHttp) {
  const auto server = serve(echo);
  for (const char* bytes :
       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    Peer peer(server->port());
    peer.write(bytes);
    peer.half_close();
    const auto answer = peer.rest();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 400 ")) << answer;
  }
}

TEST(HttpServer, DropsSlowHeaders) {
  ServerOptions options;
  options.idle_timeout = 1s;
  const auto server = serve(echo, options);
  Peer silent(server->port());
  Peer slow(server->port());
  const auto start = std::chrono::steady_clock::now();
  slow.write("GET / HTTP/1.1\r\nX-A");
  EXPECT_EQ(slow.answer().status, 408);
  EXPECT_EQ(silent.rest(), "");
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, 900ms);
  EXPECT_LT(took, 5s);
}

TEST(HttpServer, AnAnswerFromAnotherThread) {
  std::vector<std::jthread> threads;
  const auto server = serve([&](Request, ResponderPtr responder) {
    threads.emplace_back([responder] { responder->send(text_answer("later")); });
  });
  Peer peer(server->port());
  for (int i = 0; i < 3; ++i) {
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(peer.answer().body, "later");
  }
}

TEST(HttpServer, AnUnansweredRequestIsA500) {
  const auto server = serve([](Request request, ResponderPtr) {
    if (request.target == "/throw") throw std::runtime_error("x");
  });
  Peer peer(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(peer.answer().status, 500);
  EXPECT_EQ(peer.answer().status, 500);
}

TEST(HttpServer, StreamsInChunks) {
  Mailbox<ResponderPtr> started;
  const auto server = serve([&](Request, ResponderPtr responder) {
    responder->begin(text_answer("one\n"));
    started.put(responder);
  });
  Peer peer(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(peer.until("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(peer.until("one\n\r\n"), "4\r\none\n\r\n");
  const auto responder = started.wait().value();
  EXPECT_TRUE(responder->write(std::make_shared<const std::string>(std::string(3000, 'z'))));
  EXPECT_EQ(peer.take(7 + 3000), "bb8\r\n" + std::string(3000, 'z') + "\r\n");
  responder->end();
  EXPECT_EQ(peer.until("0\r\n\r\n"), "0\r\n\r\n");
  EXPECT_FALSE(responder->write(std::make_shared<const std::string>("x")));
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");  // the connection lives on
  EXPECT_EQ(peer.until("one\n\r\n").substr(0, 15), "HTTP/1.1 200 OK");
}

TEST(HttpServer, ASlowReaderOfAStreamIsCutOff) {
  ServerOptions options;
  options.outgoing_limit = 1u << 20;
  Mailbox<ResponderPtr> started;
  const auto server = serve(
      [&](Request, ResponderPtr responder) {
        responder->begin({});
        started.put(responder);
      },
      options);
  Peer peer(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto responder = started.wait().value();
  const auto chunk = std::make_shared<const std::string>(std::string(100000, 'z'));
  bool open = true;
  for (int i = 0; i < 2000 && open; ++i) open = responder->write(chunk);
  EXPECT_FALSE(open);
}

TEST(HttpServer, AProducerCanWaitForASlowReader) {
  ServerOptions options;
  options.outgoing_limit = 1u << 20;
  Mailbox<ResponderPtr> started;
  const auto server = serve(
      [&](Request, ResponderPtr responder) {
        responder->begin({});
        started.put(responder);
      },
      options);
  Peer peer(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto responder = started.wait().value();
  constexpr int kChunks = 300;
  std::jthread producer([&] {
    const auto chunk = std::make_shared<const std::string>(std::string(100000, 'z'));
    for (int i = 0; i < kChunks; ++i) {
      EXPECT_TRUE(responder->wait_drained(500000));
      EXPECT_TRUE(responder->write(chunk));
    }
    responder->end();
  });
  EXPECT_EQ(std::ranges::count(peer.until("0\r\n\r\n"), 'z'), kChunks * 100000);
}

TEST(HttpServer, TellsWhenAClientGoes) {
  Mailbox<int> gone;
  Mailbox<ResponderPtr> held;
  const auto server = serve([&](Request request, ResponderPtr responder) {
    responder->on_gone([&] { gone.put(1); });
    if (request.target == "/stream") responder->begin({});
    held.put(std::move(responder));
  });
  for (const char* path : {"/wait", "/stream"}) {
    Peer peer(server->port());
    peer.write(text::cat("GET ", path, " HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto responder = held.wait().value();
    peer.reset();
    EXPECT_TRUE(gone.wait()) << path;
  }
  // A finished answer tells nobody.
  Mailbox<int> never;
  const auto quick = serve([&](Request, ResponderPtr responder) {
    responder->on_gone([&] { never.put(1); });
    responder->send({});
  });
  Peer peer(quick->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  peer.answer();
  peer.reset();
  EXPECT_FALSE(never.wait(100ms));
}

TEST(HttpServer, UpgradesToATunnel) {
  std::jthread echo;
  const auto server = serve([&](Request request, ResponderPtr responder) {
    EXPECT_EQ(request.headers.get("Upgrade"), "echo");
    auto tunnel = responder->upgrade({{"Connection", "Upgrade"}, {"Upgrade", "echo"}});
    echo = std::jthread([tunnel = std::move(tunnel)](const std::stop_token& stop) {
      char buffer[64];
      while (const auto n = tunnel->read(buffer, sizeof buffer, stop).value_or(0)) {
        const std::string bytes(buffer, n);
        ASSERT_TRUE(tunnel->write("<" + bytes + ">", stop));
        if (bytes == "bye") return;
      }
    });
  });
  Peer peer(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly");
  EXPECT_TRUE(peer.until("\r\n\r\n").starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_EQ(peer.until(">"), "<early>");
  peer.write("late");
  EXPECT_EQ(peer.until(">"), "<late>");
  peer.write("bye");
  EXPECT_EQ(peer.rest(), "<bye>");
}

// A peer that sends and takes nothing makes the other side wait instead of filling memory; both
// ways go on afterwards.
TEST(HttpServer, AnUpgradedConnectionHasBackPressure) {
  constexpr std::size_t kMuch = 8u << 20;
  Mailbox<bool> stopped;
  std::jthread sender;
  const auto server = serve([&](Request, ResponderPtr responder) {
    auto tunnel = responder->upgrade({{"Connection", "Upgrade"}, {"Upgrade", "flood"}});
    sender = std::jthread([&, tunnel = std::move(tunnel)](const std::stop_token& stop) {
      const std::stop_source first;
      const std::jthread alarm([first]() mutable {
        std::this_thread::sleep_for(300ms);
        first.request_stop();
      });
      const std::string piece(64u << 10, 'x');
      std::size_t sent = 0;
      while (sent < kMuch && tunnel->write(piece, first.get_token())) sent += piece.size();
      stopped.put(sent < kMuch);
      while (sent < kMuch && tunnel->write(piece, stop)) sent += piece.size();
    });
  });
  Peer peer(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: flood\r\n\r\n");
  peer.until("\r\n\r\n");
  EXPECT_TRUE(stopped.wait(5s).value_or(false));
  EXPECT_EQ(peer.rest().size(), kMuch);
}

// Neither takes nor sends anything.
class Deaf final : public Connection {
 public:
  Result<std::size_t> read(char*, std::size_t, std::stop_token stop) override {
    wait(std::move(stop));
    return fail(Errc::unavailable, "stopped");
  }
  Result<> write(std::string_view, std::stop_token stop) override {
    wait(std::move(stop));
    return fail(Errc::unavailable, "stopped");
  }
  void shutdown_write() override {}

 private:
  static void wait(std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, std::move(stop), [] { return false; });
  }
};

// Whoever goes while nobody takes what they sent is missed all the same.
TEST(HttpServer, ASpliceEndsWithAClientWhoseBytesWait) {
  for (const bool politely : {true, false}) {
    Mailbox<bool> ended;
    std::jthread carrier;
    const auto server = serve([&](Request, ResponderPtr responder) {
      auto client = responder->upgrade({{"Connection", "Upgrade"}, {"Upgrade", "deaf"}});
      std::stop_source gone;
      responder->on_gone([gone]() mutable { gone.request_stop(); });
      carrier = std::jthread([&ended, gone, client = std::move(client)] {
        Deaf backend;
        splice(*client, backend, gone);
        ended.put(true);
      });
    });
    Peer peer(server->port());
    peer.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: deaf\r\n\r\n");
    peer.until("\r\n\r\n");
    // More than is read ahead, and less than keeps the end from arriving: behind bytes that the
    // kernel does not take either an end is seen only after minutes, when the other kernel gives
    // up.
    peer.write(std::string(120u << 10, 'x'));
    EXPECT_FALSE(ended.wait(50ms));
    if (politely)
      peer.half_close();
    else
      peer.break_off();
    EXPECT_TRUE(ended.wait(5s).value_or(false)) << politely;
  }
}

TEST(HttpServer, TlsWithOptionalClientCertificates) {
  const auto ca = make_identity("ca", {}, nullptr);
  const auto leaf = make_identity("server", {}, &ca);
  const auto user = make_identity("jane", {"dev", "system:masters"}, &ca);
  const auto stranger_ca = make_identity("ca2", {}, nullptr);
  const auto stranger = make_identity("jane", {"system:masters"}, &stranger_ca);
  const auto former = make_identity("jane", {"system:masters"}, &ca, -1);
  ServerOptions options;
  options.threads = 2;
  options.tls = ServerTls{leaf.certificate, leaf.key, ca.certificate};
  const auto server = serve(
      [](Request request, ResponderPtr responder) {
        std::string who = "nobody";
        if (request.certificate)
          who = request.certificate->common_name + ":" +
                text::join(request.certificate->organizations, ",");
        if (request.has_unverified_certificate) who += ", unverified";
        responder->send(text_answer(who));
      },
      options);
  const auto ask = [&](Peer& peer) {
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return peer.answer().body;
  };
  Peer anonymous(server->port());
  ASSERT_TRUE(anonymous.start_tls(ca, nullptr));
  EXPECT_EQ(ask(anonymous), "nobody");
  Peer jane(server->port());
  ASSERT_TRUE(jane.start_tls(ca, &user));
  EXPECT_EQ(ask(jane), "jane:dev,system:masters");

  const Handle<SSL_SESSION, SSL_SESSION_free> session(SSL_get1_session(jane.ssl()));
  Peer again(server->port());
  ASSERT_TRUE(again.start_tls(ca, &user, session.get()));
  EXPECT_EQ(ask(again), "jane:dev,system:masters") << "a resumed session keeps its identity";
  EXPECT_TRUE(SSL_session_reused(again.ssl()));

  Peer forged(server->port());
  ASSERT_TRUE(forged.start_tls(ca, &stranger));
  EXPECT_EQ(ask(forged), "nobody, unverified");
  const Handle<SSL_SESSION, SSL_SESSION_free> forgery(SSL_get1_session(forged.ssl()));
  Peer forged_again(server->port());
  ASSERT_TRUE(forged_again.start_tls(ca, &stranger, forgery.get()));
  EXPECT_EQ(ask(forged_again), "nobody, unverified") << "nor does resuming verify it";
  EXPECT_TRUE(SSL_session_reused(forged_again.ssl()));
  Peer expired(server->port());
  ASSERT_TRUE(expired.start_tls(ca, &former));
  EXPECT_EQ(ask(expired), "nobody, unverified");
  Peer plain(server->port());
  plain.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(plain.rest().find("200"), std::string::npos);
}

TEST(HttpServer, TlsCarriesLargeAnswersAndNewKeysAfterReload) {
  const auto ca = make_identity("ca", {}, nullptr);
  const auto leaf = make_identity("server", {}, &ca);
  ServerOptions options;
  options.tls = ServerTls{leaf.certificate, leaf.key, {}};
  const auto shared = std::make_shared<const std::string>(std::string(1000003, 'q'));
  const auto server = serve(
      [&](Request, ResponderPtr responder) {
        Response response;
        for (int i = 0; i < 7; ++i) {
          response.body.push_back(shared);
          response.append(text::cat("[", i, "]"));
        }
        responder->send(std::move(response));
      },
      options);
  Peer peer(server->port());
  ASSERT_TRUE(peer.start_tls(ca, nullptr));
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string expected;
  for (int i = 0; i < 7; ++i) expected += *shared + text::cat("[", i, "]");
  EXPECT_TRUE(peer.answer().body == expected);

  const auto ca2 = make_identity("ca2", {}, nullptr);
  const auto leaf2 = make_identity("server", {}, &ca2);
  ASSERT_TRUE(server->reload({leaf2.certificate, leaf2.key, {}}));
  EXPECT_FALSE(server->reload({leaf2.certificate, leaf.key, {}})) << "a key of another certificate";
  Peer next(server->port());
  EXPECT_TRUE(next.start_tls(ca2, nullptr));
}

TEST(HttpServer, UnixSocketsReplaceStaleFilesOnly) {
  const std::string path = text::cat("/tmp/nodal-http-test-", ::getpid(), ".sock");
  ServerOptions options;
  options.listen = "unix:" + path;
  {
    const auto server =
        serve([](Request request, ResponderPtr r) { r->send(text_answer(request.peer_address)); },
              options);
    Peer peer(path);
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(peer.answer().body, "unix");
    const auto second = Server::start(options, echo);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::unavailable);
  }
  UniqueFd stale(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  stale.reset();
  EXPECT_TRUE(serve(echo, options));
}

TEST(HttpServer, SaysWhatIsWrongWithItsOptions) {
  const auto server = serve(echo);
  ServerOptions options;
  options.listen = text::cat("127.0.0.1:", server->port());
  EXPECT_EQ(Server::start(options, echo).error().code, Errc::unavailable);
  options.listen = "nonsense";
  EXPECT_EQ(Server::start(options, echo).error().code, Errc::invalid);
  options.listen = "127.0.0.1:0";
  options.tls = ServerTls{"no pem", "no pem", {}};
  EXPECT_EQ(Server::start(options, echo).error().code, Errc::invalid);
}

TEST(HttpServer, FurtherConnectionsWaitForASlot) {
  ServerOptions options;
  options.connection_limit = 2;
  const auto server = serve(echo, options);
  auto a = std::make_unique<Peer>(server->port());
  Peer b(server->port());
  for (Peer* p : {a.get(), &b}) {
    p->write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(p->answer().status, 200);
  }
  Peer c(server->port());
  c.write("GET /c HTTP/1.1\r\nHost: x\r\n\r\n");
  a.reset();
  EXPECT_EQ(c.answer().body, "GET /c ");
}

TEST(HttpServer, StopLetsAnswersFinishAndEndsStreams) {
  Mailbox<ResponderPtr> waiting, streaming;
  Mailbox<int> gone;
  auto server = serve([&](Request request, ResponderPtr responder) {
    if (request.target == "/stream") {
      responder->begin(text_answer("x"));
      responder->on_gone([&] { gone.put(1); });
      streaming.put(std::move(responder));
    } else {
      waiting.put(std::move(responder));
    }
  });
  Peer idle(server->port()), wait(server->port()), stream(server->port());
  wait.write("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  stream.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto late = waiting.wait().value();
  const auto open = streaming.wait().value();
  std::jthread stopper([&] { server->stop(5s); });
  EXPECT_TRUE(stream.rest().ends_with("0\r\n\r\n"));
  EXPECT_TRUE(gone.wait());
  EXPECT_EQ(idle.rest(), "");
  late->send(text_answer("at last"));
  EXPECT_TRUE(wait.rest().ends_with("at last"));
  stopper.join();
  server.reset();
  EXPECT_FALSE(open->write(std::make_shared<const std::string>("x")))
      << "a responder may outlive its server";
}

}  // namespace
}  // namespace nodal::http
