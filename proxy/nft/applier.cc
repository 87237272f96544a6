// proxy/nft/applier.cc — see applier.h.
#include "proxy/nft/applier.h"

#include <nftables/libnftables.h>

#include "base/text.h"

namespace nodal::proxy::nft {

void Applier::Free::operator()(nft_ctx* context) const { nft_ctx_free(context); }

Applier::Applier(nft_ctx* context) : context_(context) {}
Applier::Applier(Applier&&) noexcept = default;
Applier& Applier::operator=(Applier&&) noexcept = default;
Applier::~Applier() = default;

Result<Applier> Applier::open() {
  nft_ctx* context = nft_ctx_new(NFT_CTX_DEFAULT);
  if (context == nullptr) return fail(Errc::internal, "open nftables: out of memory or no netlink");
  Applier applier(context);
  nft_ctx_buffer_output(context);
  nft_ctx_buffer_error(context);
  return applier;
}

Result<std::string> Applier::run(const std::string& batch, Output output_form) {
  nft_ctx_output_set_flags(context_.get(),
                           output_form == Output::with_handles ? NFT_CTX_OUTPUT_HANDLE : 0);
  const int status = nft_run_cmd_from_buffer(context_.get(), batch.c_str());
  // Reading a buffer empties it.
  std::string output = nft_ctx_get_output_buffer(context_.get());
  const std::string errors = nft_ctx_get_error_buffer(context_.get());
  if (status == 0) return output;
  const auto line_end = errors.find('\n');
  const Errc code = errors.find("No such file or directory") != std::string::npos ? Errc::not_found
                                                                                  : Errc::internal;
  return fail(code, text::cat("nft: ", text::trim(errors.substr(0, line_end))));
}

}  // namespace nodal::proxy::nft
