// nodectl/selection.h — which objects a command is about: TYPE NAME …, TYPE/NAME, files, selectors.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "nodectl/command_line.h"
#include "nodectl/context.h"
#include "nodectl/resources.h"

namespace nodal::nodectl {

/// What the flags and arguments of most commands say.
struct Selection {
  std::vector<std::string> what;  ///< TYPE [NAME…], TYPE/NAME …, TYPE,TYPE
  std::vector<std::string> files;
  std::string selector, field_selector;
  bool all = false, all_namespaces = false, recursive = false;
};

/// -f, -R
std::vector<Flag> file_flags(Selection& selection);
/// -l
Flag selector_flag(Selection& selection);
/// --all
Flag all_flag(Selection& selection);
/// -A
Flag namespaces_flag(Selection& selection);

/// Kinds and the names given of each; no names: all of them.
struct Wanted {
  ResourceKind kind;
  std::vector<std::string> names;
};
/// @errors invalid, not_found
Result<std::vector<Wanted>> parse_what(const Resources& resources,
                                       const std::vector<std::string>& what);

/// One object.
struct Target {
  ResourceKind kind;
  std::string ns, name;
  boost::json::value manifest{};  ///< of a file; null for what was named
  std::string source{};           ///< the file

  [[nodiscard]] std::string path() const { return kind.path(ns, name); }
  /// "deployment.apps/web"
  [[nodiscard]] std::string printed() const { return kind.printed() + "/" + name; }
};

/// A connection and what it serves.
struct Session {
  Cluster cluster;
  Resources resources;
};
Result<Session> open_session(const Globals& globals);

/// The objects, and the documents of files that are none: for_each() goes on with the former, tells
/// the latter.
struct Chosen {
  std::vector<Target> targets;
  std::vector<Error> bad;

  [[nodiscard]] bool empty() const { return targets.empty() && bad.empty(); }
};
/// Those that a selector or --all chooses are looked up.
/// @errors invalid when nothing is named; of the server
Result<Chosen> choose(Session& session, const Globals& globals, const Selection& selection);
/// Where an object of a file belongs.
/// @errors not_found (the kind), invalid (another namespace than -n says)
Result<Target> target_of(const Session& session, const Globals& globals,
                         const boost::json::value& object, const std::string& source);

}  // namespace nodal::nodectl
