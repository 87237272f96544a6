// base/http/server.cc — see server.h. Asio waits for readiness, Beast parses, OpenSSL encrypts into
// one buffer per thread; the bytes are moved by recv and send.
#include "base/http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "base/handle.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kReadSize = 32u << 10;
constexpr std::size_t kRecord = 16u << 10;  // the largest TLS record
constexpr std::size_t kBatch = 128u << 10;  // encrypted bytes per send()
constexpr std::size_t kReadAhead =
    64u << 10;  // kept of a pipelining client while an answer is under way, and of an upgraded one
constexpr std::size_t kWriteAhead =
    256u << 10;  // waiting bytes before a writer to an upgraded one waits
constexpr std::size_t kDiscard =
    16u << 20;  // read and dropped after a refusal, so that the client sees it
constexpr std::chrono::seconds kHandshake{15};
constexpr std::chrono::seconds kLinger{3};

using SslPtr = Handle<SSL, SSL_free>;
using CtxPtr = std::shared_ptr<SSL_CTX>;

// ---------------------------------------------------------------- TLS set-up

std::string openssl_error() {
  char text[256] = "unknown TLS error";
  if (const unsigned long code = ERR_get_error(); code != 0)
    ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

using BioPtr = Handle<BIO, BIO_free_all>;
using X509Ptr = Handle<X509, X509_free>;
using KeyPtr = Handle<EVP_PKEY, EVP_PKEY_free>;

BioPtr memory_bio(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                unsigned in_size, void*) {
  static constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned i = 0; i < in_size; i += 1u + in[i]) {
    const std::string_view name(reinterpret_cast<const char*>(in + i + 1), in[i]);
    if (i + 1u + in[i] > in_size) break;
    if (name != kHttp11) continue;
    *out = in + i + 1;
    *size = in[i];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

Result<CtxPtr> make_context(const ServerTls& tls) {
  CtxPtr ctx(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!ctx) return fail(Errc::internal, "TLS: " + openssl_error());
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(
      ctx.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_read_ahead(ctx.get(), 1);
  SSL_CTX_set_num_tickets(ctx.get(), 1);
  SSL_CTX_set_session_cache_mode(ctx.get(),
                                 SSL_SESS_CACHE_OFF);  // tickets keep the state at the client
  static constexpr unsigned char kSessionContext[] = "nodal";
  SSL_CTX_set_session_id_context(ctx.get(), kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_alpn_select_cb(ctx.get(), choose_alpn, nullptr);

  const auto chain = memory_bio(tls.certificate_pem);
  const X509Ptr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(ctx.get(), leaf.get()) != 1)
    return fail(Errc::invalid, "server certificate: " + openssl_error());
  while (X509Ptr next{PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)})
    SSL_CTX_add0_chain_cert(ctx.get(), next.release());
  ERR_clear_error();  // the end of the PEM text is an error in OpenSSL's eyes
  const auto key_text = memory_bio(tls.key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(ctx.get(), key.get()) != 1 ||
      SSL_CTX_check_private_key(ctx.get()) != 1)
    return fail(Errc::invalid, "server key: " + openssl_error());

  if (tls.client_ca_pem.empty()) return ctx;
  const auto cas = memory_bio(tls.client_ca_pem);
  int count = 0;
  while (const X509Ptr ca{PEM_read_bio_X509(cas.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx.get()), ca.get());
    SSL_CTX_add_client_CA(ctx.get(), ca.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return fail(Errc::invalid, "client CA: no certificate in the PEM text");
  SSL_CTX_set_verify(
      ctx.get(),
      SSL_VERIFY_PEER | (tls.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
      nullptr);
  return ctx;
}

std::string text_of(const X509_NAME_ENTRY* entry) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

std::optional<PeerCertificate> peer_certificate(SSL* ssl) {
  const X509Ptr x509(SSL_get1_peer_certificate(ssl));
  if (!x509 || SSL_get_verify_result(ssl) != X509_V_OK) return std::nullopt;
  PeerCertificate out;
  const X509_NAME* subject = X509_get_subject_name(x509.get());
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_organizationName, at)) >= 0;)
    out.organizations.push_back(text_of(X509_NAME_get_entry(subject, at)));
  // The last CN counts, as in Go's crypto/x509.
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
    out.common_name = text_of(X509_NAME_get_entry(subject, at));
  return out;
}

// A BIO over one socket: reads come from recv; writes only gather, so that many records leave in
// one send.
struct Wire {
  int fd = -1;
  std::string* gathered = nullptr;  // of the thread, set around every OpenSSL call
};

int wire_read(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  const auto n =
      ::recv(static_cast<Wire*>(BIO_get_data(bio))->fd, buffer, static_cast<std::size_t>(size), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(n);
}

int wire_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  static_cast<Wire*>(BIO_get_data(bio))->gathered->append(bytes, static_cast<std::size_t>(size));
  return size;
}

long wire_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* wire_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "nodal wire");
    BIO_meth_set_read(m, wire_read);
    BIO_meth_set_write(m, wire_write);
    BIO_meth_set_ctrl(m, wire_control);
    return m;
  }();
  return method;
}

// ---------------------------------------------------------------- parsing

