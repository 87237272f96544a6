// base/http/tls.cc — see tls.h.
#include "base/http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"

namespace nodal::http::tls {
namespace {

using Bio = Handle<BIO, BIO_free_all>;
using Certificate = Handle<X509, X509_free>;
using PrivateKey = Handle<EVP_PKEY, EVP_PKEY_free>;

Bio memory_bio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Calls `each` with the certificates of a PEM text. How many there are.
int read_certificates(const std::string& pem, const auto& each) {
  const auto bio = memory_bio(pem);
  int count = 0;
  while (const Certificate next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    each(next.get());
    ++count;
  }
  ERR_clear_error();  // the end of the PEM text is an error in OpenSSL's eyes
  return count;
}

// What we show of ourselves: the chain, leaf first, and its key.
// @param who  in words, for the error
Result<> show(SSL_CTX* context, const std::string& certificate_pem, const std::string& key_pem,
              std::string_view who) {
  bool first = true, ok = true;
  const int count = read_certificates(certificate_pem, [&](X509* certificate) {
    ok = ok && (first ? SSL_CTX_use_certificate(context, certificate)
                      : SSL_CTX_add1_chain_cert(context, certificate)) == 1;
    first = false;
  });
  if (!ok) return fail(Errc::invalid, text::cat(who, " certificate: ", error_text()));
  if (count == 0)
    return fail(Errc::invalid, text::cat(who, " certificate: no certificate in the PEM text"));
  const auto bio = memory_bio(key_pem);
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return fail(Errc::invalid, text::cat(who, " key: ", error_text()));
  return {};
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                unsigned in_size, void*) {
  static constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned i = 0; i < in_size; i += 1u + in[i]) {
    const std::string_view name(reinterpret_cast<const char*>(in + i + 1), in[i]);
    if (i + 1u + in[i] > in_size) break;
    if (name != kHttp11) continue;
    *out = in + i + 1;
    *size = in[i];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

std::string text_of(const X509_NAME_ENTRY* entry) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

// What does not verify is told by SSL_get_verify_result(): the client gets an answer, no broken
// handshake.
int accept_any(int, X509_STORE_CTX*) { return 1; }

bool is_verified(SSL* ssl) { return SSL_get_verify_result(ssl) == X509_V_OK; }

}  // namespace

std::string error_text() {
  char text[256] = "unknown TLS error";
  if (const unsigned long code = ERR_get_error(); code != 0)
    ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

Result<Context> server_context(const ServerTls& tls) {
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return fail(Errc::internal, "TLS: " + error_text());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(),
                                 SSL_SESS_CACHE_OFF);  // tickets keep the state at the client
  static constexpr unsigned char kSessionContext[] = "nodal";
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);

  NODAL_TRY(show(context.get(), tls.certificate_pem, tls.key_pem, "server"));
  if (tls.client_ca_pem.empty()) return context;
  const int count = read_certificates(tls.client_ca_pem, [&](X509* ca) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca);
    SSL_CTX_add_client_CA(context.get(), ca);
  });
  if (count == 0) return fail(Errc::invalid, "client CA: no certificate in the PEM text");
  if (tls.require_client_certificate)
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  else
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, accept_any);
  return context;
}

Result<Context> client_context(const ClientTls& tls) {
  Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return fail(Errc::internal, "TLS: " + error_text());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (tls.insecure) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (tls.ca_pem.empty()) {
      SSL_CTX_set_default_verify_paths(context.get());
    } else {
      const int count = read_certificates(tls.ca_pem, [&](X509* ca) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca);
      });
      if (count == 0) return fail(Errc::invalid, "TLS: the CA is no PEM certificate");
    }
  }
  if (!tls.certificate_pem.empty())
    NODAL_TRY(show(context.get(), tls.certificate_pem, tls.key_pem, "TLS: client"));
  return context;
}

std::optional<PeerCertificate> peer_certificate(SSL* ssl) {
  const Certificate x509(SSL_get1_peer_certificate(ssl));
  if (!x509 || !is_verified(ssl)) return std::nullopt;
  PeerCertificate out;
  const X509_NAME* subject = X509_get_subject_name(x509.get());
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_organizationName, at)) >= 0;)
    out.organizations.push_back(text_of(X509_NAME_get_entry(subject, at)));
  // The last CN counts, as in Go's crypto/x509.
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
    out.common_name = text_of(X509_NAME_get_entry(subject, at));
  return out;
}

bool has_unverified_peer(SSL* ssl) {
  return SSL_get0_peer_certificate(ssl) != nullptr && !is_verified(ssl);
}

}  // namespace nodal::http::tls
