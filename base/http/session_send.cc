// base/http/session_send.cc — see session.h: what a connection has queued, onto its socket.
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/http/session.h"

namespace nodal::http {
namespace {

constexpr std::size_t kBatch = 128u << 10;  // encrypted bytes per send()

}  // namespace

bool Session::send_unsent() {
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
bool Session::flush() {
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

bool Session::send_plain(const std::vector<Chunk>& batch, std::size_t skip, std::size_t size) {
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

bool Session::send_encrypted(const std::vector<Chunk>& batch, std::size_t skip, std::size_t size) {
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

}  // namespace nodal::http