// Beast's parser, filling our Request.
class Parser final : public beast::http::basic_parser<true> {
 public:
  explicit Parser(const ServerOptions& options) {
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

int status_of(const beast::error_code& code) {
  if (code == beast::http::error::header_limit) return 431;
  if (code == beast::http::error::body_limit) return 413;
  return 400;
}

Response plain_refusal(int status) {
  Response response;
  response.status = status;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.append(text::cat(reason(status), "\n"));
  return response;
}

// "Date: …\r\n", rendered once a second per thread.
std::string_view date_line() {
  thread_local std::time_t at = 0;
  thread_local char line[64];
  thread_local std::size_t size = 0;
  const std::time_t now = std::time(nullptr);
  if (now != at) {
    at = now;
    std::tm utc{};
    gmtime_r(&now, &utc);
    size = std::strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  }
  return {line, size};
}

// A header value can hold no line break: an answer cannot be split.
void append_clean(std::string& out, std::string_view value) {
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

void append_status_and_headers(std::string& out, int status, const Headers& headers) {
  out += text::cat("HTTP/1.1 ", status, " ", reason(status), "\r\n");
  for (const auto& [name, value] : headers.lines()) {
    append_clean(out, name);
    out += ": ";
    append_clean(out, value);
    out += "\r\n";
  }
  out += date_line();
}

Chunk chunk_of(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

const Chunk& line_break() {
  static const Chunk chunk = chunk_of("\r\n");
  return chunk;
}
const Chunk& last_chunk() {
  static const Chunk chunk = chunk_of("0\r\n\r\n");
  return chunk;
}

bool mentions(std::string_view header, std::string_view token) {
  for (const auto part : text::split(header, ','))
    if (text::lower(text::trim(part)) == token) return true;
  return false;
}

// ---------------------------------------------------------------- connections

class Session;

// One I/O thread with the connections pinned to it: no lock is shared on the way of a request.
struct Worker {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  std::unordered_set<std::shared_ptr<Session>> connections;  // only touched on the thread
  std::atomic<std::thread::id> id;
  std::string scratch_in = std::string(kReadSize, '\0');
  std::string scratch_plain = std::string(kRecord, '\0');
  std::string gathered;
};

struct Shared {
  ServerOptions options;
  Handler handler;
  std::mutex mutex;  // ctx
  CtxPtr ctx;
  std::atomic<int> open = 0;
  std::atomic<bool> stopping = false;
  std::function<void()> on_slot;  // a connection ended: accept again
  std::condition_variable all_closed;

  CtxPtr context() {
    const std::lock_guard lock(mutex);
    return ctx;
  }
};

class Exchange;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Worker> worker, std::shared_ptr<Shared> shared, int fd, std::string peer)
      : worker_(std::move(worker)),
        shared_(std::move(shared)),
        descriptor_(worker_->io, fd),
        timer_(worker_->io),
        peer_(std::move(peer)) {
    wire_.fd = fd;
  }

  // --- I/O thread ---

  void start() {
    worker_->connections.insert(shared_from_this());
    if (shared_->stopping) return close();
    if (const CtxPtr ctx = shared_->context()) {
      ssl_.reset(SSL_new(ctx.get()));
      BIO* bio = ssl_ ? BIO_new(wire_method()) : nullptr;
      if (!bio) return close();
      BIO_set_data(bio, &wire_);
      BIO_set_init(bio, 1);
      SSL_set_bio(ssl_.get(), bio, bio);
      SSL_set_accept_state(ssl_.get());
      deadline_ =
          std::chrono::steady_clock::now() + std::min<std::chrono::nanoseconds>(kHandshake, idle());
    } else {
      deadline_ = std::chrono::steady_clock::now() + idle();
    }
    arm_timer();
    readable();
  }

  // The server ends: idle connections close, streams end, the rest closes after its answer.
  void wind_down() {
    close_after_ = true;
    std::move_only_function<void()> gone;
    {
      const std::lock_guard lock(mutex_);
      if (streaming_) {
        if (chunked_) push(last_chunk());
        streaming_ = false;
        answered_ = true;
        cut_ = true;
        drained_.notify_all();
        gone = std::move(on_gone_);
      }
    }
    if (gone) gone();
    if (tunnel_) return close();
    if (!busy_ && !parser_) return close();
    step();
  }

  void close() {
    if (dead_) return;
    dead_ = true;
    const auto self = shared_from_this();
    std::move_only_function<void()> gone;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      arrived_.notify_all();
      out_.clear();
      out_bytes_ = 0;
      drained_.notify_all();
      if (!answered_) gone = std::move(on_gone_);
      on_gone_ = nullptr;
    }
    boost::system::error_code ignored;
    timer_.cancel();
    (void)descriptor_.close(ignored);
    worker_->connections.erase(self);
    if (gone) gone();
    shared_->open.fetch_sub(1);
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->all_closed.notify_all();
    }
    if (shared_->on_slot) shared_->on_slot();
  }

  // --- any thread ---

