// master/api/handlers/health.cc — /version, /healthz, /livez, /readyz, /metrics.
#include <sys/utsname.h>

#include <algorithm>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

void answer_text(Call& call, int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"Cache-Control", "no-cache, private"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.append(std::move(body));
  call.note(status);
  call.responder->send(std::move(response));
}

bool is_excluded(const Call& call, std::string_view check) {
  const auto excluded = call.info.parameters("exclude");
  return std::ranges::find(excluded, check) != excluded.end();
}

// @param path  "readyz", or "readyz/store" for one check alone
void checks(Call& call, std::string_view path) {
  const auto slash = path.find('/');
  const auto name = path.substr(0, slash);

  struct Check {
    std::string_view name;
    bool good;
  };
  // The store answers when its revision can be read; the rest has no way to be half alive.
  std::vector<Check> list{{"ping", true},
                          {"store", call.api->parts().kv->revision() > 0 || !call.api->ready()}};
  if (name == "readyz") list.push_back({"bootstrap", call.api->ready()});
  if (slash != std::string_view::npos) {
    const auto one = std::ranges::find(list, path.substr(slash + 1), &Check::name);
    if (one == list.end()) return call.fail(errors::no_such_path().error());
    return answer_text(call, one->good ? 200 : 500, one->good ? "ok" : "not ready\n");
  }
  bool good = true;
  std::string lines;
  for (const auto& check : list) {
    if (is_excluded(call, check.name)) {
      lines += text::cat("[+]", check.name, " excluded: ok\n");
      continue;
    }
    good = good && check.good;
    lines += text::cat(check.good ? "[+]" : "[-]", check.name,
                       check.good ? " ok\n" : " failed: not ready\n");
  }
  lines += text::cat(name, good ? " check passed\n" : " check failed\n");
  if (!good) return answer_text(call, 500, std::move(lines));
  answer_text(call, 200, call.info.has_parameter("verbose") ? std::move(lines) : std::string("ok"));
}

std::string version_json() {
  utsname machine{};
  ::uname(&machine);
  const std::string_view arch = std::string_view(machine.machine) == "x86_64" ? "amd64"
                                : std::string_view(machine.machine) == "aarch64"
                                    ? "arm64"
                                    : std::string_view(machine.machine);
  // The API level that kubectl compares itself with, then our own version.
  return text::cat(
      R"({"major":"1","minor":"33","gitVersion":"v1.33.0+nodal-)", NODAL_VERSION,
      R"(","gitCommit":"","gitTreeState":"clean","buildDate":"","goVersion":"none","compiler":"gcc","platform":"linux/)",
      arch, "\"}");
}

}  // namespace

bool health(Call& call) {
  std::string_view path = call.info.path;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto root = path.substr(0, path.find('/', 1));
  const bool is_check = root == "/healthz" || root == "/livez" || root == "/readyz";
  if (!is_check && path != "/version" && path != "/metrics" && path != "/") return false;
  if (call.info.verb != "get" && call.info.verb != "head") {
    call.fail(errors::method_not_allowed().error());
  } else if (path == "/version") {
    call.answer(200, version_json());
  } else if (path == "/metrics") {
    answer_text(call, 200, call.api->metrics().text());
  } else if (path == "/") {
    call.answer(
        200,
        std::string(
            R"({"paths":["/.well-known/openid-configuration","/api","/apis","/healthz","/livez","/metrics","/openapi/v2","/openapi/v3","/openid/v1/jwks","/readyz","/version"]})"));
  } else {
    checks(call, path.substr(1));
  }
  return true;
}

}  // namespace nodal::master::handlers
