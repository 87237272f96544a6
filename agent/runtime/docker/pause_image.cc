// agent/runtime/docker/pause_image.cc — a ustar archive of one file.
#include "agent/runtime/docker/pause_image.h"

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "base/assert.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

constexpr std::size_t kBlock = 512;

// @source POSIX.1-2001 pax, "ustar Interchange Format": offsets and sizes of the fields
struct UstarHeader {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100],
      magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], zero[12];
};
static_assert(sizeof(UstarHeader) == kBlock);

template <std::size_t N>
void octal(char (&field)[N], std::uint64_t value) {
  std::snprintf(field, N, "%0*llo", static_cast<int>(N - 1),
                static_cast<unsigned long long>(value));
}

}  // namespace

std::string pause_reference() { return "nodal/pause:" NODAL_VERSION; }

std::string pause_fingerprint() {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : pause_program())
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char out[17];
  std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(hash));
  return out;
}

std::string tar_of(std::string_view name, std::string_view bytes) {
  NODAL_ASSERT(name.size() < sizeof(UstarHeader::name));
  UstarHeader header{};
  std::memcpy(header.name, name.data(), name.size());
  octal(header.mode, 0755);
  octal(header.uid, 0);
  octal(header.gid, 0);
  octal(header.size, bytes.size());
  octal(header.mtime, 0);
  header.type = '0';
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  // The sum is taken with its own field full of blanks.
  std::memset(header.checksum, ' ', sizeof header.checksum);
  char raw[kBlock];
  std::memcpy(raw, &header, kBlock);
  unsigned sum = 0;
  for (const char c : raw) sum += static_cast<unsigned char>(c);
  std::snprintf(raw + offsetof(UstarHeader, checksum), 8, "%06o", sum);

  std::string out(raw, kBlock);
  out += bytes;
  out.append((kBlock - bytes.size() % kBlock) % kBlock, '\0');
  out.append(2 * kBlock, '\0');
  return out;
}

}  // namespace nodal::agent::docker
