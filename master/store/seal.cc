// master/store/seal.cc — see seal.h.
#include "master/store/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"

namespace nodal::master {
namespace {

constexpr std::string_view kMagic = "nodal-sealed-1:";
constexpr std::size_t kKey = 32, kNonce = 12, kTag = 16;

using Cipher = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

unsigned char* bytes(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }
const unsigned char* bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

}  // namespace

Result<Seal> Seal::open(const std::string& key_file, std::vector<std::string> prefixes) {
  if (!file::exists(key_file)) {
    std::string secret(kKey, '\0');
    if (RAND_bytes(bytes(secret), static_cast<int>(kKey)) != 1)
      return fail(Errc::internal, "no random bytes for a new key");
    NODAL_TRY(file::write(key_file, text::base64(secret) + "\n", 0600));
  }
  struct stat st {};
  if (::stat(key_file.c_str(), &st) == 0 && (st.st_mode & 077) != 0)
    return fail(Errc::forbidden,
                text::cat(key_file, ": others may read the key that seals secrets; run: chmod 600 ",
                          key_file));
  const auto secret = text::unbase64(text::trim(NODAL_TRY(file::read(key_file, 4096))));
  if (!secret || secret->size() != kKey)
    return fail(Errc::invalid, text::cat(key_file, ": not a key of 32 bytes in base64"));
  return Seal(*secret, std::move(prefixes));
}

bool Seal::covers(std::string_view key) const {
  return std::ranges::any_of(prefixes_,
                             [&](const auto& prefix) { return key.starts_with(prefix); });
}

Result<std::string> Seal::seal(std::string_view key, std::string_view plain) const {
  std::string nonce(kNonce, '\0');
  std::string sealed(plain.size() + kTag, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int n = 0;
  int size = 0;
  const bool ok =
      RAND_bytes(bytes(nonce), static_cast<int>(kNonce)) == 1 &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(secret_), bytes(nonce)) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &n, bytes(key), static_cast<int>(key.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), bytes(sealed), &size, bytes(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), bytes(sealed) + size, &n) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTag),
                          sealed.data() + plain.size()) == 1;
  if (!ok) return fail(Errc::internal, text::cat("seal ", key, ": the cipher failed"));
  return text::cat(kMagic, nonce, sealed);
}

Result<std::string> Seal::unseal(std::string_view key, std::string_view sealed) const {
  if (!sealed.starts_with(kMagic) || sealed.size() < kMagic.size() + kNonce + kTag)
    return fail(Errc::invalid, text::cat(key, ": the stored value is not sealed"));
  sealed.remove_prefix(kMagic.size());
  const auto nonce = sealed.substr(0, kNonce);
  const auto body = sealed.substr(kNonce, sealed.size() - kNonce - kTag);
  std::string tag(sealed.substr(sealed.size() - kTag));
  std::string plain(body.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int n = 0;
  int size = 0;
  const bool ok =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(secret_), bytes(nonce)) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &n, bytes(key), static_cast<int>(key.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes(plain), &size, bytes(body),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTag), tag.data()) ==
          1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes(plain) + size, &n) == 1;
  if (!ok)
    return fail(Errc::invalid,
                text::cat(key, ": the stored value was sealed with another key, or changed since"));
  return plain;
}

}  // namespace nodal::master
