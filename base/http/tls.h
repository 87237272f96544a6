// base/http/tls.h — OpenSSL for both ends of a connection: contexts, certificates, their owners.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "base/handle.h"
#include "base/http/client.h"
#include "base/http/message.h"
#include "base/http/server.h"
#include "base/result.h"

namespace nodal::http::tls {

using Ssl = Handle<SSL, SSL_free>;
using Session = Handle<SSL_SESSION, SSL_SESSION_free>;
using Context = std::shared_ptr<SSL_CTX>;

/// The oldest error of this thread's queue, which is empty afterwards.
std::string error_text();

/// @errors invalid: PEM that cannot be read
Result<Context> server_context(const ServerTls& tls);
Result<Context> client_context(const ClientTls& tls);

/// Whom the client's certificate names; nothing without one that verifies.
std::optional<PeerCertificate> peer_certificate(SSL* ssl);
/// The client has shown a certificate that does not verify: expired, or of another CA.
bool has_unverified_peer(SSL* ssl);

}  // namespace nodal::http::tls
