// tests/unit/base/gzip_test.cc — what is packed comes out as it went in.
#include "base/stream/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace nodal {
namespace {

std::string unpacked(const std::string& packed, std::size_t size) {
  std::string out(size + 1, '\0');
  z_stream zip{};
  inflateInit2(&zip, 15 + 16);
  zip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  zip.avail_in = static_cast<uInt>(packed.size());
  zip.next_out = reinterpret_cast<Bytef*>(out.data());
  zip.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&zip, Z_FINISH), Z_STREAM_END);
  out.resize(zip.total_out);
  inflateEnd(&zip);
  return out;
}

TEST(Gzip, ManyPartsAreOneBody) {
  std::vector<http::Chunk> parts;
  std::string whole;
  unsigned noise = 1;
  for (int i = 0; i < 300; ++i) {
    std::string part(static_cast<std::size_t>(i) * 7, '\0');
    for (auto& c : part) c = static_cast<char>((noise = noise * 1664525u + 1013904223u) >> 24);
    whole += part;
    parts.push_back(std::make_shared<const std::string>(std::move(part)));
  }
  EXPECT_EQ(unpacked(gzip(parts), whole.size()), whole);
  EXPECT_EQ(unpacked(gzip({}), 0), "");
}

}  // namespace
}  // namespace nodal
