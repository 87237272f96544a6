// nodectl/writing.h — what commands that change something share: dry runs, -o, and what they print.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "nodectl/print/format.h"
#include "nodectl/requests.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {

struct Writing {
  std::string dry_run = "none", output, field_manager, validate = "strict";
};
/// --dry-run, -o, --field-manager
std::vector<Flag> writing_flags(Writing& writing);
/// --validate
Flag validate_flag(Writing& writing);

/// Sends what a command changes, or shows what it would.
class Writer {
 public:
  /// @param manager  the field manager that kubectl uses for this command: so the two may take
  /// turns
  /// @errors invalid: a value of --dry-run, --validate or -o
  static Result<Writer> make(Session& session, const Writing& writing, std::string_view manager);

  /// True when nothing may be sent.
  [[nodiscard]] bool only_here() const { return client_; }
  /// @param bare  see Ask
  Result<boost::json::value> post(const Target& target, const boost::json::value& object,
                                  std::string_view doing = "", bool bare = false);
  Result<boost::json::value> put(const Target& target, const boost::json::value& object,
                                 std::string_view doing = "");
  /// @param body  the patch's text
  Result<boost::json::value> patch(const Target& target, std::string_view type,
                                   const std::string& body, std::string_view doing = "",
                                   std::string_view more_query = "",
                                   std::string_view subresource = "");
  /// "deployment.apps/web created", or the object as -o says.
  Result<> tell(const Target& target, std::string_view done, const boost::json::value& object);

 private:
  Writer(Session& session) : session_(session) {}
  [[nodiscard]] std::string query(std::string path) const;

  Session& session_;
  Format format_;
  std::string manager_, validation_;
  bool client_ = false, server_ = false, headings_ = true;
};

/// --record: the annotation, and what the user typed as its value.
constexpr const char* kChangeCause = "kubernetes.io/change-cause";
std::string typed_command();
Flag record_flag(bool& record);

/// Strategic for the kinds that are known here, else a merge patch.
const char* patch_type(const ResourceKind& kind);
/// The patch that turns `before` into `after`, of the type above; "{}" when they are alike.
Result<std::string> patch_between(const ResourceKind& kind, const boost::json::value& before,
                                  const boost::json::value& after);

/// Reads the object (that of the file, when nothing may be sent and there is one), lets `edit`
/// change it, sends the difference, tells `done`; nothing is sent or told when nothing changed and
/// `unchanged` is "".
Result<> change_object(Session& session, Writer& writer, const Target& target,
                       std::string_view done, std::string_view unchanged,
                       const std::function<Result<>(boost::json::object& object)>& edit);

/// Runs `change` for each; errors are printed and leave the others. The exit code is the answer.
Result<int> for_each(const std::vector<Target>& targets,
                     const std::function<Result<>(const Target&)>& change);
Result<int> for_each(const Chosen& chosen, const std::function<Result<>(const Target&)>& change);

}  // namespace nodal::nodectl
