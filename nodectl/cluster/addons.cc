// nodectl/cluster/addons.cc — see addons.h.
#include "nodectl/cluster/addons.h"

#include "base/file.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace nodal::nodectl {

const std::vector<Addon>& known_addons() {
  static const std::vector<Addon> kAddons{{"ingress", "HTTP from outside to Services, by nginx",
                                           "/usr/lib/nginx/modules/ngx_http_lua_module.so",
                                           "nginx-light libnginx-mod-http-lua"}};
  return kAddons;
}

Result<> remove_addon(const Layout& layout, const std::string& name) {
  const auto program = text::cat(layout.programs, "/nodal-", name);
  if (!file::exists(program)) return {};
  Subprocess remove;
  remove.program = program;
  remove.arguments = {"--remove", "--folder", text::cat(layout.run, "/", name)};
  remove.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  const auto done = NODAL_TRY(run_program(remove));
  if (done.exit_code == 0) return {};
  return fail(Errc::internal, text::cat(program, " --remove: ", text::trim(done.errors)));
}

}  // namespace nodal::nodectl
