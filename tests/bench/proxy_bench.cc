// tests/bench/proxy_bench.cc — the nftables dataplane at 100 to 10,000 Services of two endpoints: a
// full load, one endpoint's change, beside the same elements handed to nft in one batch.
#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "proxy/nft/dataplane.h"

namespace nodal::proxy {
namespace {

using Watch = std::chrono::steady_clock;

double milliseconds(Watch::time_point begun) {
  return std::chrono::duration<double, std::milli>(Watch::now() - begun).count();
}

ServicePtr service(int i, int moved = 0) {
  auto out = std::make_shared<ServiceEntry>();
  out->namespace_ = "default";
  out->name = text::cat("s", i);
  out->cluster_ips = {*net::IpAddress::parse(
      text::cat("10.", 96 + i / 60000, ".", i / 250 % 250, ".", i % 250 + 1))};
  ServicePort port;
  port.port = 80;
  for (int e = 0; e < 2; ++e) {
    Endpoint endpoint;
    endpoint.address = {
        *net::IpAddress::parse(text::cat("10.244.", i / 100 % 250, ".", (i % 100) * 2 + e + 1)),
        static_cast<std::uint16_t>(8080 + (e == 1 ? moved : 0))};
    port.endpoints.push_back(endpoint);
  }
  out->ports.push_back(port);
  return out;
}

std::string floor_batch(int count) {
  std::string services, endpoints;
  for (int i = 0; i < count; ++i) {
    const auto entry = service(i);
    const auto ip = entry->cluster_ips[0].text();
    services += text::cat(i ? "," : "", ip, " . tcp . 80 : goto pick-2");
    for (int e = 0; e < 2; ++e)
      endpoints += text::cat(
          i + e ? "," : "", ip, " . tcp . 80 . ", e, " : ",
          entry->ports[0].endpoints[static_cast<std::size_t>(e)].address.ip.text(), " . 8080");
  }
  return text::cat(
      "add table ip floor\nadd map ip floor services { type ipv4_addr . inet_proto . inet_service "
      ": verdict; }\n"
      "add map ip floor endpoints { typeof ip daddr . meta l4proto . th dport . numgen random mod "
      "65535 : ip daddr . th dport; }\n"
      "add chain ip floor pick-2\n"
      "add element ip floor services {",
      services, "}\nadd element ip floor endpoints {", endpoints, "}\n");
}

int run(int count) {
  if (::unshare(CLONE_NEWNET) != 0) {
    std::perror("unshare");
    return 1;
  }
  auto plane = nft::NftDataplane::open({.dns = {}});
  if (!plane) {
    std::printf("%s\n", plane.error().message.c_str());
    return 1;
  }
  ServiceSnapshot want;
  for (int i = 0; i < count; ++i) {
    const auto entry = service(i);
    want = want.with(text::cat("default/", entry->name), entry);
  }
  NodeView node;
  node.name = "bench";
  auto begun = Watch::now();
  if (auto done = (*plane)->sync(want, node, {.everything = true}); !done) {
    std::printf("%s\n", done.error().message.c_str());
    return 1;
  }
  const double load = milliseconds(begun);
  std::vector<double> changes;
  for (int n = 0; n < 100; ++n) {
    const int which = n * 97 % count;
    want = want.with(text::cat("default/s", which), service(which, n % 2 + 1));
    Changes since{.everything = false, .services = {}};
    since.services.insert(text::cat("default/s", which));
    begun = Watch::now();
    if (auto done = (*plane)->sync(want, node, since); !done) {
      std::printf("%s\n", done.error().message.c_str());
      return 1;
    }
    changes.push_back(milliseconds(begun));
  }
  std::ranges::sort(changes);
  const auto folder = text::cat("/tmp/nodal-bench-", ::getpid(), ".nft");
  if (!file::write(folder, floor_batch(count))) return 1;
  begun = Watch::now();
  const int code = std::system(text::cat("nft -f ", folder).c_str());
  const double floor = milliseconds(begun);
  static_cast<void>(file::remove(folder));
  if (code != 0) std::puts("  the floor's batch failed");
  std::printf(
      "%6d Services × 2: full load %7.0f ms   floor (nft -f, one batch) %7.0f ms   ratio %.2f   "
      "one endpoint's change p50 %.2f ms, p99 %.2f ms\n",
      count, load, floor, load / floor, changes[50], changes[99]);
  return 0;
}

}  // namespace
}  // namespace nodal::proxy

int main() {
  for (const int count : {100, 1000, 10000}) {
    const pid_t child = ::fork();
    if (child == 0)
      std::_Exit((std::setvbuf(stdout, nullptr, _IOLBF, 0), nodal::proxy::run(count)));
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) return 1;
  }
  return 0;
}
