// base/stream/gzip.cc — see gzip.h.
#include "base/stream/gzip.h"

#include <zlib.h>

#include <new>

namespace nodal {
namespace {

constexpr int kWindow = 15 + 16;  // zlib's way to ask for gzip's frame
constexpr int kMemory = 8;
constexpr std::size_t kPiece = 64u << 10;

}  // namespace

std::string gzip(const std::vector<http::Chunk>& parts) {
  z_stream zip{};
  if (deflateInit2(&zip, Z_BEST_SPEED, Z_DEFLATED, kWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string out;
  std::vector<Bytef> piece(kPiece);
  const auto pack = [&](int flush) {
    do {
      zip.next_out = piece.data();
      zip.avail_out = kPiece;
      deflate(&zip, flush);
      out.append(reinterpret_cast<const char*>(piece.data()), kPiece - zip.avail_out);
    } while (zip.avail_out == 0);
  };
  for (const auto& part : parts) {
    zip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part->data()));
    zip.avail_in = static_cast<uInt>(part->size());
    pack(Z_NO_FLUSH);
  }
  pack(Z_FINISH);
  deflateEnd(&zip);
  return out;
}

}  // namespace nodal
