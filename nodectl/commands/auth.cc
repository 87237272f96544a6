// nodectl/commands/auth.cc — auth: who we are to the server, and what we may do.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/access_rules.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/print/format.h"
#include "nodectl/print/tabs.h"
#include "nodectl/requests.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  std::vector<std::string> what;
  std::string subresource, output;
  bool list = false, quiet = false, no_headers = false, everywhere = false;
};

Result<json::value> review(Cluster& cluster, const char* api, const char* kind, const char* plural,
                           json::object spec) {
  json::object body{{"apiVersion", api}, {"kind", kind}, {"metadata", json::object{}}};
  if (!spec.empty()) body["spec"] = std::move(spec);
  return ask(cluster, {.path = text::cat("/apis/", api, "/", plural),
                       .method = "POST",
                       .body = codec::to_text(body)});
}

void warn(const std::string& text) {
  std::fputs(text::cat("Warning: ", printable(text), "\n\n").c_str(), stderr);
}

std::string in_group(const std::string& group) {
  return group.empty() ? "" : text::cat(" in group '", group, "'");
}

// What TYPE[.GROUP][/NAME] asks for.
json::object resource_attributes(const Session& session, const Options& o) {
  const auto& what = o.what[1];
  const auto slash = what.find('/');
  auto resource = what.substr(0, slash);
  std::string group;
  const auto ns = o.everywhere ? std::string() : session.cluster.ns;
  if (const auto kind = session.resources.by_name(resource); resource == "*") {
    // Every one there is.
  } else if (kind) {
    resource = kind->plural;
    group = kind->group;
    if (!kind->namespaced && !ns.empty())
      warn(text::cat("resource '", resource, "' is not namespace scoped", in_group(group)));
  } else {
    if (const auto dot = resource.find('.'); dot != std::string::npos) {
      group = resource.substr(dot + 1);
      resource.resize(dot);
    }
    warn(text::cat("the server doesn't have a resource type '", resource, "'", in_group(group)));
  }
  json::object out{{"verb", o.what[0]}, {"group", group}, {"resource", resource}};
  if (!ns.empty()) out["namespace"] = ns;
  if (!o.subresource.empty()) out["subresource"] = o.subresource;
  if (slash != std::string::npos) out["name"] = what.substr(slash + 1);
  return out;
}

Result<int> list(Cluster& cluster, const Options& o) {
  const auto answer = NODAL_TRY(review(cluster, "authorization.k8s.io/v1", "SelfSubjectRulesReview",
                                       "selfsubjectrulesreviews", {{"namespace", cluster.ns}}));
  if (bool_at(answer, "status.incomplete"))
    std::fputs(text::cat("warning: the list may be incomplete: ",
                         printable(text_at(answer, "status.evaluationError")), "\n")
                   .c_str(),
               stderr);
  std::string out = o.no_headers ? "" : "Resources\tNon-Resource URLs\tResource Names\tVerbs\n";
  out += access_rules(answer);
  std::fputs(for_output(align_tabs(out, 6, 3)).c_str(), stdout);
  return 0;
}

Result<int> can_i(const Globals& globals, const Options& o) {
  if (o.list) {
    if (!o.what.empty())
      return fail(Errc::invalid, "list option must be specified with no arguments");
    auto cluster = NODAL_TRY(connect(globals));
    return list(cluster, o);
  }
  if (o.what.size() != 2)
    return fail(Errc::invalid,
                "you must specify two arguments: verb resource or verb resource/resourceName.\n"
                "See 'nodectl auth can-i -h' for help and examples.");
  if (!is_known_verb(o.what[0])) warn(text::cat("verb '", o.what[0], "' is not a known verb"));
  auto session = NODAL_TRY(open_session(globals));
  const bool url = o.what[1].starts_with('/');
  if (url && !o.subresource.empty())
    return fail(Errc::invalid, "--subresource can not be used with NonResourceURL");
  json::object spec;
  if (url)
    spec["nonResourceAttributes"] = json::object{{"path", o.what[1]}, {"verb", o.what[0]}};
  else
    spec["resourceAttributes"] = resource_attributes(session, o);
  const auto answer =
      NODAL_TRY(review(session.cluster, "authorization.k8s.io/v1", "SelfSubjectAccessReview",
                       "selfsubjectaccessreviews", std::move(spec)));
  const bool allowed = bool_at(answer, "status.allowed");
  std::string said = allowed ? "yes" : "no";
  for (const auto* why : {"status.reason", "status.evaluationError"})
    if (const auto text = text_at(answer, why); !allowed && !text.empty())
      said += text::cat(" - ", text);
  if (!o.quiet) std::puts(printable(said).c_str());
  return allowed ? 0 : 1;
}

