// nodectl/selection.cc — see selection.h.
#include "nodectl/selection.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "nodectl/document.h"
#include "nodectl/errors.h"
#include "nodectl/manifests.h"
#include "nodectl/requests.h"

namespace nodal::nodectl {

std::vector<Flag> file_flags(Selection& selection) {
  return {{.names = "-f,--filename",
           .value = "FILE",
           .help = "File, folder, or - for standard input; may be given again",
           .target = &selection.files,
           .offer = Offer::files},
          {.names = "-R,--recursive",
           .help = "With the folders inside of folders",
           .target = &selection.recursive}};
}

Flag selector_flag(Selection& selection) {
  return {.names = "-l,--selector",
          .value = "LABELS",
          .help = "Only what has these labels: app=web,tier in (a,b),!old",
          .target = &selection.selector};
}

Flag all_flag(Selection& selection) {
  return {.names = "--all",
          .help = "All objects of the types in the namespace",
          .target = &selection.all};
}

Flag namespaces_flag(Selection& selection) {
  return {.names = "-A,--all-namespaces",
          .help = "Of all namespaces",
          .target = &selection.all_namespaces};
}

Result<std::vector<Wanted>> parse_what(const Resources& resources,
                                       const std::vector<std::string>& what) {
  if (what.empty())
    return fail(Errc::invalid,
                "You must specify the type of resource: pods, for example, or TYPE/NAME. "
                "`nodectl api-resources` lists the types");
  std::vector<Wanted> out;
  if (what[0].find('/') != std::string::npos) {
    for (const auto& item : what) {
      const auto slash = item.find('/');
      if (slash == std::string::npos || item.find('/', slash + 1) != std::string::npos)
        return fail(Errc::invalid,
                    "there is no need to specify a resource type as a separate argument when "
                    "passing arguments in resource/name form (e.g. 'nodectl get resource/<name>' "
                    "instead of 'nodectl get resource resource/<name>'");
      if (slash + 1 == item.size())
        return fail(Errc::invalid,
                    text::cat("arguments in resource/name form must have a single resource and "
                              "name: ",
                              item));
      auto kind = NODAL_TRY(resources.by_name(item.substr(0, slash)));
      if (!out.empty() && out.back().kind.plural == kind.plural &&
          out.back().kind.group == kind.group)
        out.back().names.push_back(item.substr(slash + 1));
      else
        out.push_back({std::move(kind), {item.substr(slash + 1)}});
    }
    return out;
  }
  const std::vector<std::string> names(what.begin() + 1, what.end());
  for (const auto& name : names)
    if (name.find('/') != std::string::npos)
      return fail(Errc::invalid,
                  text::cat("there is no need to specify a resource type as a separate argument "
                            "when passing arguments in resource/name form: ",
                            what[0], " ", name));
  for (const auto type : text::split(what[0], ','))
    for (auto& kind : NODAL_TRY(resources.meant_by(type))) out.push_back({std::move(kind), names});
  return out;
}

Result<Session> open_session(const Globals& globals) {
  auto cluster = NODAL_TRY(connect(globals));
  auto resources = Resources::discover(*cluster.client);
  if (!resources) return std::unexpected(transport_error(resources.error(), cluster.server));
  return Session{std::move(cluster), std::move(*resources)};
}

Result<Target> target_of(const Session& session, const Globals& globals,
                         const boost::json::value& object, const std::string& source) {
  auto kind = session.resources.by_kind(text_at(object, "apiVersion"), text_at(object, "kind"));
  if (!kind)
    return fail(Errc::not_found, text::cat("resource mapping not found for name: \"",
                                           text_at(object, "metadata.name"), "\" namespace: \"",
                                           text_at(object, "metadata.namespace"), "\" from \"",
                                           source, "\": ", kind.error().message));
  const auto own = text_at(object, "metadata.namespace");
  if (kind->namespaced && !globals.ns.empty() && !own.empty() && own != globals.ns)
    return fail(Errc::invalid,
                text::cat("the namespace from the provided object \"", own,
                          "\" does not match the namespace \"", globals.ns,
                          "\". You must pass '--namespace=", own, "' to perform this operation."));
  return Target{*kind,
                !kind->namespaced ? ""
                : own.empty()     ? session.cluster.ns
                                  : own,
                text_at(object, "metadata.name"), object, source};
}

Result<Chosen> choose(Session& session, const Globals& globals, const Selection& selection) {
  Chosen out;
  auto manifests = NODAL_TRY(read_manifests(selection.files, selection.recursive));
  out.bad = std::move(manifests.bad);
  for (auto& manifest : manifests.objects) {
    auto target =
        target_of(session, globals, boost::json::value(std::move(manifest.object)), manifest.file);
    if (target)
      out.targets.push_back(std::move(*target));
    else
      out.bad.push_back(std::move(target).error());
  }
  if (!selection.files.empty()) {
    if (!selection.what.empty())
      return fail(Errc::invalid,
                  "when paths, URLs, or stdin is provided as input, you may not specify resource "
                  "arguments as well");
    return out;
  }
  for (const auto& [kind, names] : NODAL_TRY(parse_what(session.resources, selection.what))) {
    const auto ns = kind.namespaced ? session.cluster.ns : std::string();
    for (const auto& name : names) out.targets.push_back({kind, ns, name});
    if (!names.empty()) continue;
    if (selection.selector.empty() && selection.field_selector.empty() && !selection.all &&
        !selection.all_namespaces)
      return fail(Errc::invalid, "resource(s) were provided, but no name was specified");
    auto path = kind.path(selection.all_namespaces ? "" : session.cluster.ns);
    path = with_query(path, "labelSelector", selection.selector);
    path = with_query(path, "fieldSelector", selection.field_selector);
    const auto list = NODAL_TRY(ask(session.cluster, {.path = path}));
    for (const auto& item : list_at(list, "items"))
      out.targets.push_back(
          {kind, text_at(item, "metadata.namespace"), text_at(item, "metadata.name")});
  }
  return out;
}

}  // namespace nodal::nodectl
