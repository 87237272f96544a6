// agent/runtime/docker/streams.cc — exec and attach with all their streams, over the engine's raw
// connections.
#include <thread>
#include <vector>

#include "agent/runtime/docker/process_tree.h"
#include "agent/runtime/docker/runtime.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

constexpr std::size_t kPiece = 32u << 10;
constexpr int kMostColumns = 10'000;  // of a terminal that somebody claims to have

/// Both kinds; an attached process has no exec id.
class DockerStreams final : public ProcessStreams {
 public:
  DockerStreams(Engine& engine, std::unique_ptr<http::Connection> connection, bool tty,
                bool ends_input, std::string container, std::string exec_id)
      : engine_(engine),
        connection_(std::move(connection)),
        tty_(tty),
        ends_input_(ends_input),
        container_(std::move(container)),
        exec_id_(std::move(exec_id)) {}

  Result<> read(const std::function<bool(Output, std::string_view)>& sink,
                std::stop_token stop) override {
    FrameReader frames;
    std::vector<char> buffer(kPiece);
    while (const std::size_t n = NODAL_TRY(connection_->read(buffer.data(), buffer.size(), stop))) {
      const std::string_view bytes(buffer.data(), n);
      const bool more =
          tty_ ? sink(Output::out, bytes)
               : NODAL_TRY(frames.feed(bytes, [&](FrameReader::Source source, std::string_view b) {
                   return sink(source == FrameReader::Source::error ? Output::error : Output::out,
                               b);
                 }));
      if (!more) break;
    }
    return {};
  }

  Result<> write(std::string_view bytes, std::stop_token stop) override {
    return connection_->write(bytes, std::move(stop));
  }

  // For a container that goes on reading after the first client, the engine would end the output
  // together with this client's input.
  void end_input() override {
    if (ends_input_) connection_->shutdown_write();
  }

  Result<> resize(int width, int height) override {
    if (width < 1 || height < 1 || width > kMostColumns || height > kMostColumns)
      return fail(Errc::invalid, text::cat("no terminal is ", width, " by ", height));
    const auto path =
        exec_id_.empty() ? text::cat("/containers/", container_) : text::cat("/exec/", exec_id_);
    NODAL_TRY(engine_.call("POST", text::cat(path, "/resize?h=", height, "&w=", width)));
    return {};
  }

  Result<int> exit_code(std::stop_token stop) override {
    if (exec_id_.empty()) return 0;
    // The output may end before the process does, and the engine learns of the end a moment later;
    // it has no call that waits.
    for (std::chrono::milliseconds pause(2); !stop.stop_requested();
         pause = std::min(pause * 2, std::chrono::milliseconds(100))) {
      const auto now = NODAL_TRY(state());
      if (!now.running && now.exit_code) return *now.exit_code;
      std::this_thread::sleep_for(pause);
    }
    return fail(Errc::unavailable, "stopped");
  }

  void kill() override {
    if (exec_id_.empty()) return;
    if (const auto now = state(); now && now->running) kill_exec(now->pid, "", container_);
  }

 private:
  Result<ExecState> state() {
    return parse_exec(
        NODAL_TRY(engine_.call("GET", text::cat("/exec/", exec_id_, "/json"))).text());
  }

  Engine& engine_;
  const std::unique_ptr<http::Connection> connection_;
  const bool tty_, ends_input_;
  const std::string container_, exec_id_;
};

}  // namespace

Result<std::unique_ptr<ProcessStreams>> DockerRuntime::exec_streams(
    std::string_view id, const std::vector<std::string>& command, const StreamOptions& options) {
  const std::string container(NODAL_TRY(checked_id(id)));
  auto created = engine_.call("POST", text::cat("/containers/", container, "/exec"),
                              exec_body(command, "", options.input, options.tty));
  if (!created) {
    auto error = std::move(created).error();
    if (error.code == Errc::conflict) error.code = Errc::not_found;  // it does not run
    return std::unexpected(std::move(error));
  }
  auto exec_id = NODAL_TRY(parse_id(created->text()));
  auto connection = NODAL_TRY(
      engine_.upgrade(text::cat("/exec/", exec_id, "/start"),
                      text::cat(R"({"Detach":false,"Tty":)", options.tty ? "true" : "false", "}")));
  return std::make_unique<DockerStreams>(engine_, std::move(connection), options.tty, true,
                                         container, std::move(exec_id));
}

Result<std::unique_ptr<ProcessStreams>> DockerRuntime::attach(std::string_view id,
                                                              const StreamOptions& options) {
  const std::string container(NODAL_TRY(checked_id(id)));
  const auto known = NODAL_TRY(details(id, "running"));
  auto connection = NODAL_TRY(
      engine_.upgrade(text::cat("/containers/", container,
                                "/attach?stream=1&stdout=1&stderr=1&stdin=", options.input ? 1 : 0),
                      ""));
  // To a container that has ended meanwhile the engine attaches, too, and waits for its next start.
  const auto now = NODAL_TRY(parse_details(
      NODAL_TRY(engine_.call("GET", text::cat("/containers/", container, "/json"))).text()));
  if (!now.running) return fail(Errc::not_found, "the container is not running any more");
  return std::make_unique<DockerStreams>(engine_, std::move(connection), known.tty,
                                         known.stdin_once, container, "");
}

}  // namespace nodal::agent::docker