  [[nodiscard]] bool on_thread() const {
    return worker_->id.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  // Asks the I/O thread to send what is queued.
  void schedule() {
    // Posted under the lock: after close() nothing may enter the queue, it would keep the context
    // alive.
    const std::lock_guard lock(mutex_);
    if (scheduled_ || closed_) return;
    scheduled_ = true;
    asio::post(worker_->io, [self = shared_from_this()] {
      {
        const std::lock_guard lock(self->mutex_);
        self->scheduled_ = false;
      }
      self->step();
    });
  }
  void flush_soon() {
    if (on_thread() && in_handler_) return;  // serve() sends after the handler
    schedule();
  }

  // Under mutex_.
  void push(Chunk chunk) {
    if (chunk->empty()) return;
    out_bytes_ += chunk->size();
    out_.push_back(std::move(chunk));
  }

 private:
  friend class Exchange;
  friend class Tunnel;

  [[nodiscard]] std::chrono::nanoseconds idle() const { return shared_->options.idle_timeout; }

  // One timer per connection, moved only when it fires: setting a deadline costs nothing.
  void arm_timer() {
    timer_.expires_at(deadline_);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->dead_) return;
      if (std::chrono::steady_clock::now() >= self->deadline_) {
        if (!self->late()) return;
      }
      self->arm_timer();
    });
  }

  // The socket takes no more, or took some: from now on it has to make progress.
  void extend() { deadline_ = std::max(deadline_, std::chrono::steady_clock::now() + idle()); }

  // The deadline has passed. True: go on.
  bool late() {
    if (lingering_ || !unsent_.empty() || !(busy_ || tunnel_)) {
      if (parser_ && parser_->got_some() && !busy_ && !lingering_) {
        refuse(408);
        deadline_ = std::chrono::steady_clock::now() + kLinger;
        return !dead_;
      }
      close();
      return false;
    }
    deadline_ = std::chrono::steady_clock::now() + idle();
    return true;
  }

  void wait_readable() {
    if (dead_ || waiting_read_ || eof_) return;
    waiting_read_ = true;
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             self->waiting_read_ = false;
                             if (error || self->dead_) return;
                             self->readable();
                           });
  }

  void wait_writable() {
    if (dead_ || waiting_write_) return;
    waiting_write_ = true;
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             self->waiting_write_ = false;
                             if (error || self->dead_) return;
                             self->step();
                           });
  }

  enum class Read { some, none, end };

  // Into the thread's buffer.
  Read read_some(std::size_t& size) {
    char* const buffer = worker_->scratch_in.data();
    if (!ssl_) {
      const auto n = ::recv(wire_.fd, buffer, kReadSize, 0);
      if (n > 0) {
        size = static_cast<std::size_t>(n);
        return Read::some;
      }
      return n < 0 && (errno == EAGAIN || errno == EINTR) ? Read::none : Read::end;
    }
    worker_->gathered.clear();
    wire_.gathered = &worker_->gathered;
    ERR_clear_error();
    const bool shaking = !SSL_is_init_finished(ssl_.get());
    const int n = SSL_read(ssl_.get(), buffer, static_cast<int>(kReadSize));
    const int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), n);
    if (!worker_->gathered.empty()) {  // the handshake, an alert
      unsent_ += worker_->gathered;
      if (!send_unsent()) return Read::end;
    }
    if (shaking && SSL_is_init_finished(ssl_.get())) {
      certificate_ = peer_certificate(ssl_.get());
      deadline_ = std::chrono::steady_clock::now() + idle();
    }
    if (n > 0) {
      size = static_cast<std::size_t>(n);
      return Read::some;
    }
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Read::none : Read::end;
  }

  void readable() {
    const auto self = shared_from_this();
    for (int round = 0; !dead_; ++round) {
      if (busy_ && in_.size() > kReadAhead) return;  // step() goes on when the answer is out
      if (tunnel_ && is_full()) return;              // read() goes on
      if (round == 16) {                             // let other connections have a turn
        asio::post(worker_->io, [self] { self->readable(); });
        return;
      }
      std::size_t size = 0;
      switch (read_some(size)) {
        case Read::none:
          if (!dead_) wait_readable();
          return;
        case Read::end:
          ended();
          return;
        case Read::some:
          break;
      }
      const std::string_view bytes(worker_->scratch_in.data(), size);
      if (lingering_) {
        discarded_ += size;
        if (discarded_ > kDiscard) return close();
      } else if (tunnel_) {
        deliver(bytes);
      } else {
        in_ += bytes;
        if (!busy_) step();
      }
      // A short read has emptied the socket: no need to ask again before the next readiness.
      if (waiting_read_ && size < kReadSize && !(ssl_ && SSL_has_pending(ssl_.get()))) return;
    }
  }

  // The peer sends no more.
  void ended() {
    if (dead_) return;
    eof_ = true;
    if (tunnel_ || lingering_ || !busy_) return close();
    std::move_only_function<void()> gone;
    bool stream = false;
    {
      const std::lock_guard lock(mutex_);
      stream = streaming_;
      if (!answered_) gone = std::move(on_gone_);
      gone_ = true;
      drained_.notify_all();
    }
    close_after_ = true;
    if (gone) gone();
    if (stream) close();
  }

  void deliver(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    tunnel_in_ += bytes;
    arrived_.notify_all();
  }
  // Nobody takes the bytes yet.
  bool is_full() {
    const std::lock_guard lock(mutex_);
    return tunnel_in_.size() > kReadAhead;
  }

  // Sends, then goes on with the next request, as far as that goes without waiting.
  void step() {
    const auto self = shared_from_this();
    while (!dead_) {
      if (!flush()) return;  // waits for the socket, or closed
      if (tunnel_) {
        bool over = false;
        {
          const std::lock_guard lock(mutex_);
          over = tunnel_over_ && out_.empty();
        }
        if (over) return finish();
        wait_readable();
        return;
      }
      if (lingering_) return wait_readable();
      if (busy_) {
        bool done = false;
        {
          const std::lock_guard lock(mutex_);
          done = answered_ && out_.empty();
          if (done) on_gone_ = nullptr;
          if (done && ends_with_stream_) close_after_ = true;
        }
        if (!done) {
          if (in_.size() <= kReadAhead) wait_readable();
          return;
        }
        busy_ = false;
        deadline_ = std::chrono::steady_clock::now() + idle();
        if (close_after_) return finish();
      }
      if (!serve()) return;
    }
  }

  // Parses; calls the handler when a request is whole. False: waits for bytes, or closed.
  bool serve() {
    if (in_.empty()) {
      if (in_.capacity() > kReadSize) std::string().swap(in_);
      if (eof_) {
        close();
        return false;
      }
      wait_readable();
      return false;
    }
    if (!parser_) {
      parser_ = std::make_unique<Parser>(shared_->options);
      continued_ = false;
      deadline_ = std::chrono::steady_clock::now() + idle();
    }
    beast::error_code error;
    const std::size_t used = parser_->put(asio::const_buffer(in_.data(), in_.size()), error);
    in_.erase(0, used);
    if (error && error != beast::http::error::need_more) {
      refuse(status_of(error));
      return false;
    }
    if (!parser_->is_done()) {
      if (!parser_->is_header_done() && in_.size() > shared_->options.header_limit) {
        refuse(431);
        return false;
      }
      if (parser_->is_header_done() && !continued_) {
        continued_ = true;
        if (mentions(parser_->request.headers.get("Expect"), "100-continue")) {
          static const Chunk kContinue = chunk_of("HTTP/1.1 100 Continue\r\n\r\n");
          {
            const std::lock_guard lock(mutex_);
            push(kContinue);
          }
          if (!flush()) return false;
        }
      }
      if (used > 0 && !error) return true;
      wait_readable();
      return false;
    }
    const bool http10 = parser_->http10;
    if (!parser_->keep_alive() || shared_->stopping) close_after_ = true;
    Request request = std::move(parser_->request);
    parser_.reset();
    request.peer_address = peer_;
    request.certificate = certificate_;
    busy_ = true;
    {
      const std::lock_guard lock(mutex_);
      answered_ = streaming_ = chunked_ = cut_ = gone_ = false;
      on_gone_ = nullptr;
    }
    dispatch(std::move(request), http10);
    return true;
  }

  void dispatch(Request request, bool http10);

  // An answer of the server itself to bytes that are no request; then the connection ends, but not
  // before the client had time to read why.
  void refuse(int status) {
    Response response =
        shared_->options.refusal ? shared_->options.refusal(status) : plain_refusal(status);
    std::size_t size = 0;
    for (const auto& part : response.body) size += part->size();
    std::string head;
    append_status_and_headers(head, status, response.headers);
    head += text::cat("Content-Length: ", size, "\r\nConnection: close\r\n\r\n");
    {
      const std::lock_guard lock(mutex_);
      push(chunk_of(std::move(head)));
      for (auto& part : response.body) push(std::move(part));
    }
    parser_.reset();
    std::string().swap(in_);
    lingering_ = true;
    deadline_ = std::chrono::steady_clock::now() + kLinger;
    timer_.cancel();
    arm_timer();
    if (!flush()) return;
    ::shutdown(wire_.fd, SHUT_WR);
    wait_readable();
  }

  // All is sent: a polite end.
  void finish() {
    if (ssl_ && SSL_is_init_finished(ssl_.get())) {
      worker_->gathered.clear();
      wire_.gathered = &worker_->gathered;
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
      unsent_ += worker_->gathered;
      if (!send_unsent()) return close();
    }
    ::shutdown(wire_.fd, SHUT_WR);
    close();
  }

  bool send_unsent() {
    std::size_t sent = 0;
    while (sent < unsent_.size()) {
      const auto n = ::send(wire_.fd, unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL);
      if (n < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return false;
        break;
      }
      sent += static_cast<std::size_t>(n);
    }
    if (sent > 0 && !lingering_) extend();
    unsent_.erase(0, sent);
    if (unsent_.empty())
      std::string().swap(unsent_);
    else
      wait_writable();
    return true;
  }

  // True: everything queued so far has left.
  bool flush() {
    if (dead_) return false;
    while (true) {
      if (!unsent_.empty()) {
        if (!send_unsent()) {
          close();
          return false;
        }
        if (!unsent_.empty()) return false;
      }
      // What leaves now: taken out of the queue, so that the lock is not held while encrypting.
      thread_local std::vector<Chunk> batch;
      batch.clear();
      std::size_t size = 0, skip = 0;
      {
        const std::lock_guard lock(mutex_);
        if (out_.empty()) return true;
        skip = out_offset_;
        while (!out_.empty() && size < kBatch && batch.size() < 512) {
          size += out_.front()->size() - (batch.empty() ? skip : 0);
          batch.push_back(std::move(out_.front()));
          out_.pop_front();
        }
        if (size > kBatch) {  // the rest of a large chunk goes next time
          const std::size_t rest = size - kBatch;
          out_offset_ = batch.back()->size() - rest;
          out_.push_front(batch.back());
          size = kBatch;
        } else {
          out_offset_ = 0;
        }
        out_bytes_ -= size;
        if (drain_waiters_ > 0) drained_.notify_all();
      }
      const bool sent = ssl_ ? send_encrypted(batch, skip, size) : send_plain(batch, skip, size);
      batch.clear();
      if (!sent) {
        close();
        return false;
      }
    }
  }

  bool send_plain(const std::vector<Chunk>& batch, std::size_t skip, std::size_t size) {
    std::array<iovec, 512> parts;
    std::size_t count = 0, left = size;
    for (const auto& chunk : batch) {
      const std::size_t take = std::min(chunk->size() - skip, left);
      parts[count++] = {const_cast<char*>(chunk->data() + skip), take};
      left -= take;
      skip = 0;
    }
    std::size_t first = 0;
    while (first < count) {
      msghdr message{};
      message.msg_iov = &parts[first];
      message.msg_iovlen = count - first;
      auto n = ::sendmsg(wire_.fd, &message, MSG_NOSIGNAL);
      if (n < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return false;
        for (; first < count; ++first)
          unsent_.append(static_cast<char*>(parts[first].iov_base), parts[first].iov_len);
        extend();
        wait_writable();
        return true;
      }
      for (auto done = static_cast<std::size_t>(n); first < count; ++first) {
        if (done < parts[first].iov_len) {
          parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + done;
          parts[first].iov_len -= done;
          break;
        }
        done -= parts[first].iov_len;
      }
    }
    return true;
  }

  bool send_encrypted(const std::vector<Chunk>& batch, std::size_t skip, std::size_t size) {
    if (!SSL_is_init_finished(ssl_.get())) return false;
    worker_->gathered.clear();
    wire_.gathered = &worker_->gathered;
    ERR_clear_error();
    char* const plain = worker_->scratch_plain.data();
    std::size_t filled = 0, left = size;
    const auto encrypt = [&](const char* bytes, std::size_t count) {
      for (std::size_t at = 0; at < count;) {
        const int n = SSL_write(ssl_.get(), bytes + at, static_cast<int>(count - at));
        if (n <= 0) return false;
        at += static_cast<std::size_t>(n);
      }
      return true;
    };
    for (const auto& chunk : batch) {
      const char* bytes = chunk->data() + skip;
      std::size_t take = std::min(chunk->size() - skip, left);
      left -= take;
      skip = 0;
      while (take > 0) {
        if (filled == 0 && take >= kRecord) {  // a full record straight from the shared bytes
          if (!encrypt(bytes, kRecord)) return false;
          bytes += kRecord;
          take -= kRecord;
          continue;
        }
        const std::size_t part = std::min(take, kRecord - filled);
        std::memcpy(plain + filled, bytes, part);
        filled += part;
        bytes += part;
        take -= part;
        if (filled == kRecord) {
          if (!encrypt(plain, filled)) return false;
          filled = 0;
        }
      }
    }
    if (filled > 0 && !encrypt(plain, filled)) return false;
    std::string& wire = worker_->gathered;
    std::size_t sent = 0;
    while (sent < wire.size()) {
      const auto n = ::send(wire_.fd, wire.data() + sent, wire.size() - sent, MSG_NOSIGNAL);
      if (n < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return false;
        unsent_.assign(wire, sent);
        extend();
        wait_writable();
        return true;
      }
      sent += static_cast<std::size_t>(n);
    }
    return true;
  }

  const std::shared_ptr<Worker> worker_;  // first: the context outlives what lives in it
  const std::shared_ptr<Shared> shared_;
  asio::posix::stream_descriptor descriptor_;
  asio::steady_timer timer_;
  const std::string peer_;
  Wire wire_;
  SslPtr ssl_;
  std::optional<PeerCertificate> certificate_;

  // Owned by the I/O thread.
  SteadyTime deadline_;
  std::string in_;
  std::string unsent_;  // encrypted or plain, refused by the socket so far
  std::unique_ptr<Parser> parser_;
  std::size_t discarded_ = 0;
  bool continued_ = false;
  bool waiting_read_ = false;
  bool waiting_write_ = false;
  bool busy_ = false;  // a request is with its handler, or its answer is not out yet
  bool in_handler_ = false;
  bool eof_ = false;
  bool close_after_ = false;
  bool lingering_ = false;
  bool dead_ = false;
  bool tunnel_ = false;

  // Shared with the threads that answer.
  std::mutex mutex_;
  std::deque<Chunk> out_;
  std::size_t out_offset_ = 0;  // of the first chunk
  std::size_t out_bytes_ = 0;
  std::condition_variable_any drained_;
  int drain_waiters_ = 0;
  std::move_only_function<void()> on_gone_;
  std::string tunnel_in_;  // bytes after the upgrade that nobody has read yet
  std::condition_variable_any arrived_;
  bool scheduled_ = false;
  bool answered_ = false;
  bool streaming_ = false;
  bool chunked_ = false;
  bool ends_with_stream_ =
      false;           // an HTTP/1.0 client learns the end of a stream from the connection's
  bool cut_ = false;   // the server ended the stream
  bool gone_ = false;  // the peer has closed its side
  bool closed_ = false;
  bool tunnel_over_ = false;
};