Result<int> whoami(const Globals& globals, const Options& o) {
  const auto format = NODAL_TRY(parse_format(o.output));
  auto session = NODAL_TRY(open_session(globals));
  const auto answer = NODAL_TRY(review(session.cluster, "authentication.k8s.io/v1",
                                       "SelfSubjectReview", "selfsubjectreviews", {}));
  if (!format.is_table()) {
    std::fputs(for_output(NODAL_TRY(print_object(format, session.resources, answer))).c_str(),
               stdout);
    return 0;
  }
  const auto names = [](const json::array& list) {
    std::vector<std::string> out;
    for (const auto& item : list) out.push_back(text_of(item));
    return text::cat("[", text::join(out, " "), "]");
  };
  std::string out = "ATTRIBUTE\tVALUE\n";
  if (const auto user = text_at(answer, "status.userInfo.username"); !user.empty())
    out += text::cat("Username\t", user, "\n");
  if (const auto uid = text_at(answer, "status.userInfo.uid"); !uid.empty())
    out += text::cat("UID\t", uid, "\n");
  if (const auto& groups = list_at(answer, "status.userInfo.groups"); !groups.empty())
    out += text::cat("Groups\t", names(groups), "\n");
  const auto& extra = object_at(answer, "status.userInfo.extra");
  for (const auto& key : keys_of(extra))
    if (const auto* values = extra.at(key).if_array())
      out += text::cat("Extra: ", key, "\t", names(*values), "\n");
  std::fputs(for_output(align_tabs(out, 6, 3)).c_str(), stdout);
  return 0;
}

}  // namespace

Command auth_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command may{
      .name = "can-i",
      .help = "Whether we may do something",
      .usage = "VERB TYPE | TYPE/NAME | /URL",
      .group = kOtherGroup,
      .flags =
          {{.names = "--list", .help = "All that we may do in the namespace", .target = &o->list},
           {.names = "-q,--quiet",
            .help = "Print nothing; the exit code tells",
            .target = &o->quiet},
           {.names = "-A,--all-namespaces", .help = "In all namespaces", .target = &o->everywhere},
           {.names = "--no-headers",
            .help = "With --list: without the head line",
            .target = &o->no_headers},
           {.names = "--subresource",
            .value = "NAME",
            .help = "Of the object: log, scale, …",
            .target = &o->subresource}},
      .args = &o->what,
      .examples = {"nodectl auth can-i create deployments -n prod", "nodectl auth can-i --list"},
      .run = [o, &globals] { return can_i(globals, *o); }};
  Command who{.name = "whoami",
              .help = "Who we are to the server",
              .group = kOtherGroup,
              .flags = {{.names = "-o,--output",
                         .value = "FORMAT",
                         .help = "json, yaml, …",
                         .target = &o->output,
                         .offer = Offer::words,
                         .words = kFormats}},
              .examples = {"nodectl auth whoami"},
              .run = [o, &globals] { return whoami(globals, *o); }};
  return {.name = "auth",
          .help = "Who we are to the server, and what we may do",
          .group = kOtherGroup,
          .examples = {"nodectl auth can-i delete pods"},
          .commands = {std::move(may), std::move(who)}};
}

}  // namespace nodal::nodectl
