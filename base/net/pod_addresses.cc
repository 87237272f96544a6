// base/net/pod_addresses.cc — see pod_addresses.h.
#include "base/net/pod_addresses.h"

#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/file.h"
#include "base/text.h"

namespace nodal::net {
namespace {

std::string read_link(const std::string& path) {
  char target[PATH_MAX];
  const auto size = ::readlink(path.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

std::string PodAddresses::path(const IpAddress& address) const {
  return text::cat(folder_, "/", address.text());
}

Result<> PodAddresses::put(const IpAddress& address, std::string_view pod_namespace,
                           std::string_view sandbox) {
  const auto target = text::cat(pod_namespace, "/", sandbox);
  const auto fresh = text::cat(folder_, "/.", sandbox, "-", address.text());
  NODAL_TRY(file::make_folders(folder_, 0755));
  NODAL_TRY(file::remove(fresh));
  if (::symlink(target.c_str(), fresh.c_str()) != 0) return fail_errno(errno, fresh);
  if (::rename(fresh.c_str(), path(address).c_str()) != 0) return fail_errno(errno, path(address));
  return {};
}

void PodAddresses::remove(const IpAddress& address, std::string_view sandbox) {
  const auto at = path(address);
  if (read_link(at).ends_with(text::cat("/", sandbox))) ::unlink(at.c_str());
}

std::string PodAddresses::namespace_of(const IpAddress& address) const {
  const auto target = read_link(path(address));
  return target.substr(0, target.find('/'));
}

}  // namespace nodal::net
