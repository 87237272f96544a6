// base/log.cc — the only file that includes spdlog.
#include "base/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "base/assert.h"

namespace nodal {
namespace {

spdlog::logger& sink() {
  static spdlog::logger logger = [] {
    spdlog::logger l("nodal", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    l.set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    l.set_level(spdlog::level::info);
    l.flush_on(spdlog::level::trace);
    return l;
  }();
  return logger;
}

void append_escaped(std::string& out, std::string_view text, bool quote) {
  if (quote) out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' && quote) {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else if (u < 0x20 || u == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\x";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  if (quote) out += '"';
}

void write(spdlog::level::level_enum level, std::string_view message,
           std::initializer_list<log::Field> fields) {
  if (!sink().should_log(level)) return;
  std::string line;
  append_escaped(line, message, false);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_escaped(line, field.value,
                   field.value.empty() || field.value.find_first_of(" \"=") != std::string::npos);
  }
  sink().log(level, spdlog::string_view_t(line));
}

}  // namespace

namespace log {

void set_level(Level level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  sink().set_level(kLevels[static_cast<int>(level)]);
}

void debug(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::debug, message, fields);
}
void info(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::info, message, fields);
}
void warn(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::warn, message, fields);
}
void error(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::err, message, fields);
}

struct RotatedFile::State {
  std::unique_ptr<spdlog::logger> logger;
};

Result<std::unique_ptr<RotatedFile>> RotatedFile::open(const std::string& path,
                                                       std::size_t most_bytes, std::size_t kept) {
  spdlog::file_event_handlers handlers;
  handlers.after_open = [](const spdlog::filename_t&, std::FILE* file) {
    ::fchmod(::fileno(file), 0600);
  };
  auto state = std::make_unique<State>();
  try {
    state->logger = std::make_unique<spdlog::logger>(
        path, std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, most_bytes, kept, false,
                                                                     handlers));
  } catch (const spdlog::spdlog_ex& e) {
    return fail(Errc::unavailable, e.what());
  }
  state->logger->set_pattern("%v");
  state->logger->flush_on(spdlog::level::trace);
  state->logger->set_error_handler([path](const std::string& why) {
    warn("a line is lost", {{"file", path}, {"error", why}});
  });
  return std::unique_ptr<RotatedFile>(new RotatedFile(std::move(state)));
}

RotatedFile::RotatedFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
RotatedFile::~RotatedFile() = default;

void RotatedFile::write(std::string_view line) {
  state_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace log

namespace detail {
void assertion_failed(const char* expression, const char* file, int line) {
  log::error("assertion failed", {{"expression", expression}, {"file", file}, {"line", line}});
  std::abort();
}
}  // namespace detail
}  // namespace nodal