// The raw bytes of a session after its 101.
class Tunnel final : public Connection {
 public:
  explicit Tunnel(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~Tunnel() override { shutdown_write(); }

  Result<std::size_t> read(char* buffer, std::size_t size, std::stop_token stop) override {
    std::unique_lock lock(session_->mutex_);
    const bool some = session_->arrived_.wait(
        lock, stop, [this] { return !session_->tunnel_in_.empty() || session_->closed_; });
    if (!some) return fail(Errc::unavailable, "stopped");
    auto& waiting = session_->tunnel_in_;
    const std::size_t n = waiting.copy(buffer, size);
    const bool was_full = waiting.size() > kReadAhead;
    waiting.erase(0, n);
    if (was_full && waiting.size() <= kReadAhead && !session_->closed_)
      asio::post(session_->worker_->io, [s = session_] {
        if (!s->dead_) s->readable();
      });
    return n;
  }

  Result<> write(std::string_view bytes, std::stop_token stop) override {
    {
      std::unique_lock lock(session_->mutex_);
      ++session_->drain_waiters_;
      const bool room = session_->drained_.wait(
          lock, stop, [this] { return session_->closed_ || session_->out_bytes_ < kWriteAhead; });
      --session_->drain_waiters_;
      if (!room) return fail(Errc::unavailable, "stopped");
      if (session_->closed_ || session_->tunnel_over_)
        return fail(Errc::unavailable, "the peer has closed the connection");
      session_->push(chunk_of(std::string(bytes)));
    }
    session_->schedule();
    return {};
  }

  void shutdown_write() override {
    {
      const std::lock_guard lock(session_->mutex_);
      if (session_->tunnel_over_) return;
      session_->tunnel_over_ = true;
    }
    session_->schedule();
  }

 private:
  const std::shared_ptr<Session> session_;
};

// The answer to one request.
class Exchange final : public Responder {
 public:
  Exchange(std::shared_ptr<Session> connection, bool head, bool http10, bool keep_alive)
      : connection_(std::move(connection)), head_(head), http10_(http10), keep_alive_(keep_alive) {}

