// api-client/client/reflector.h — keeps a Mirror like the server: list, watch, bookmarks, relist
// when told "gone".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "api-client/client/client.h"
#include "api-client/client/mirror.h"

namespace nodal::client {

class Watcher;

template <class T>
struct ReflectorOptions {
  std::string namespace_ = {};
  std::string label_selector = {};
  std::string field_selector = {};
  /// Takes out of an object what its readers never look at, before the mirror keeps it.
  std::function<void(T&)> trim = {};
};

/// Lists once, then watches from that revision with bookmarks; a broken watch resumes where it was,
/// an expired one lists again. While the server is away the mirror keeps what it has (an agent goes
/// on without its master). Backoff 100 ms doubling to 10 s with jitter.
///
/// Thread: one of its own, ended by the destructor. The mirror must outlive it.
template <class T>
class Reflector {  // explicit instances: generated beside the codecs
 public:
  Reflector(std::shared_ptr<Client> client, Mirror<T>& mirror, ReflectorOptions<T> options = {});
  ~Reflector();
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

 private:
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace nodal::client
