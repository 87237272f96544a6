// nodectl/commands/port_forward.cc — port-forward: local ports that lead into a pod, as long as it
// is there.
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <boost/json/array.hpp>
#include <cstdio>
#include <thread>

#include "base/handle.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/forwarding.h"
#include "nodectl/pods.h"
#include "nodectl/requests.h"
#include "nodectl/stream_client.h"
#include "nodectl/wait_for.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kLookAgain{1};

struct Options {
  std::vector<std::string> args, addresses;
};

struct Listener {
  UniqueFd fd;
  ForwardedPort port;
  std::string shown;  ///< "127.0.0.1:8080"
};

// A local port that was any is one for the addresses to come.
Result<Listener> listen_at(const std::string& ip, ForwardedPort& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* raw = nullptr;
  if (const int error = ::getaddrinfo(ip.c_str(), text::cat(port.local).c_str(), &hints, &raw);
      error != 0)
    return fail(Errc::invalid, text::cat(ip, ": ", ::gai_strerror(error)));
  const Handle<addrinfo, ::freeaddrinfo> address(raw);
  UniqueFd fd(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address->ai_family == AF_INET6)
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd.get(), address->ai_addr, address->ai_addrlen) != 0 || ::listen(fd.get(), 128) != 0)
    return fail_errno(errno, text::cat("listen on ", ip));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  // Both families have the port at the same place.
  port.local = ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port);
  const bool v6 = address->ai_family == AF_INET6;
  return Listener{std::move(fd), port, text::cat(v6 ? "[" : "", ip, v6 ? "]:" : ":", port.local)};
}

// Of localhost's addresses one is enough, and one of those that were named as such.
Result<> listen(ForwardedPort port, const std::vector<LocalAddress>& addresses,
                std::vector<Listener>& out) {
  std::vector<std::string> problems;
  bool good[2] = {}, bad[2] = {};
  for (const auto& address : addresses) {
    auto listener = listen_at(address.ip, port);
    (listener ? good : bad)[address.of_name ? 1 : 0] = true;
    if (listener)
      out.push_back(std::move(*listener));
    else
      problems.push_back(listener.error().message);
  }
  if ((bad[0] && !good[0]) || (bad[1] && !good[1]))
    return fail(Errc::unavailable,
                text::cat("Unable to listen on port ", port.local,
                          ": Listeners failed to create with the following errors: [",
                          text::join(problems, " "), "]"));
  return {};
}

// Returns when the pod has ended; or never, to who may not look at it.
void await_end(const Globals& globals, const Target& pod, const std::string& uid) {
  for (;;) {
    auto cluster = connect(globals);
    const auto ended = cluster
                           ? follow(*cluster, pod, Deadline({}),
                                    [&](const json::value* now) -> Result<bool> {
                                      if (now == nullptr || text_at(*now, "metadata.uid") != uid)
                                        return true;
                                      const auto phase = text_at(*now, "status.phase");
                                      return phase == "Succeeded" || phase == "Failed";
                                    })
                           : Result<>(std::unexpected(cluster.error()));
    if (ended) return;
    std::this_thread::sleep_for(kLookAgain);
  }
}

void carry(const Globals& globals, const std::string& path, UniqueFd socket, std::uint16_t port) {
  auto tunnel = open_websocket(globals, path, "SPDY/3.1+portforward.k8s.io");
  const auto done = tunnel ? forward(std::move(*tunnel), socket.get(), port)
                           : Result<>(std::unexpected(tunnel.error()));
  if (!done)
    std::fputs(
        text::cat("error forwarding port ", port, ": ", printable(done.error().message), "\n")
            .c_str(),
        stderr);
}

Result<int> port_forward(const Globals& globals, const Options& o) {
  const auto addresses = NODAL_TRY(
      local_addresses(o.addresses.empty() ? std::vector<std::string>{"localhost"} : o.addresses));
  auto session = NODAL_TRY(open_session(globals));
  const auto pods = NODAL_TRY(pods_named(session, o.args[0], false));
  const auto& pod = pods[0];
  if (const auto phase = text_at(pod, "status.phase"); phase != "Running")
    return fail(
        Errc::invalid,
        text::cat("unable to forward port because pod is not running. Current status=", phase));
  json::value service;
  if (const auto slash = o.args[0].find('/'); slash != std::string::npos) {
    const auto kind = NODAL_TRY(session.resources.by_name(o.args[0].substr(0, slash)));
    if (kind.kind == "Service")
      service = NODAL_TRY(ask(
          session.cluster, {.path = kind.path(session.cluster.ns, o.args[0].substr(slash + 1))}));
  }
  std::vector<ForwardedPort> ports;
  for (std::size_t i = 1; i < o.args.size(); ++i)
    ports.push_back(NODAL_TRY(forwarded_port(o.args[i], pod, service)));
  std::vector<Listener> listeners;
  bool any = false;
  for (const auto& port : ports) {
    const auto done = listen(port, addresses, listeners);
    any = any || done;
    if (!done) std::fputs(text::cat(done.error().message, "\n").c_str(), stderr);
  }
  if (!any) return fail(Errc::unavailable, "unable to listen on any of the requested ports");
  for (const auto& listener : listeners)
    std::puts(text::cat("Forwarding from ", listener.shown, " -> ", listener.port.remote).c_str());
  std::fflush(stdout);

  const Target target{NODAL_TRY(session.resources.by_name("pods")), session.cluster.ns,
                      text_at(pod, "metadata.name")};
  // Both kinds of thread end at the latest with this process.
  const int over = ::eventfd(0, EFD_CLOEXEC);
  std::thread([&globals, target, uid = text_at(pod, "metadata.uid"), over] {
    await_end(globals, target, uid);
    ::eventfd_write(over, 1);
  }).detach();
  const auto path = target.path() + "/portforward";
  std::vector<pollfd> fds;
  for (const auto& listener : listeners) fds.push_back({listener.fd.get(), POLLIN, 0});
  fds.push_back({over, POLLIN, 0});
  while (true) {
    if (::poll(fds.data(), fds.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "poll");
    }
    if (fds.back().revents != 0) return fail(Errc::unavailable, "lost connection to pod");
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      if (fds[i].revents == 0) continue;
      UniqueFd socket(::accept4(fds[i].fd, nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket) continue;
      std::puts(text::cat("Handling connection for ", listeners[i].port.local).c_str());
      std::fflush(stdout);
      std::thread([&globals, path, port = listeners[i].port.remote,
                   socket = std::move(socket)]() mutable {
        carry(globals, path, std::move(socket), port);
      }).detach();
    }
  }
}

}  // namespace

Command port_forward_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return {
      .name = "port-forward",
      .help = "Local ports that lead into a pod",
      .usage = "(POD | TYPE/NAME) [LOCAL:]REMOTE …",
      .group = kLookGroup,
      .flags = {{.names = "--address",
                 .value = "IP",
                 .help = "Where to listen: IPs, or localhost (what it is without this flag), "
                         "separated by commas; may be given again",
                 .target = &o->addresses}},
      .args = &o->args,
      .least_args = 2,
      .offer = Offer::pods,
      .examples = {"nodectl port-forward web 8080:80", "nodectl port-forward service/web 8080:http",
                   "nodectl port-forward deployment/web :80 --address=localhost,10.0.0.5"},
      .run = [o, &globals] { return port_forward(globals, *o); }};
}

}  // namespace nodal::nodectl
