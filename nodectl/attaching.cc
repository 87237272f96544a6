// nodectl/attaching.cc — see attaching.h.
#include "nodectl/attaching.h"

#include <unistd.h>

#include <boost/json/array.hpp>
#include <cstdio>

#include "base/text.h"
#include "nodectl/document.h"
#include "nodectl/log_sources.h"

namespace nodal::nodectl {
namespace {

void say(std::string_view line) { std::fputs(text::cat(line, "\n").c_str(), stderr); }

Result<std::string> container_in(const boost::json::value& pod, const Attaching& wanted) {
  const auto source = NODAL_TRY(log_sources(pod, wanted.container, false)).at(0);
  if (!wanted.quiet && !source.notice.empty()) say(printable(source.notice));
  return source.container;
}

bool is_over(const boost::json::value& pod) {
  const auto phase = text_at(pod, "status.phase");
  return phase == "Succeeded" || phase == "Failed";
}

bool usable_terminal(bool quiet) {
  if (::isatty(STDIN_FILENO) != 0) return true;
  if (!quiet) say("Unable to use a TTY - input is not a terminal or the right kind of file");
  return false;
}

bool has_tty(const boost::json::value& pod, const std::string& container) {
  for (const auto* list : {"spec.containers", "spec.initContainers", "spec.ephemeralContainers"})
    for (const auto& one : list_at(pod, list))
      if (text_at(one, "name") == container) return bool_at(one, "tty");
  return false;
}

}  // namespace

std::string stream_path(std::string_view ns, std::string_view pod, std::string_view verb,
                        std::string_view container, bool input, bool tty,
                        const std::vector<std::string>& command) {
  auto path = text::cat("/api/v1/namespaces/", http::percent_encode(ns), "/pods/",
                        http::percent_encode(pod), "/", verb,
                        "?container=", http::percent_encode(container), "&stdout=true",
                        input ? "&stdin=true" : "", tty ? "&tty=true" : "&stderr=true");
  for (const auto& word : command) path += text::cat("&command=", http::percent_encode(word));
  return path;
}

Result<int> execute(const Globals& globals, const std::string& ns, const boost::json::value& pod,
                    const Attaching& wanted, const std::vector<std::string>& command) {
  if (is_over(pod))
    return fail(Errc::invalid,
                text::cat("cannot exec into a container in a completed pod; current phase is ",
                          text_at(pod, "status.phase")));
  const auto container = NODAL_TRY(container_in(pod, wanted));
  const bool tty = wanted.tty && usable_terminal(wanted.quiet);
  const auto connection = NODAL_TRY(open_websocket(
      globals,
      stream_path(ns, text_at(pod, "metadata.name"), "exec", container, wanted.input, tty, command),
      "v5.channel.k8s.io"));
  return converse(*connection, wanted.input, tty, false, wanted.ends);
}

Result<int> attach(const Globals& globals, const std::string& ns, const boost::json::value& pod,
                   const Attaching& wanted) {
  if (is_over(pod))
    return fail(Errc::invalid,
                text::cat("cannot attach a container in a completed pod; current phase is ",
                          text_at(pod, "status.phase")));
  const auto name = text_at(pod, "metadata.name");
  const auto container = NODAL_TRY(container_in(pod, wanted));
  // The process has a terminal or it has none; what the user asks for must be the same.
  const bool its_own = has_tty(pod, container);
  if (wanted.tty && !its_own && !wanted.quiet)
    say(text::cat("error: Unable to use a TTY - container ", container, " did not allocate one"));
  const bool raw = its_own && wanted.input && usable_terminal(wanted.quiet);
  if (!wanted.quiet) say("If you don't see a command prompt, try pressing enter.");
  const auto connection = NODAL_TRY(
      open_websocket(globals, stream_path(ns, name, "attach", container, wanted.input, its_own, {}),
                     "v5.channel.k8s.io"));
  const int code = NODAL_TRY(converse(*connection, wanted.input, raw, true, wanted.ends));
  if (!wanted.quiet && raw && text_at(pod, "spec.restartPolicy") == "Always")
    std::puts(text::cat("Session ended, resume using '", wanted.how, " ", name, " -c ", container,
                        " -i -t' command when the pod is running")
                  .c_str());
  return code;
}

Result<PodEnd> end_of_pod(const boost::json::value& pod) {
  const auto name =
      text::cat(text_at(pod, "metadata.namespace"), "/", text_at(pod, "metadata.name"));
  const auto phase = text_at(pod, "status.phase");
  if (phase == "Succeeded") return PodEnd{};
  if (phase != "Failed")
    return fail(Errc::internal, text::cat("pod ", name, " left in phase ", phase));
  const auto& containers = list_at(pod, "status.containerStatuses");
  const auto* ended = containers.empty() ? nullptr : find(containers[0], "state.terminated");
  const auto code = ended == nullptr ? 0 : int_at(*ended, "exitCode");
  if (code == 0)
    return fail(Errc::internal, text::cat("pod ", name, " failed with unknown exit code"));
  const auto message = text_at(*ended, "message");
  return PodEnd{static_cast<int>(code),
                text::cat("pod ", name, " terminated (", text_at(*ended, "reason"), ")",
                          message.empty() ? "" : "\n", text::trim(message))};
}

}  // namespace nodal::nodectl