  ~Exchange() override {
    if (!used_) {
      send(plain_refusal(500));
    } else if (open_) {
      // A stream without its end must not look complete.
      abort();
    }
  }

  void send(Response response) override {
    if (!take()) return;
    std::size_t size = 0;
    for (const auto& part : response.body) size += part->size();
    std::string head;
    head.reserve(256);
    append_status_and_headers(head, response.status, response.headers);
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless && !response.headers.has("Content-Length"))
      head += text::cat("Content-Length: ", size, "\r\n");
    append_connection(head, false);
    {
      const std::lock_guard lock(connection_->mutex_);
      if (connection_->closed_) return;
      // A small body rides in the head's buffer: one chunk fewer.
      if (head_ || bodiless) size = 0;
      if (size > 0 && size <= 4096) {
        for (const auto& part : response.body) head += *part;
        size = 0;
      }
      connection_->push(chunk_of(std::move(head)));
      if (size > 0)
        for (auto& part : response.body) connection_->push(std::move(part));
      connection_->answered_ = true;
    }
    connection_->flush_soon();
  }

  void begin(Response response) override {
    if (!take()) return;
    std::string head;
    append_status_and_headers(head, response.status, response.headers);
    if (!http10_) head += "Transfer-Encoding: chunked\r\n";
    append_connection(head, true);
    {
      const std::lock_guard lock(connection_->mutex_);
      if (connection_->closed_) return;
      connection_->push(chunk_of(std::move(head)));
      if (head_) {
        connection_->answered_ = true;
      } else {
        open_ = true;
        connection_->streaming_ = true;
        connection_->chunked_ = !http10_;
        connection_->ends_with_stream_ = http10_;
        for (auto& part : response.body) push_framed(std::move(part));
      }
    }
    connection_->flush_soon();
  }

