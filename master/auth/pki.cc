// master/auth/pki.cc — see pki.h.
#include "master/auth/pki.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <ctime>

#include "base/file.h"
#include "base/handle.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::master {
namespace {

using Bio = Handle<BIO, BIO_free_all>;
using Certificate = Handle<X509, X509_free>;
using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Extension = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using BigNumber = Handle<BIGNUM, BN_free>;

constexpr std::chrono::hours kCaLife{24 * 3650};
constexpr std::chrono::hours kLife{24 * 90};
constexpr std::chrono::minutes kSkew{10};  // a clock that is a little behind must not refuse us

std::unexpected<Error> failure(std::string_view what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  char buffer[256] = "unknown";
  if (code != 0) ERR_error_string_n(code, buffer, sizeof buffer);
  return fail(Errc::internal, text::cat("PKI: ", what, ": ", buffer));
}

std::string drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string to_pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return drain(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return drain(bio.get());
}

Certificate read_certificate(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Key read_key(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

std::time_t seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Null when a name cannot stand in a certificate (RFC 5280: 64 characters at most).
Certificate new_certificate(EVP_PKEY* key, const CertificateRequest& request, TimePoint now,
                            std::chrono::seconds life) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  unsigned char serial[16];
  RAND_bytes(serial, sizeof serial);
  serial[0] &= 0x7f;
  const BigNumber number(BN_bin2bn(serial, sizeof serial, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds(now - kSkew));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds(now + life));
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto add = [&](int nid, const std::string& value) {
    return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1,
                                      0) == 1;
  };
  bool ok = true;
  for (const auto& organization : request.organizations)
    ok = ok && add(NID_organizationName, organization);
  ok = ok && add(NID_commonName, request.common_name);
  return ok ? std::move(certificate) : nullptr;
}

Result<> check_private(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 && (st.st_mode & 077) != 0)
    return fail(Errc::forbidden,
                text::cat(path, ": others may read this key; run: chmod 600 ", path));
  return {};
}

std::string alternative_names(const CertificateRequest& request) {
  std::string out;
  for (const auto& host : request.hosts)
    out += text::cat(out.empty() ? "" : ",", net::IpAddress::parse(host) ? "IP:" : "DNS:", host);
  return out;
}

// Subject, names and uses of a certificate as text, to compare with what is wanted.
std::string shape_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  for (const int nid : {NID_subject_alt_name, NID_ext_key_usage})
    if (const int at = X509_get_ext_by_NID(certificate, nid, -1); at >= 0)
      X509V3_EXT_print(bio.get(), X509_get_ext(certificate, at), 0, 0);
  return drain(bio.get());
}

