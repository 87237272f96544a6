// proxy/nft/forward_gate.cc — see forward_gate.h.
#include "proxy/nft/forward_gate.h"

#include "base/text.h"

namespace nodal::proxy::nft {
namespace {

constexpr std::string_view kMark = "nodal-pods";

// The handles of our rules in a listing with handles: "… comment "nodal-pods" # handle 12".
std::vector<std::string_view> own_handles(std::string_view listing) {
  std::vector<std::string_view> out;
  for (const auto line : text::split(listing, '\n')) {
    if (line.find(kMark) == std::string_view::npos) continue;
    const auto at = line.rfind("# handle ");
    if (at != std::string_view::npos) out.push_back(text::trim(line.substr(at + 9)));
  }
  return out;
}

}  // namespace

Result<> ForwardGate::open_for(const std::vector<net::Cidr>& pods) {
  const auto listing = applier_.run("list chain ip filter FORWARD");
  if (!listing) {
    if (listing.error().code == Errc::not_found) return {};
    return wrap("look at the host's FORWARD chain", listing.error());
  }
  std::string batch;
  for (const auto& cidr : pods) {
    if (cidr.base().is_v6()) continue;
    for (const char* side : {"saddr", "daddr"})
      if (listing->find(text::cat(side, " ", cidr.text())) == std::string::npos)
        batch += text::cat("insert rule ip filter FORWARD ip ", side, " ", cidr.text(),
                           " counter accept comment \"", kMark, "\"\n");
  }
  if (batch.empty()) return {};
  if (auto done = applier_.run(batch); !done)
    return wrap("open the host's FORWARD chain for pods", done.error());
  return {};
}

Result<> ForwardGate::close() {
  const auto listing = applier_.run("list chain ip filter FORWARD", Applier::Output::with_handles);
  if (!listing) return {};
  std::string batch;
  for (const auto handle : own_handles(*listing))
    batch += text::cat("delete rule ip filter FORWARD handle ", handle, "\n");
  if (batch.empty()) return {};
  if (auto done = applier_.run(batch); !done)
    return wrap("close the host's FORWARD chain for pods", done.error());
  return {};
}

}  // namespace nodal::proxy::nft
