// base/http/server.cc — see server.h: the I/O threads, and the connections that they take. Asio
// waits for readiness, Beast parses, OpenSSL encrypts into one buffer per thread; the bytes are
// moved by recv and send.
#include "base/http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>

#include "base/http/listen.h"
#include "base/http/session.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::http {
namespace {

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
    auto ctx = NODAL_TRY(tls::server_context(tls));
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
      if (storage.ss_family != AF_UNIX) tune_tcp(fd);
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
  if (options.tls) shared->ctx = NODAL_TRY(tls::server_context(*options.tls));
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
    port = bound_port(listener.get());
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