Result<TimePoint> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return failure("read a certificate's time");
  return TimePoint(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

Result<Pki> Pki::open(const std::string& folder, TimePoint now) {
  NODAL_TRY(file::make_folders(folder, 0700));
  const std::string certificate_path = folder + "/ca.crt";
  const std::string key_path = folder + "/ca.key";
  if (!file::exists(key_path)) {
    const Key key(EVP_EC_gen("P-256"));
    if (!key) return failure("make the CA's key");
    CertificateRequest request;
    request.common_name = "nodal-ca";
    auto certificate = new_certificate(key.get(), request, now, kCaLife);
    if (!certificate) return failure("name the CA");
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    const bool ok =
        add_extension(certificate.get(), certificate.get(), NID_basic_constraints,
                      "critical,CA:TRUE,pathlen:0") &&
        add_extension(certificate.get(), certificate.get(), NID_key_usage,
                      "critical,digitalSignature,keyCertSign,cRLSign") &&
        add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash") &&
        X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
    if (!ok) return failure("sign the CA");
    NODAL_TRY(file::write(certificate_path, to_pem(certificate.get()), 0644));
    NODAL_TRY(file::write(key_path, to_pem(key.get()), 0600));
  }
  NODAL_TRY(check_private(key_path));
  KeyPair ca{NODAL_TRY(file::read(certificate_path, 1 << 20)),
             NODAL_TRY(file::read(key_path, 1 << 20))};
  const auto certificate = read_certificate(ca.certificate_pem);
  const auto key = read_key(ca.key_pem);
  if (!certificate || !key || X509_check_private_key(certificate.get(), key.get()) != 1)
    return fail(Errc::invalid, text::cat(folder, ": ca.crt and ca.key are no pair"));
  if (X509_check_ca(certificate.get()) == 0)
    return fail(Errc::invalid, text::cat(certificate_path, ": not a certificate authority"));
  ERR_clear_error();
  return Pki(folder, std::move(ca));
}

Result<KeyPair> Pki::sign(const CertificateRequest& request, TimePoint now) const {
  const auto ca = read_certificate(ca_.certificate_pem);
  const auto ca_key = read_key(ca_.key_pem);
  const Key key(EVP_EC_gen("P-256"));
  if (!ca || !ca_key || !key) return failure("prepare a certificate");
  auto certificate = new_certificate(key.get(), request, now, kLife);
  if (!certificate) {
    ERR_clear_error();
    return fail(Errc::invalid, text::cat("PKI: \"", request.common_name,
                                         "\" or an organization is empty or longer than 64"));
  }
  // A host must not bring further names with it.
  for (const auto& host : request.hosts)
    if (host.empty() || host.find_first_of(",: \t\r\n\\\"'@") != std::string::npos)
      if (!net::IpAddress::parse(host))
        return fail(Errc::invalid, text::cat("PKI: \"", host, "\" is no name of a host"));
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca.get()));
  std::string uses;
  if (!request.hosts.empty()) uses = "serverAuth";
  if (request.client) uses += uses.empty() ? "clientAuth" : ",clientAuth";
  bool ok =
      add_extension(certificate.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(certificate.get(), ca.get(), NID_key_usage, "critical,digitalSignature") &&
      add_extension(certificate.get(), ca.get(), NID_ext_key_usage, uses) &&
      add_extension(certificate.get(), ca.get(), NID_authority_key_identifier, "keyid");
  if (ok && !request.hosts.empty())
    ok = add_extension(certificate.get(), ca.get(), NID_subject_alt_name,
                       alternative_names(request));
  if (!ok || X509_sign(certificate.get(), ca_key.get(), EVP_sha256()) <= 0)
    return failure(text::cat("sign a certificate for ", request.common_name));
  return KeyPair{to_pem(certificate.get()), to_pem(key.get())};
}

Result<KeyPair> Pki::keep(const std::string& name, const CertificateRequest& request,
                          TimePoint now) const {
  const std::string certificate_path = text::cat(folder_, "/", name, ".crt");
  const std::string key_path = text::cat(folder_, "/", name, ".key");
  auto fresh = NODAL_TRY(sign(request, now));
  if (file::exists(certificate_path) && file::exists(key_path)) {
    KeyPair kept{NODAL_TRY(file::read(certificate_path, 1 << 20)),
                 NODAL_TRY(file::read(key_path, 1 << 20))};
    const auto certificate = read_certificate(kept.certificate_pem);
    const auto key = read_key(kept.key_pem);
    const auto ca = read_certificate(ca_.certificate_pem);
    const auto renew = renew_after(kept.certificate_pem);
    if (certificate && key && ca && renew && now < *renew &&
        X509_check_private_key(certificate.get(), key.get()) == 1 &&
        X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) == 1 &&
        shape_of(certificate.get()) == shape_of(read_certificate(fresh.certificate_pem).get()))
      return kept;
    ERR_clear_error();
  }
  NODAL_TRY(file::write(key_path, fresh.key_pem, 0600));
  NODAL_TRY(file::write(certificate_path, fresh.certificate_pem, 0644));
  return fresh;
}

Result<TimePoint> renew_after(const std::string& certificate_pem) {
  const auto certificate = read_certificate(certificate_pem);
  if (!certificate) {
    ERR_clear_error();
    return fail(Errc::invalid, "not a PEM certificate");
  }
  const TimePoint begin = NODAL_TRY(time_of(X509_get0_notBefore(certificate.get())));
  const TimePoint end = NODAL_TRY(time_of(X509_get0_notAfter(certificate.get())));
  return begin + (end - begin) * 3 / 4;
}

}  // namespace nodal::master
