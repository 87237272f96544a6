// nodectl/wait_for.cc — see wait_for.h.
#include "nodectl/wait_for.h"

#include "base/text.h"
#include "nodectl/document.h"
#include "nodectl/requests.h"

namespace nodal::nodectl {

Result<> follow(Cluster& cluster, const Target& target, const Deadline& deadline,
                const Seen& seen) {
  const auto list = with_query(target.kind.path(target.ns), "fieldSelector",
                               text::cat("metadata.name=", target.name));
  for (;;) {
    // A list's revision is where the watch begins, whether the object is there or not.
    const auto now = NODAL_TRY(ask(cluster, {.path = list}));
    const auto& items = list_at(now, "items");
    if (NODAL_TRY(seen(items.empty() ? nullptr : &items[0]))) return {};
    if (deadline.over())
      return fail(Errc::timed_out, text::cat("timed out waiting for the condition on ",
                                             target.kind.plural, "/", target.name));
    auto path = with_query(with_query(list, "watch", "true"), "resourceVersion",
                           text_at(now, "metadata.resourceVersion"));
    // The server ends the watch when time is over.
    if (const auto left = deadline.left())
      path = with_query(path, "timeoutSeconds", text::cat(left->count()));
    Result<bool> enough = false;
    const auto watched = ask_events(cluster, {.path = path},
                                    [&](const std::string& type, const boost::json::value& object) {
                                      enough = seen(type == "DELETED" ? nullptr : &object);
                                      return enough && !*enough;
                                    });
    if (!enough) return std::unexpected(enough.error());
    if (*enough) return {};
    if (!watched && watched.error().code != Errc::gone) return watched;
  }
}

Result<> wait_until_gone(Cluster& cluster, const Target& target, const std::string& uid,
                         const Deadline& deadline) {
  return follow(cluster, target, deadline, [&](const boost::json::value* object) -> Result<bool> {
    return object == nullptr || (!uid.empty() && text_at(*object, "metadata.uid") != uid);
  });
}

}  // namespace nodal::nodectl