  bool write(Chunk chunk) override {
    bool overflow = false;
    {
      const std::lock_guard lock(connection_->mutex_);
      if (!open_ || connection_->closed_ || connection_->gone_ || connection_->cut_) return false;
      if (connection_->out_bytes_ + chunk->size() > connection_->shared_->options.outgoing_limit) {
        overflow = true;
        open_ = false;
      } else {
        push_framed(std::move(chunk));
      }
    }
    if (overflow) {
      abort();
      return false;
    }
    connection_->flush_soon();
    return true;
  }

  bool wait_drained(std::size_t below) override {
    std::unique_lock lock(connection_->mutex_);
    ++connection_->drain_waiters_;
    const auto over = [&] {
      return connection_->closed_ || connection_->gone_ || connection_->cut_;
    };
    connection_->drained_.wait(lock, [&] { return over() || connection_->out_bytes_ < below; });
    --connection_->drain_waiters_;
    return !over();
  }

  void end() override {
    {
      const std::lock_guard lock(connection_->mutex_);
      if (!open_) return;
      open_ = false;
      if (connection_->closed_ || connection_->cut_) return;
      if (!http10_) connection_->push(last_chunk());
      connection_->streaming_ = false;
      connection_->answered_ = true;
    }
    connection_->flush_soon();
  }

