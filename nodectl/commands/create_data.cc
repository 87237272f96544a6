// nodectl/commands/create_data.cc — create configmap, create secret generic|tls.
#include <boost/json/array.hpp>

#include "api-client/codec/names.h"
#include "base/file.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/commands/create.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostBytes = 1 << 20;  // of what one ConfigMap or Secret may hold

struct Options {
  Creating creating;
  std::vector<std::string> args, literals, files, env_files;
  std::string type, certificate, key;
};

Result<> put(json::object& out, const std::string& key, const std::string& bytes, bool encoded) {
  if (const auto problem = names::config_key(key); !problem.empty())
    return fail(Errc::invalid, text::cat("\"", key, "\" is not valid key name: ", problem));
  auto& data = make_object(out, encoded || text::is_utf8(bytes) ? "data" : "binaryData");
  if (data.contains(key))
    return fail(Errc::invalid, text::cat("cannot add key \"", key,
                                         "\", another key by that name already exists in Data"));
  data[key] = encoded || !text::is_utf8(bytes) ? text::base64(bytes) : bytes;
  return {};
}

std::string base_name(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Result<> put_file(json::object& out, const std::string& source, bool encoded) {
  const auto equals = source.find('=');
  const auto path = equals == std::string::npos ? source : source.substr(equals + 1);
  if (const auto names = file::list(path); names && equals == std::string::npos) {
    for (const auto& name : *names)
      if (const auto bytes = file::read(text::cat(path, "/", name), kMostBytes);
          bytes && names::config_key(name).empty())
        NODAL_TRY(put(out, name, *bytes, encoded));
    return {};
  }
  return put(out, equals == std::string::npos ? base_name(path) : source.substr(0, equals),
             NODAL_TRY(file::read(path, kMostBytes)), encoded);
}

Result<int> create(const Globals& globals, const Options& o, bool secret) {
  auto object = new_object("v1", secret ? "Secret" : "ConfigMap", o.args[0]);
  for (auto& [key, value] : NODAL_TRY(data_from(o.literals, o.files, o.env_files, secret)))
    object[key] = std::move(value);
  if (!o.type.empty()) object["type"] = o.type;
  return create_object(globals, o.creating, std::move(object));
}

std::vector<Flag> source_flags(Options& o) {
  return {{.names = "--from-literal",
           .value = "KEY=VALUE",
           .help = "A value; may be given again",
           .target = &o.literals},
          {.names = "--from-file",
           .value = "[KEY=]PATH",
           .help = "A file, or each file of a folder; may be given again",
           .target = &o.files,
           .offer = Offer::files},
          {.names = "--from-env-file",
           .value = "PATH",
           .help = "Lines KEY=VALUE; may be given again",
           .target = &o.env_files,
           .offer = Offer::files}};
}

Command secret_tls(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  o->creating.doing = "failed to create secret";
  Command out{.name = "tls",
              .help = "A certificate and its key",
              .usage = "NAME --cert=FILE --key=FILE",
              .group = kChangeGroup,
              .flags = {{.names = "--cert",
                         .value = "FILE",
                         .help = "Certificate, PEM",
                         .target = &o->certificate,
                         .offer = Offer::files},
                        {.names = "--key",
                         .value = "FILE",
                         .help = "Its private key, PEM",
                         .target = &o->key,
                         .offer = Offer::files}},
              .args = &o->args,
              .least_args = 1,
              .most_args = 1,
              .examples = {"nodectl create secret tls site --cert=site.crt --key=site.key"},
              .run = [o, &globals]() -> Result<int> {
                if (o->certificate.empty() || o->key.empty())
                  return fail(Errc::invalid, "key and cert must be specified");
                o->files = {text::cat("tls.crt=", o->certificate), text::cat("tls.key=", o->key)};
                o->type = "kubernetes.io/tls";
                return create(globals, *o, true);
              }};
  for (auto& flag : creating_flags(o->creating)) out.flags.push_back(std::move(flag));
  return out;
}

Command secret_generic(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  o->creating.doing = "failed to create secret";
  Command out{.name = "generic",
              .help = "A secret of files and values",
              .usage = "NAME",
              .group = kChangeGroup,
              .flags = source_flags(*o),
              .args = &o->args,
              .least_args = 1,
              .most_args = 1,
              .examples = {"nodectl create secret generic word --from-literal=password=s3cret",
                           "nodectl create secret generic keys --from-file=id=key.pem"},
              .run = [o, &globals] { return create(globals, *o, true); }};
  out.flags.push_back(
      {.names = "--type", .value = "TYPE", .help = "Its type (Opaque)", .target = &o->type});
  for (auto& flag : creating_flags(o->creating)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace

Result<json::object> data_from(const std::vector<std::string>& literals,
                               const std::vector<std::string>& files,
                               const std::vector<std::string>& env_files, bool encoded) {
  json::object out;
  for (const auto& literal : literals) {
    const auto equals = literal.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Errc::invalid,
                  text::cat("invalid literal source ", literal, ", expected key=value"));
    auto value = literal.substr(equals + 1);
    if (value.size() > 1 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
      value = value.substr(1, value.size() - 2);
    NODAL_TRY(put(out, literal.substr(0, equals), value, encoded));
  }
  for (const auto& source : files) NODAL_TRY(put_file(out, source, encoded));
  for (const auto& path : env_files) {
    const auto text = NODAL_TRY(file::read(path, kMostBytes));
    for (auto line : text::split(text, '\n')) {
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || line[0] == '#') continue;
      const auto equals = line.find('=');
      if (equals == std::string_view::npos) {
        // A name alone: its value here.
        const char* value = std::getenv(std::string(line).c_str());
        if (value != nullptr) NODAL_TRY(put(out, std::string(line), value, encoded));
        continue;
      }
      NODAL_TRY(put(out, std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)),
                    encoded));
    }
  }
  return out;
}

Command create_config_map_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  o->creating.doing = "failed to create configmap";
  Command out{.name = "configmap",
              .help = "Make a ConfigMap of files and values",
              .usage = "NAME",
              .group = kChangeGroup,
              .flags = source_flags(*o),
              .args = &o->args,
              .least_args = 1,
              .most_args = 1,
              .examples = {"nodectl create configmap conf --from-literal=greeting=hello"},
              .run = [o, &globals] { return create(globals, *o, false); },
              .aliases = {"cm"}};
  for (auto& flag : creating_flags(o->creating)) out.flags.push_back(std::move(flag));
  return out;
}

Command create_secret_command(const Globals& globals) {
  return {.name = "secret",
          .help = "Make a Secret",
          .group = kChangeGroup,
          .examples = {"nodectl create secret generic word --from-literal=password=s3cret",
                       "nodectl create secret tls site --cert=site.crt --key=site.key"},
          .commands = {secret_generic(globals), secret_tls(globals)}};
}

}  // namespace nodal::nodectl
