// cni/ipam/store.cc — exclusive creation is the lease; a half-written file is nobody's.
#include "cni/ipam/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "cni/ipam/range.h"

namespace nodal::cni::ipam {
namespace {

Result<> put(const std::string& path, std::string_view bytes, int flags) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600));
  if (!fd) return fail_errno(errno, path);
  if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    const int error = errno;
    if (flags & O_EXCL) ::unlink(path.c_str());
    return fail_errno(error, path);
  }
  return {};
}

}  // namespace

Result<Store> Store::open(const std::string& folder, const std::string& network) {
  auto mine = text::cat(folder, "/", network);
  NODAL_TRY(file::make_folders(mine, 0700));
  auto lock = NODAL_TRY(file::lock(mine + "/lock", std::chrono::seconds(20)));
  return Store(std::move(mine), std::move(lock));
}

Result<std::vector<Store::Lease>> Store::leases() const {
  std::vector<Lease> out;
  for (const auto& name : NODAL_TRY(file::list(folder_))) {
    const auto ip = net::IpAddress::parse(name);
    if (!ip) continue;
    const auto text = NODAL_TRY(file::read(text::cat(folder_, "/", name), 4096));
    const auto lines = text::split(text, '\n');
    Attachment owner;
    if (lines.size() >= 2) owner = {std::string(lines[0]), std::string(lines[1])};
    out.push_back({*ip, std::move(owner)});
  }
  return out;
}

Result<Store::Taken> Store::take(const std::vector<net::Cidr>& subnets, const Attachment& owner) {
  const auto have = NODAL_TRY(leases());
  std::set<net::IpAddress> taken;
  for (const auto& lease : have) {
    taken.insert(lease.ip);
    if (lease.owner != owner) continue;
    for (const auto& subnet : subnets)
      if (subnet.contains(lease.ip)) return Taken{lease.ip, subnet, false};
  }
  const auto last =
      net::IpAddress::parse(text::trim(file::read(folder_ + "/last", 64).value_or(std::string())));
  for (const auto& subnet : subnets) {
    const auto ip =
        next_free(subnet, last, [&](const net::IpAddress& a) { return taken.contains(a); });
    if (!ip) continue;
    NODAL_TRY(put(text::cat(folder_, "/", ip->text()),
                  text::cat(owner.container_id, "\n", owner.interface, "\n"), O_EXCL));
    (void)put(folder_ + "/last", ip->text(), O_TRUNC);  // only a hint
    return Taken{*ip, subnet, true};
  }
  return fail(Errc::not_found, "every address is taken");
}

Result<> Store::release(const Attachment& owner) {
  for (const auto& lease : NODAL_TRY(leases()))
    if (lease.owner == owner) NODAL_TRY(file::remove(text::cat(folder_, "/", lease.ip.text())));
  return {};
}

}  // namespace nodal::cni::ipam
