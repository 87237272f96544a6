// base/log.h — structured logging: one line of "time level message key=value …" on standard error.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace nodal::log {

enum class Level { debug, info, warn, error };

/// One key=value of a log line. Values with blanks are quoted; control bytes are escaped, so a
/// value can never forge a line or drive a terminal (SECURITY 51). Never pass a secret or token
/// (SECURITY 34).
struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <class Integer>
  requires std::is_integral_v<Integer> Field(std::string_view k, Integer v)
      : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}

  std::string_view key;
  std::string value;
};

/// Lines below this level are dropped. Thread-safe.
void set_level(Level level);

void debug(std::string_view message, std::initializer_list<Field> fields = {});
void info(std::string_view message, std::initializer_list<Field> fields = {});
void warn(std::string_view message, std::initializer_list<Field> fields = {});
void error(std::string_view message, std::initializer_list<Field> fields = {});

}  // namespace nodal::log
