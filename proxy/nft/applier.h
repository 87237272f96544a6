// proxy/nft/applier.h — the only file of the proxy that talks to libnftables.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

struct nft_ctx;

namespace nodal::proxy::nft {

/// Runs nft commands in process. Thread: one owner (a nft_ctx is not thread-safe).
/// Privilege: CAP_NET_ADMIN in the network namespace of the thread that opens it.
class Applier {
 public:
  static Result<Applier> open();
  Applier(Applier&&) noexcept;
  Applier& operator=(Applier&&) noexcept;
  ~Applier();

  /// One atomic batch; what it printed. After an error the kernel is unchanged.
  /// @errors not_found when something it names is absent, else internal; nft's own words
  enum class Output { plain, with_handles };
  Result<std::string> run(const std::string& batch, Output output = Output::plain);

 private:
  struct Free {
    void operator()(nft_ctx* context) const;
  };
  explicit Applier(nft_ctx* context);
  std::unique_ptr<nft_ctx, Free> context_;
};

}  // namespace nodal::proxy::nft
