// base/log.h — structured logging: one line of "time level message key=value …" on standard error.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

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

/// Lines in a file of bounded size, mode 0600. When it is full it is renamed ("audit.log" becomes
/// "audit.1.log", that "audit.2.log", up to `kept`) and begun anew. Thread-safe.
class RotatedFile {
 public:
  /// @errors of the file system, with the path
  static Result<std::unique_ptr<RotatedFile>> open(const std::string& path, std::size_t most_bytes,
                                                   std::size_t kept);
  ~RotatedFile();
  /// The line and its end; with the kernel when it returns. A full disk loses it, which the log
  /// says, at most once a second.
  void write(std::string_view line);

 private:
  struct State;
  explicit RotatedFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nodal::log
