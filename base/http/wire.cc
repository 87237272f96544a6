// base/http/wire.cc — see wire.h.
#include "base/http/wire.h"

#include <sys/socket.h>

#include <cerrno>

namespace nodal::http {
namespace {

int wire_read(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  const auto n =
      ::recv(static_cast<Wire*>(BIO_get_data(bio))->fd, buffer, static_cast<std::size_t>(size), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(n);
}

int wire_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  static_cast<Wire*>(BIO_get_data(bio))->gathered->append(bytes, static_cast<std::size_t>(size));
  return size;
}

long wire_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* wire_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "nodal wire");
    BIO_meth_set_read(m, wire_read);
    BIO_meth_set_write(m, wire_write);
    BIO_meth_set_ctrl(m, wire_control);
    return m;
  }();
  return method;
}

}  // namespace

BIO* wire_bio(Wire& wire) {
  BIO* bio = BIO_new(wire_method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace nodal::http
