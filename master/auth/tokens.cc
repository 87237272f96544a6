// master/auth/tokens.cc — see tokens.h.
#include "master/auth/tokens.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"

namespace nodal::master {
namespace {

namespace json = boost::json;
using Bio = Handle<BIO, BIO_free_all>;
using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Digest = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Signature = Handle<ECDSA_SIG, ECDSA_SIG_free>;
using BigNumber = Handle<BIGNUM, BN_free>;

constexpr std::size_t kCoordinate = 32;
constexpr std::size_t kLongestToken = 16u << 10;

std::string base64url(std::string_view bytes) {
  std::string out = text::base64(bytes);
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

std::optional<std::string> unbase64url(std::string_view text) {
  std::string padded(text);
  for (char& c : padded) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  }
  while (padded.size() % 4 != 0) padded += '=';
  return text::unbase64(padded);
}

std::int64_t seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string string_at(const json::object& object, std::initializer_list<std::string_view> path) {
  const json::object* at = &object;
  const json::value* value = nullptr;
  for (const auto name : path) {
    if (at == nullptr) return {};
    value = at->if_contains(name);
    if (value == nullptr) return {};
    at = value->if_object();
  }
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::unexpected<Error> refused(std::string_view why) {
  return fail(Errc::forbidden, text::cat("invalid bearer token: ", why));
}

}  // namespace

struct Tokens::State {
  Key key;
  std::string issuer;
  std::string key_id;
  std::string x, y;  // the public point, 32 bytes each
};

Tokens::Tokens(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokens::Tokens(Tokens&&) noexcept = default;
Tokens& Tokens::operator=(Tokens&&) noexcept = default;
Tokens::~Tokens() = default;

Result<Tokens> Tokens::open(const std::string& key_file, std::string issuer) {
  auto state = std::make_unique<State>();
  state->issuer = std::move(issuer);
  if (!file::exists(key_file)) {
    const Key fresh(EVP_EC_gen("P-256"));
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!fresh || PEM_write_bio_PrivateKey(bio.get(), fresh.get(), nullptr, nullptr, 0, nullptr,
                                           nullptr) != 1)
      return fail(Errc::internal, "make the key that signs tokens");
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    NODAL_TRY(file::write(key_file, std::string_view(data, static_cast<std::size_t>(size)), 0600));
  }
  const auto pem = NODAL_TRY(file::read(key_file, 1 << 20));
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  state->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  unsigned char point[65];
  std::size_t size = 0;
  if (!state->key ||
      EVP_PKEY_get_octet_string_param(state->key.get(), OSSL_PKEY_PARAM_PUB_KEY, point,
                                      sizeof point, &size) != 1 ||
      size != sizeof point) {
    ERR_clear_error();
    return fail(Errc::invalid, text::cat(key_file, ": not a P-256 private key"));
  }
  state->x.assign(reinterpret_cast<const char*>(point) + 1, kCoordinate);
  state->y.assign(reinterpret_cast<const char*>(point) + 1 + kCoordinate, kCoordinate);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(point, sizeof point, digest);
  state->key_id = base64url({reinterpret_cast<const char*>(digest), 16});
  return Tokens(std::move(state));
}

const std::string& Tokens::issuer() const { return state_->issuer; }

std::string Tokens::jwks() const {
  return json::serialize(
      json::object{{"keys", json::array{json::object{{"kty", "EC"},
                                                     {"use", "sig"},
                                                     {"alg", "ES256"},
                                                     {"kid", state_->key_id},
                                                     {"crv", "P-256"},
                                                     {"x", base64url(state_->x)},
                                                     {"y", base64url(state_->y)}}}}});
}

Result<std::string> Tokens::sign(const TokenClaims& claims) const {
  json::object kubernetes{
      {"namespace", claims.namespace_},
      {"serviceaccount", json::object{{"name", claims.account}, {"uid", claims.account_uid}}}};
  if (!claims.bound.kind.empty())
    kubernetes[text::lower(claims.bound.kind)] =
        json::object{{"name", claims.bound.name}, {"uid", claims.bound.uid}};
  json::array audiences;
  for (const auto& audience : claims.audiences) audiences.emplace_back(audience);
  std::string unique(16, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(unique.data()),
                 static_cast<int>(unique.size())) != 1)
    return fail(Errc::internal, "no random bytes");
  const json::object body{
      {"iss", state_->issuer},
      {"sub", text::cat("system:serviceaccount:", claims.namespace_, ":", claims.account)},
      {"aud", std::move(audiences)},
      {"exp", seconds(claims.expires)},
      {"iat", seconds(claims.issued)},
      {"nbf", seconds(claims.issued)},
      {"jti", text::hex(unique)},
      {"kubernetes.io", std::move(kubernetes)}};
  const json::object header{{"alg", "ES256"}, {"typ", "JWT"}, {"kid", state_->key_id}};
  const std::string input =
      text::cat(base64url(json::serialize(header)), ".", base64url(json::serialize(body)));
  const Digest context(EVP_MD_CTX_new());
  unsigned char der[128];
  std::size_t size = sizeof der;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), der, &size,
                     reinterpret_cast<const unsigned char*>(input.data()), input.size()) != 1)
    return fail(Errc::internal, "sign a token");
  const unsigned char* at = der;
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  std::string raw(2 * kCoordinate, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, kCoordinate);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + kCoordinate, kCoordinate);
  return text::cat(input, ".", base64url(raw));
}

