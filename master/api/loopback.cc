// master/api/loopback.cc — see loopback.h.
#include "master/api/loopback.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace nodal::master {
namespace {

constexpr std::size_t kWaiting =
    64u << 20;  // of a stream whose reader is slow; then it is cut, as over a socket

// What the API writes into and the calling thread reads from.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable_any changed;
  bool answered = false;   // head is there
  bool streaming = false;  // more may come
  bool gone = false;       // nobody reads any more
  bool cut = false;        // the stream broke off
  http::Response head;
  std::deque<http::Chunk> chunks;
  std::size_t waiting = 0;
  std::move_only_function<void()> on_gone;

  void leave() {
    std::move_only_function<void()> call;
    {
      const std::lock_guard lock(mutex);
      if (gone) return;
      gone = true;
      if (!answered || streaming) call = std::move(on_gone);
      on_gone = nullptr;
      changed.notify_all();
    }
    if (call) call();
  }
};

class LoopbackResponder final : public http::Responder {
 public:
  explicit LoopbackResponder(std::shared_ptr<Mailbox> box) : box_(std::move(box)) {}
  ~LoopbackResponder() override {
    const std::lock_guard lock(box_->mutex);
    if (!box_->answered) {
      box_->answered = true;
      box_->head.status = 500;
    }
    if (box_->streaming) box_->cut = true;
    box_->streaming = false;
    box_->changed.notify_all();
  }

  void send(http::Response response) override {
    std::move_only_function<void()> dead;
    const std::lock_guard lock(box_->mutex);
    if (box_->answered) return;
    dead = std::move(box_->on_gone);
    box_->on_gone = nullptr;
    box_->answered = true;
    box_->head = std::move(response);
    box_->changed.notify_all();
  }
  void begin(http::Response response) override {
    const std::lock_guard lock(box_->mutex);
    if (box_->answered) return;
    box_->answered = box_->streaming = true;
    for (auto& chunk : response.body) push(std::move(chunk));
    response.body.clear();
    box_->head = std::move(response);
    box_->changed.notify_all();
  }
  bool write(http::Chunk chunk) override {
    const std::lock_guard lock(box_->mutex);
    if (!box_->streaming || box_->gone) return false;
    if (box_->waiting + chunk->size() > kWaiting) {
      box_->cut = true;
      box_->streaming = false;
      box_->changed.notify_all();
      return false;
    }
    push(std::move(chunk));
    box_->changed.notify_all();
    return true;
  }
  bool wait_drained(std::size_t below) override {
    std::unique_lock lock(box_->mutex);
    box_->changed.wait(lock, [&] { return box_->gone || box_->waiting < below; });
    return !box_->gone;
  }
  void end() override {
    std::move_only_function<void()> dead;  // it may hold this responder: dies outside the lock
    const std::lock_guard lock(box_->mutex);
    dead = std::move(box_->on_gone);
    box_->on_gone = nullptr;
    box_->streaming = false;
    box_->changed.notify_all();
  }
  std::unique_ptr<http::Connection> upgrade(http::Headers) override { return nullptr; }
  void on_gone(std::move_only_function<void()> call) override {
    {
      const std::lock_guard lock(box_->mutex);
      if (!box_->gone) {
        box_->on_gone = std::move(call);
        return;
      }
    }
    call();
  }

 private:
  void push(http::Chunk chunk) {
    box_->waiting += chunk->size();
    box_->chunks.push_back(std::move(chunk));
  }

  const std::shared_ptr<Mailbox> box_;
};

http::Request local(const http::Request& request) {
  http::Request out = request;
  out.peer_address = "loopback";
  return out;
}

}  // namespace

Result<http::Response> LoopbackTransport::send(const http::Request& request, std::stop_token stop) {
  std::string body;
  auto answer = run(
      request,
      [&](std::string_view bytes) {
        body += bytes;
        return true;
      },
      std::move(stop));
  if (answer && !body.empty()) answer->append(std::move(body));
  return answer;
}

Result<http::Response> LoopbackTransport::stream(const http::Request& request,
                                                 const std::function<bool(std::string_view)>& sink,
                                                 std::stop_token stop) {
  auto answer = run(request, sink, std::move(stop));
  if (!answer || answer->status != 200) return answer;
  for (const auto& chunk : std::exchange(answer->body, {}))
    if (!sink(*chunk)) break;
  return answer;
}

Result<http::Response> LoopbackTransport::run(const http::Request& request,
                                              const std::function<bool(std::string_view)>& sink,
                                              std::stop_token stop) {
  auto box = std::make_shared<Mailbox>();
  api_.serve_as(caller_, local(request), std::make_shared<LoopbackResponder>(box));
  std::unique_lock lock(box->mutex);
  if (!box->changed.wait(lock, stop, [&] { return box->answered; })) {
    lock.unlock();
    box->leave();
    return fail(Errc::timed_out, "stopped before the answer came");
  }
  const bool whole = !box->streaming && box->chunks.empty();
  while (!whole) {
    const bool more =
        box->changed.wait(lock, stop, [&] { return !box->chunks.empty() || !box->streaming; });
    if (!more || box->chunks.empty()) break;
    auto chunks = std::move(box->chunks);
    box->chunks.clear();
    box->waiting = 0;
    box->changed.notify_all();
    lock.unlock();
    bool go_on = true;
    for (const auto& chunk : chunks) {
      go_on = sink(*chunk);
      if (!go_on) break;
    }
    lock.lock();
    if (!go_on) break;
  }
  http::Response head = std::move(box->head);
  const bool cut = box->cut;
  lock.unlock();
  box->leave();
  if (cut) return fail(Errc::unavailable, "the stream broke off");
  return head;
}

}  // namespace nodal::master
