// base/log.cc — the only file that includes spdlog.
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

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

}  // namespace log

namespace detail {
void assertion_failed(const char* expression, const char* file, int line) {
  log::error("assertion failed", {{"expression", expression}, {"file", file}, {"line", line}});
  std::abort();
}
}  // namespace detail
}  // namespace nodal