Result<TokenClaims> Tokens::verify(std::string_view token, std::string_view audience,
                                   TimePoint now) const {
  if (token.size() > kLongestToken) return refused("too long");
  const auto parts = text::split(token, '.');
  if (parts.size() != 3) return refused("not a JWT");
  const auto header_text = unbase64url(parts[0]);
  const auto body_text = unbase64url(parts[1]);
  const auto raw = unbase64url(parts[2]);
  if (!header_text || !body_text || !raw || raw->size() != 2 * kCoordinate)
    return refused("not a JWT");
  const auto header = codec::parse(*header_text);
  if (!header || !header->is_object() || string_at(header->get_object(), {"alg"}) != "ES256")
    return refused("not signed with ES256");

  const Signature signature(ECDSA_SIG_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw->data());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, kCoordinate, nullptr),
                 BN_bin2bn(bytes + kCoordinate, kCoordinate, nullptr));
  unsigned char* der = nullptr;
  const int der_size = i2d_ECDSA_SIG(signature.get(), &der);
  const std::string_view input = token.substr(0, parts[0].size() + 1 + parts[1].size());
  const Digest context(EVP_MD_CTX_new());
  const bool valid =
      der_size > 0 &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) == 1 &&
      EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(der_size),
                       reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
  OPENSSL_free(der);
  ERR_clear_error();
  if (!valid) return refused("not signed by this cluster");

  const auto document = codec::parse(*body_text);
  if (!document || !document->is_object()) return refused("not a JWT");
  const auto& body = document->get_object();
  TokenClaims claims;
  if (string_at(body, {"iss"}) != state_->issuer) return refused("another issuer");
  claims.issued = TimePoint(std::chrono::seconds(number_at(body, "nbf")));
  claims.expires = TimePoint(std::chrono::seconds(number_at(body, "exp")));
  if (now >= claims.expires) return refused("expired");
  if (now + std::chrono::minutes(1) < claims.issued) return refused("not valid yet");
  if (const auto* list = body.if_contains("aud"); list != nullptr && list->is_array())
    for (const auto& item : list->get_array())
      if (item.is_string()) claims.audiences.emplace_back(item.get_string());
  bool meant = false;
  for (const auto& a : claims.audiences) meant = meant || a == audience;
  if (!meant) return refused("for another audience");
  claims.namespace_ = string_at(body, {"kubernetes.io", "namespace"});
  claims.account = string_at(body, {"kubernetes.io", "serviceaccount", "name"});
  claims.account_uid = string_at(body, {"kubernetes.io", "serviceaccount", "uid"});
  for (const std::string_view kind : {"Pod", "Secret", "Node"}) {
    const auto key = text::lower(kind);
    auto name = string_at(body, {"kubernetes.io", key, "name"});
    if (!name.empty())
      claims.bound = {std::string(kind), std::move(name),
                      string_at(body, {"kubernetes.io", key, "uid"})};
  }
  if (claims.namespace_.empty() || claims.account.empty())
    return refused("names no service account");
  return claims;
}

Identity Tokens::identity_of(const TokenClaims& claims) {
  return {text::cat("system:serviceaccount:", claims.namespace_, ":", claims.account),
          {"system:serviceaccounts", text::cat("system:serviceaccounts:", claims.namespace_),
           "system:authenticated"},
          claims.account_uid};
}

}  // namespace nodal::master
