// base/http/wire.h — a BIO over one socket: reads come from recv; writes only gather, so that many
// records leave in one send.
#pragma once

#include <openssl/bio.h>

#include <string>

namespace nodal::http {

struct Wire {
  int fd = -1;
  std::string* gathered = nullptr;  // of the thread, set around every OpenSSL call
};

/// A BIO on it, which outlives neither; null when there is no memory.
BIO* wire_bio(Wire& wire);

}  // namespace nodal::http