  std::unique_ptr<Connection> upgrade(Headers headers) override {
    if (!take()) return nullptr;
    std::string head;
    append_status_and_headers(head, 101, headers);
    head += "\r\n";
    {
      const std::lock_guard lock(connection_->mutex_);
      if (connection_->closed_ || connection_->gone_) return nullptr;
      connection_->push(chunk_of(std::move(head)));
      connection_->on_gone_ = nullptr;
    }
    auto tunnel = std::make_unique<Tunnel>(connection_);
    asio::post(connection_->worker_->io, [c = connection_] {
      if (c->dead_) return;
      c->tunnel_ = true;
      std::string early;
      early.swap(c->in_);
      if (!early.empty()) c->deliver(early);
      c->step();
    });
    return tunnel;
  }

  void on_gone(std::move_only_function<void()> call) override {
    {
      const std::lock_guard lock(connection_->mutex_);
      if (connection_->answered_ && !connection_->cut_) return;
      if (!connection_->closed_ && !connection_->gone_ && !connection_->cut_) {
        connection_->on_gone_ = std::move(call);
        return;
      }
    }
    call();
  }

 private:
  // The first answer counts.
  bool take() { return !used_.exchange(true); }

  void abort() {
    const std::lock_guard lock(connection_->mutex_);
    if (connection_->closed_) return;
    asio::post(connection_->worker_->io, [c = connection_] { c->close(); });
  }

  void append_connection(std::string& head, bool stream) const {
    if (!keep_alive_ || (http10_ && stream))
      head += "Connection: close\r\n";
    else if (http10_)
      head += "Connection: keep-alive\r\n";
    head += "\r\n";
  }

  // Under the connection's lock.
  void push_framed(Chunk chunk) {
    if (chunk->empty()) return;
    if (http10_) return connection_->push(std::move(chunk));
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, chunk->size(), 16).ptr;
    std::string frame(size, end);
    frame += "\r\n";
    if (chunk->size() <= 1024) {
      frame += *chunk;
      frame += "\r\n";
      connection_->push(chunk_of(std::move(frame)));
      return;
    }
    connection_->push(chunk_of(std::move(frame)));
    connection_->push(std::move(chunk));
    connection_->push(line_break());
  }

  const std::shared_ptr<Session> connection_;
  const bool head_, http10_, keep_alive_;
  std::atomic<bool> used_ = false;
  bool open_ = false;  // under the connection's lock: a stream that may go on
};

void Session::dispatch(Request request, bool http10) {
  if (http10 && close_after_ == false && !mentions(request.headers.get("Connection"), "keep-alive"))
    close_after_ = true;
  const bool head = request.method == "HEAD";
  auto exchange = std::make_shared<Exchange>(shared_from_this(), head, http10, !close_after_);
  in_handler_ = true;
  try {
    shared_->handler(std::move(request), std::move(exchange));
  } catch (const std::exception& e) {
    log::error("request handler threw", {{"what", e.what()}});
  }
  in_handler_ = false;
}

// ---------------------------------------------------------------- the server

Result<UniqueFd> listen_tcp(const net::SocketAddress& address) {
  UniqueFd fd(::socket(address.ip.is_v6() ? AF_INET6 : AF_INET,
                       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (address.ip.is_v6()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&v6.sin6_addr, address.ip.bytes().data(), 16);
    size = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.ip.bytes().data(), 4);
    size = sizeof v4;
  }
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0 ||
      ::listen(fd.get(), 1024) != 0)
    return fail(Errc::unavailable,
                text::cat("listen on ", address.text(), ": ", std::strerror(errno)));
  return fd;
}

Result<UniqueFd> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(Errc::invalid, text::cat("listen on unix:", path, ": a path of 1 to ",
                                         sizeof address.sun_path - 1, " bytes is needed"));
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // A live server keeps its socket; a stale file is replaced.
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (probe && ::connect(probe.get(), generic, sizeof address) == 0)
    return fail(Errc::unavailable,
                text::cat("listen on unix:", path, ": another process serves it"));
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
  ::fchmod(fd.get(),
           0600);  // before bind: Linux takes the socket's mode for the file, less the umask
  if (::bind(fd.get(), generic, sizeof address) != 0 || ::listen(fd.get(), 1024) != 0)
    return fail(Errc::unavailable, text::cat("listen on unix:", path, ": ", std::strerror(errno)));
  ::chmod(path.c_str(), 0600);
  return fd;
}

std::string address_text(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    return net::SocketAddress{net::IpAddress::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)}
        .text();
  }
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, 16);
    return net::SocketAddress{net::IpAddress::v6(bytes), ntohs(v6.sin6_port)}.text();
  }
  return "unix";
}

