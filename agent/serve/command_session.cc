// agent/serve/command_session.cc — see command_session.h.
#include "agent/serve/command_session.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/loop/stop.h"

namespace nodal::agent {
namespace {

constexpr std::size_t kPiece = 32u << 10;
constexpr std::chrono::seconds kOpening{30};  // for the client to open its streams
constexpr std::chrono::seconds kLeaving{5};   // for the client to close after the end

class Session {
 public:
  Session(http::Connection& client, CommandProtocol& protocol)
      : client_(client), protocol_(protocol) {}

  void run(const std::function<Result<std::unique_ptr<ProcessStreams>>()>& open,
           std::stop_token stop) {
    const std::stop_callback chain(stop, [this] { over_.request_stop(); });
    const std::jthread listener([this] {
      name_thread("stream-in");
      listen();
      {
        const std::lock_guard lock(mutex_);
        gone_ = true;
      }
      over_.request_stop();
      changed_.notify_all();
    });
    if (wait(kOpening, [this] { return gone_ || protocol_.is_open(); }) && !is_gone())
      send_end(converse(open));
    wait(kLeaving, [this] { return gone_; });
    over_.request_stop();
  }

 private:
  CommandEnd converse(const std::function<Result<std::unique_ptr<ProcessStreams>>()>& open) {
    auto process = open();
    if (!process) return {0, process.error().message};
    {
      const std::lock_guard lock(mutex_);
      process_ = process->get();
    }
    changed_.notify_all();
    const auto ended = (*process)->read(
        [this](ProcessStreams::Output from, std::string_view bytes) {
          const std::lock_guard lock(sending_);
          const auto out = protocol_.output(from, bytes);
          return out.empty() || client_.write(out, over_.get_token()).has_value();
        },
        over_.get_token());
    CommandEnd end;
    if (over_.stop_requested()) {
      (*process)->kill();
    } else if (!ended) {
      end.failure = ended.error().message;
    } else if (const auto code = (*process)->exit_code(over_.get_token())) {
      end.exit_code = *code;
    } else {
      end.failure = code.error().message;
    }
    // The listener may be using it: it waits in write() no longer than the process lives.
    const std::lock_guard using_it(using_);
    const std::lock_guard lock(mutex_);
    process_ = nullptr;
    ended_ = true;
    return end;
  }

  void send_end(const CommandEnd& end) {
    const std::lock_guard lock(sending_);
    static_cast<void>(client_.write(protocol_.finish(end), over_.get_token()));
  }

  void listen() {
    std::vector<char> buffer(kPiece);
    while (true) {
      const auto n = client_.read(buffer.data(), buffer.size(), over_.get_token());
      if (!n || *n == 0) return;
      std::vector<CommandEvent> events;
      std::string reply;
      Result<> heard;
      {
        const std::lock_guard lock(sending_);
        {
          const std::lock_guard state(mutex_);
          heard = protocol_.receive({buffer.data(), *n}, events, reply);
        }
        if (!reply.empty() && !client_.write(reply, over_.get_token())) return;
      }
      changed_.notify_all();
      for (const auto& event : events) handle(event);
      if (!heard) return;
    }
  }

  void handle(const CommandEvent& event) {
    {
      // What is typed before the process is there waits for it.
      std::unique_lock lock(mutex_);
      changed_.wait(lock, over_.get_token(), [this] { return process_ != nullptr || ended_; });
    }
    const std::lock_guard using_it(using_);
    ProcessStreams* process = nullptr;
    {
      const std::lock_guard lock(mutex_);
      process = process_;
    }
    if (process == nullptr) return;
    if (const auto* input = std::get_if<Input>(&event)) {
      static_cast<void>(
          process->write(input->bytes, over_.get_token()));  // it may not read: its business
    } else if (std::holds_alternative<InputEnd>(event)) {
      process->end_input();
    } else if (const auto* size = std::get_if<Resize>(&event)) {
      if (const auto done = process->resize(size->width, size->height); !done)
        log::debug("a terminal was not resized", {{"error", done.error().message}});
    }
  }

  bool wait(std::chrono::seconds longest, auto condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, longest, condition);
  }
  bool is_gone() {
    const std::lock_guard lock(mutex_);
    return gone_;
  }

  http::Connection& client_;
  CommandProtocol& protocol_;
  std::stop_source over_;
  std::mutex sending_;  // makes and sends bytes in one order
  std::mutex using_;    // the process, by the listener
  std::mutex mutex_;    // guards what follows, and the protocol's opening
  std::condition_variable_any changed_;
  ProcessStreams* process_ = nullptr;
  bool gone_ = false, ended_ = false;
};

}  // namespace

void run_command(http::Connection& client, CommandProtocol& protocol,
                 const std::function<Result<std::unique_ptr<ProcessStreams>>()>& open,
                 std::stop_token stop) {
  Session(client, protocol).run(open, std::move(stop));
}

}  // namespace nodal::agent
