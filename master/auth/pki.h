// master/auth/pki.h — the cluster's certificate authority: its keys, and the certificates it signs.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace nodal::master {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

/// What a certificate says.
struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> hosts;  ///< DNS names and IP addresses; makes it good for serving
  bool client = false;             ///< good for clients
};

/// ECDSA P-256 everywhere. The CA lives ten years, what it signs 90 days.
/// @source RFC 5280; SECURITY 15, 38
class Pki {
 public:
  /// Reads ca.crt and ca.key in `folder`, or makes them (key mode 0600, folder 0700).
  /// @errors invalid for files that are no CA; forbidden when others may read the key
  static Result<Pki> open(const std::string& folder, TimePoint now);

  [[nodiscard]] const std::string& ca_pem() const { return ca_.certificate_pem; }
  Result<KeyPair> sign(const CertificateRequest& request, TimePoint now) const;
  /// NAME.crt and NAME.key in the folder: kept while they say the same and have more than a quarter
  /// of their life, else signed anew.
  Result<KeyPair> keep(const std::string& name, const CertificateRequest& request,
                       TimePoint now) const;

 private:
  Pki(std::string folder, KeyPair ca) : folder_(std::move(folder)), ca_(std::move(ca)) {}

  std::string folder_;
  KeyPair ca_;
};

/// When three quarters of a certificate's life are over. @errors invalid when it is no certificate
Result<TimePoint> renew_after(const std::string& certificate_pem);

}  // namespace nodal::master