class ServerImpl final : public Server {
 public:
  ServerImpl(std::shared_ptr<Shared> shared, UniqueFd listener, int port, std::string path)
      : shared_(std::move(shared)), port_(port), path_(std::move(path)) {
    const int count = std::max(1, shared_->options.threads);
    for (int i = 0; i < count; ++i) workers_.push_back(std::make_shared<Worker>());
    listener_ =
        std::make_unique<asio::posix::stream_descriptor>(workers_[0]->io, listener.release());
    pause_ = std::make_unique<asio::steady_timer>(workers_[0]->io);
    shared_->on_slot = [this] {
      if (full_.exchange(false)) asio::post(workers_[0]->io, [this] { accept(); });
    };
    for (auto& worker : workers_)
      threads_.emplace_back([w = worker.get()] {
        name_thread("http");
        w->id = std::this_thread::get_id();
        while (true) {
          try {
            w->io.run();
            return;
          } catch (const std::exception& e) {
            log::error("http connection", {{"what", e.what()}});
          }
        }
      });
    asio::post(workers_[0]->io, [this] { accept(); });
  }

  ~ServerImpl() override {
    stop(std::chrono::milliseconds(0));
    for (auto& worker : workers_) {
      asio::post(worker->io, [w = worker.get()] {
        for (const auto& c : std::vector(w->connections.begin(), w->connections.end())) c->close();
      });
      worker->work.reset();
    }
    threads_.clear();  // joins: with the connections closed there is no work left
    shared_->on_slot = nullptr;
  }

  [[nodiscard]] int port() const override { return port_; }

  void stop(std::chrono::milliseconds grace) override {
    if (shared_->stopping.exchange(true)) return;
    std::promise<void> closed;
    asio::post(workers_[0]->io, [this, &closed] {
      boost::system::error_code ignored;
      pause_->cancel();
      (void)listener_->close(ignored);
      closed.set_value();
    });
    closed.get_future().wait();
    for (auto& worker : workers_)
      asio::post(worker->io, [w = worker.get()] {
        for (const auto& c : std::vector(w->connections.begin(), w->connections.end()))
          c->wind_down();
      });
    if (!path_.empty()) ::unlink(path_.c_str());
    std::unique_lock lock(shared_->mutex);
    shared_->all_closed.wait_for(lock, grace, [this] { return shared_->open == 0; });
  }

  Result<> reload(const ServerTls& tls) override {
    auto ctx = NODAL_TRY(make_context(tls));
    const std::lock_guard lock(shared_->mutex);
    shared_->ctx = std::move(ctx);
    return {};
  }

 private:
  void accept() {
    while (!shared_->stopping) {
      if (shared_->open >= shared_->options.connection_limit) {
        full_ = true;
        // A slot may have come free between the look and the flag.
        if (shared_->open >= shared_->options.connection_limit || !full_.exchange(false)) return;
      }
      sockaddr_storage storage{};
      socklen_t size = sizeof storage;
      const int fd = ::accept4(listener_->native_handle(), reinterpret_cast<sockaddr*>(&storage),
                               &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN) {
          listener_->async_wait(asio::posix::stream_descriptor::wait_read,
                                [this](const boost::system::error_code& error) {
                                  if (!error) accept();
                                });
          return;
        }
        // Out of descriptors or memory: waiting connections stay in the backlog for a moment.
        log::warn("accept", {{"error", std::strerror(errno)}});
        pause_->expires_after(std::chrono::milliseconds(200));
        pause_->async_wait([this](const boost::system::error_code& error) {
          if (!error) accept();
        });
        return;
      }
      if (storage.ss_family != AF_UNIX) {
        const int on = 1, idle = 60, interval = 15, count = 4;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
        ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
        ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
      }
      shared_->open.fetch_add(1);
      const auto& worker = workers_[next_++ % workers_.size()];
      asio::post(worker->io, [c = std::make_shared<Session>(
                                  worker, shared_, fd, address_text(storage))] { c->start(); });
    }
  }

  std::shared_ptr<Shared> shared_;
  const int port_;
  const std::string path_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::unique_ptr<asio::posix::stream_descriptor> listener_;  // both: thread of worker 0
  std::unique_ptr<asio::steady_timer> pause_;
  std::atomic<bool> full_ = false;
  std::size_t next_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  auto shared = std::make_shared<Shared>();
  if (options.tls) shared->ctx = NODAL_TRY(make_context(*options.tls));
  UniqueFd listener;
  int port = 0;
  std::string path;
  if (options.listen.starts_with("unix:")) {
    path = options.listen.substr(5);
    listener = NODAL_TRY(listen_unix(path));
  } else {
    const auto address = net::SocketAddress::parse(options.listen);
    if (!address)
      return fail(Errc::invalid, text::cat("listen on \"", options.listen, "\": not ADDRESS:PORT"));
    listener = NODAL_TRY(listen_tcp(*address));
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  }
  shared->options = std::move(options);
  shared->handler = std::move(handler);
  try {
    return std::make_unique<ServerImpl>(std::move(shared), std::move(listener), port,
                                        std::move(path));
  } catch (const std::exception& e) {
    return fail(Errc::internal, text::cat("start server: ", e.what()));
  }
}

}  // namespace nodal::http
