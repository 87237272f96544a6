// nodectl/commands/port_forward.cc — port-forward: local ports that lead into a pod.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdio>
#include <list>
#include <thread>

#include "base/handle.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/pods.h"
#include "nodectl/requests.h"
#include "nodectl/stream_client.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  std::vector<std::string> args;
  std::string address = "127.0.0.1";
};

struct Forward {
  std::uint16_t local = 0, remote = 0;
  UniqueFd listener;
};

// LOCAL:REMOTE, :REMOTE (any local port), PORT (the same).
Result<Forward> parse(const std::string& text) {
  const auto colon = text.find(':');
  const auto local = text.substr(0, colon);
  const auto remote = colon == std::string::npos ? text : text.substr(colon + 1);
  Forward out;
  const auto to = text::number<std::uint16_t>(remote);
  const auto from =
      local.empty() ? std::optional<std::uint16_t>(0) : text::number<std::uint16_t>(local);
  if (!to || *to == 0 || !from)
    return fail(Errc::invalid, text::cat("invalid port format '", text, "': LOCAL:REMOTE"));
  out.local = *from;
  out.remote = *to;
  return out;
}

Result<> listen(Forward& forward, const std::string& address) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(forward.local);
  if (::inet_pton(AF_INET, address == "localhost" ? "127.0.0.1" : address.c_str(), &at.sin_addr) !=
      1)
    return fail(Errc::invalid, text::cat("--address ", address, " is no IPv4 address"));
  forward.listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(forward.listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(forward.listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(forward.listener.get(), 128) != 0)
    return fail_errno(errno, text::cat("unable to listen on port ", forward.local));
  socklen_t size = sizeof at;
  ::getsockname(forward.listener.get(), reinterpret_cast<sockaddr*>(&at), &size);
  forward.local = ntohs(at.sin_port);
  return {};
}

// A Service's port is that of its pods.
Result<std::uint16_t> target_port(const json::value& service, const json::value& pod,
                                  std::uint16_t port) {
  for (const auto& item : list_at(service, "spec.ports")) {
    if (int_at(item, "port") != port) continue;
    const auto* target = find(item, "targetPort");
    if (target == nullptr) return port;
    if (target->is_int64()) return static_cast<std::uint16_t>(target->get_int64());
    const auto name = text_of(*target);
    for (const auto& container : list_at(pod, "spec.containers"))
      for (const auto& own : list_at(container, "ports"))
        if (text_at(own, "name") == name)
          return static_cast<std::uint16_t>(int_at(own, "containerPort"));
    return fail(Errc::invalid, text::cat("the pod has no port named ", name));
  }
  return fail(Errc::invalid, text::cat("the Service does not have a port ", port));
}

Result<int> port_forward(const Globals& globals, const Options& o) {
  auto session = NODAL_TRY(open_session(globals));
  const auto pods = NODAL_TRY(pods_named(session, o.args[0], false));
  const auto& pod = pods[0];
  if (const auto phase = text_at(pod, "status.phase"); phase != "Running")
    return fail(
        Errc::invalid,
        text::cat("unable to forward port because pod is not running. Current status=", phase));
  json::value service;
  if (o.args[0].starts_with("svc/") || o.args[0].starts_with("service/") ||
      o.args[0].starts_with("services/")) {
    const auto services = NODAL_TRY(session.resources.by_name("services"));
    service = NODAL_TRY(ask(
        session.cluster,
        {.path = services.path(session.cluster.ns, o.args[0].substr(o.args[0].find('/') + 1))}));
  }
  std::vector<Forward> forwards;
  for (std::size_t i = 1; i < o.args.size(); ++i) {
    auto forward = NODAL_TRY(parse(o.args[i]));
    if (!service.is_null()) forward.remote = NODAL_TRY(target_port(service, pod, forward.remote));
    NODAL_TRY(listen(forward, o.address));
    forwards.push_back(std::move(forward));
  }
  for (const auto& forward : forwards)
    std::puts(text::cat("Forwarding from ", o.address, ":", forward.local, " -> ", forward.remote)
                  .c_str());
  std::fflush(stdout);
  const auto path =
      text::cat("/api/v1/namespaces/", http::percent_encode(session.cluster.ns), "/pods/",
                http::percent_encode(text_at(pod, "metadata.name")), "/portforward");
  while (true) {
    std::vector<pollfd> fds;
    for (const auto& forward : forwards) fds.push_back({forward.listener.get(), POLLIN, 0});
    if (::poll(fds.data(), fds.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "poll");
    }
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      UniqueFd socket(::accept4(fds[i].fd, nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket) continue;
      std::puts(text::cat("Handling connection for ", forwards[i].local).c_str());
      std::fflush(stdout);
      // Ends with its connection, at the latest with this process.
      std::thread([&globals, path, port = forwards[i].remote, socket = std::move(socket)] {
        auto tunnel = open_websocket(globals, path, "SPDY/3.1+portforward.k8s.io");
        auto done = tunnel ? forward(std::move(*tunnel), socket.get(), port)
                           : Result<>(std::unexpected(tunnel.error()));
        if (!done)
          std::fputs(
              text::cat("error forwarding port ", port, ": ", printable(done.error().message), "\n")
                  .c_str(),
              stderr);
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
      .flags =
          {{.names = "--address", .value = "IP", .help = "Where to listen", .target = &o->address}},
      .args = &o->args,
      .least_args = 2,
      .offer = Offer::pods,
      .examples = {"nodectl port-forward web 8080:80", "nodectl port-forward service/web 8080:80"},
      .run = [o, &globals] { return port_forward(globals, *o); }};
}

}  // namespace nodal::nodectl
