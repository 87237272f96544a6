// base/http/exchange.cc — see exchange.h.
#include "base/http/exchange.h"

#include <charconv>

#include "base/http/encode.h"
#include "base/http/tunnel.h"
#include "base/text.h"

namespace nodal::http {

Exchange::~Exchange() {
  if (!used_) {
    send(plain_refusal(500));
  } else if (open_) {
    // A stream without its end must not look complete.
    abort();
  }
}

void Exchange::send(Response response) {
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

void Exchange::begin(Response response) {
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

bool Exchange::write(Chunk chunk) {
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

bool Exchange::wait_drained(std::size_t below) {
  std::unique_lock lock(connection_->mutex_);
  ++connection_->drain_waiters_;
  const auto over = [&] { return connection_->closed_ || connection_->gone_ || connection_->cut_; };
  connection_->drained_.wait(lock, [&] { return over() || connection_->out_bytes_ < below; });
  --connection_->drain_waiters_;
  return !over();
}

void Exchange::end() {
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

std::unique_ptr<Connection> Exchange::upgrade(Headers headers) {
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

void Exchange::on_gone(std::move_only_function<void()> call) {
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

void Exchange::abort() {
  const std::lock_guard lock(connection_->mutex_);
  if (connection_->closed_) return;
  asio::post(connection_->worker_->io, [c = connection_] { c->close(); });
}

void Exchange::append_connection(std::string& head, bool stream) const {
  if (!keep_alive_ || (http10_ && stream))
    head += "Connection: close\r\n";
  else if (http10_)
    head += "Connection: keep-alive\r\n";
  head += "\r\n";
}

void Exchange::push_framed(Chunk chunk) {
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

}  // namespace nodal::http
