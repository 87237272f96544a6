// nodectl/pods.cc — see pods.h.
#include "nodectl/pods.h"

#include <cstdio>

#include "base/text.h"
#include "nodectl/document.h"
#include "nodectl/log_sources.h"
#include "nodectl/requests.h"

namespace nodal::nodectl {

namespace json = boost::json;

Result<json::array> pods_selected(Session& session, const std::string& selector) {
  const auto pods = NODAL_TRY(session.resources.by_name("pods"));
  return list_at(NODAL_TRY(ask(session.cluster, {.path = with_query(pods.path(session.cluster.ns),
                                                                    "labelSelector", selector)})),
                 "items");
}

Result<json::array> pods_named(Session& session, const std::string& argument, bool all) {
  const auto slash = argument.find('/');
  const auto kind = NODAL_TRY(
      session.resources.by_name(slash == std::string::npos ? "pods" : argument.substr(0, slash)));
  const auto name = slash == std::string::npos ? argument : argument.substr(slash + 1);
  const auto object =
      NODAL_TRY(ask(session.cluster, {.path = kind.path(session.cluster.ns, name)}));
  if (kind.kind == "Pod") return json::array{object};
  const auto selector = pod_selector(object);
  if (selector.empty())
    return fail(Errc::invalid, text::cat(kind.kind, " ", name, " has no pods of its own"));
  auto found = by_readiness(NODAL_TRY(pods_selected(session, selector)));
  if (found.empty())
    return fail(Errc::not_found, text::cat("no pods of ", argument, " were found"));
  if (!all && found.size() > 1) {
    std::fputs(text::cat("Found ", found.size(), " pods, using pod/",
                         text_at(found[0], "metadata.name"), "\n")
                   .c_str(),
               stderr);
    found.resize(1);
  }
  return found;
}

}  // namespace nodal::nodectl
