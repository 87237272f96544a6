// ingress/render.cc — see render.h.
#include "ingress/render.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace nodal::ingress {
namespace {

using Match = Location::Match;

// A literal text as a regular expression.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(R"(\^$.|?*+()[]{})").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// The pattern of a location that is tried in its turn.
std::string pattern(const Location& location) {
  if (location.match == Match::regex) return text::cat("^", location.path);
  if (location.path == "/") return "^/";
  return text::cat("^", escaped(location.path), "(/|$)");
}

class Renderer {
 public:
  Renderer(const Model& model, const RenderOptions& options) : model_(model), options_(options) {}

  std::string run() {
    head();
    bool fallback = false, any_tls = false;
    for (const auto& server : model_.servers) {
      fallback = fallback || server.host.empty();
      any_tls = any_tls || (server.host.empty() && !server.certificate.empty());
      add_server(server);
    }
    if (!fallback) add_server({});
    // A TLS name that nobody has gets no certificate of somebody else's.
    if (!any_tls)
      line(text::cat("  server { ", listen(options_.https_port, " default_server ssl http2"),
                     " ssl_reject_handshake on; }"));
    line("}");
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string listen(int port, std::string_view how) const {
    std::string out = text::cat("listen ", port, how, ";");
    if (options_.ipv6) out += text::cat(" listen [::]:", port, how, ";");
    return out;
  }

  void line(std::string_view text) { out_ += text::cat(text, "\n"); }

  void head() {
    line("# Written by nodal-ingress; changes are overwritten.");
    if (!options_.user.empty()) line(text::cat("user ", quoted(options_.user), ";"));
    line("load_module /usr/lib/nginx/modules/ndk_http_module.so;");
    line("load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;");
    line("worker_processes auto;");
    line("worker_rlimit_nofile 65536;");
    line("worker_shutdown_timeout 60s;");
    line(text::cat("pid ", quoted(options_.folder + "/nginx.pid"), ";"));
    line(text::cat("error_log ", quoted(options_.error_log), " warn;"));
    line(text::cat("working_directory ", quoted(options_.folder + "/tmp"), ";"));
    line("events { worker_connections 16384; multi_accept on; }");
    line("http {");
    for (const char* name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      line(text::cat("  ", name, "_temp_path ", quoted(text::cat(options_.folder, "/tmp/", name)),
                     ";"));
    line("  access_log off;");
    line("  server_tokens off;");
    line("  tcp_nodelay on;");
    line("  keepalive_timeout 75s;");
    line("  keepalive_requests 100000;");
    line("  server_names_hash_bucket_size 512;");
    line("  server_names_hash_max_size 16384;");
    line("  variables_hash_max_size 4096;");
    line("  map_hash_bucket_size 256;");
    line("  ssl_protocols TLSv1.2 TLSv1.3;");
    line("  ssl_session_cache shared:tls:10m;");
    line("  ssl_session_tickets off;");
    line("  map $http_upgrade $nodal_connection { default upgrade; '' ''; }");
    line("  proxy_http_version 1.1;");
    line("  proxy_connect_timeout 5s;");
    line("  proxy_read_timeout 60s;");
    line("  proxy_next_upstream error timeout;");
    line("  proxy_next_upstream_tries 3;");
    // In `server` and `location` nothing else sets a header, so that these are inherited
    // everywhere.
    line("  proxy_set_header Host $http_host;");
    line("  proxy_set_header Upgrade $http_upgrade;");
    line("  proxy_set_header Connection $nodal_connection;");
    line("  proxy_set_header X-Real-IP $remote_addr;");
    line("  proxy_set_header X-Forwarded-For $remote_addr;");
    line("  proxy_set_header X-Forwarded-Host $http_host;");
    line("  proxy_set_header X-Forwarded-Port $server_port;");
    line("  proxy_set_header X-Forwarded-Proto $scheme;");
    line("  proxy_set_header X-Forwarded-Scheme $scheme;");
    line("  proxy_set_header X-Scheme $scheme;");
    line("  proxy_set_header X-Request-ID $request_id;");
    line("  proxy_set_header Proxy \"\";");
    balancer();
  }

  // The endpoints live in memory that all workers share; nodal-ingress writes them through the
  // control socket.
  void balancer() {
    line("  lua_shared_dict nodal_endpoints 16m;");
    line("  upstream nodal {");
    line("    server 0.0.0.1;");
    line(text::cat("    balancer_by_lua_file ", quoted(options_.folder + "/balancer.lua"), ";"));
    line("    keepalive 256; keepalive_requests 10000; keepalive_timeout 60s;");
    line("  }");
    line("  server {");
    line(text::cat("    listen ",
                   quoted(text::cat("unix:", options_.folder, "/private/control.sock")), ";"));
    line("    client_max_body_size 1m; client_body_buffer_size 1m;");
    line(text::cat("    location = /endpoints { content_by_lua_file ",
                   quoted(options_.folder + "/control.lua"), "; }"));
    line("  }");
  }

  void add_server(const Server& server) {
    line("  server {");
    const char* fallback = server.host.empty() ? " default_server" : "";
    line(text::cat("    ", listen(options_.http_port, fallback)));
    if (server.host.empty()) {
      line("    server_name _;");
    } else if (server.host.starts_with("*.")) {
      line(text::cat("    server_name ",
                     quoted(text::cat("~^[^.]+", escaped(server.host.substr(1)), "$")), ";"));
    } else {
      line(text::cat("    server_name ", quoted(server.host), ";"));
    }
    if (!server.certificate.empty()) {
      line(text::cat("    ", listen(options_.https_port, text::cat(fallback, " ssl http2"))));
      const auto file = quoted(certificate_file(options_, server.certificate));
      line(text::cat("    ssl_certificate ", file, ";"));
      line(text::cat("    ssl_certificate_key ", file, ";"));
    }
    const bool in_turn = std::ranges::any_of(
        server.locations, [](const Location& l) { return l.match == Match::regex; });
    bool whole = false;
    std::set<std::string_view> exact;
    for (const auto& location : server.locations) {
      whole = whole || (location.match == Match::prefix && location.path == "/");
      if (location.match == Match::exact) exact.insert(location.path);
      add_location(location, in_turn, exact.contains(location.path));
    }
    if (!whole)
      line(R"(    location / { default_type text/plain; return 404 "default backend - 404\n"; })");
    line("  }");
  }

  // Patterns are tried in their order, so where there is one the prefixes are patterns as well;
  // else nginx finds the longest prefix itself. An exact path has that path before a prefix does.
  void add_location(const Location& location, bool in_turn, bool is_taken) {
    if (location.match == Match::exact)
      return body(text::cat("= ", quoted(location.path)), location);
    if (in_turn) return body(text::cat("~ ", quoted(pattern(location))), location);
    if (location.path == "/") return body("/", location);
    if (!is_taken) body(text::cat("= ", quoted(location.path)), location);
    body(quoted(location.path + "/"), location);
  }

  void body(const std::string& match, const Location& location) {
    line(text::cat("    location ", match, " {"));
    if (location.to_https)
      line("      if ($scheme != https) { return 308 https://$host$request_uri; }");
    if (location.backend.service.empty()) {
      line(R"(      default_type text/plain; return 503 "no Service takes this request\n";)");
    } else {
      // Before the rewrite, whose `break` ends such lines.
      line(text::cat("      set $nodal_backend ", quoted(location.backend.key()), ";"));
      if (!location.rewrite.empty())
        line(text::cat("      rewrite ", quoted(pattern(location)), " ", quoted(location.rewrite),
                       " break;"));
      line("      proxy_pass http://nodal;");
    }
    line("    }");
  }

  const Model& model_;
  const RenderOptions& options_;
  std::string out_;
};

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string certificate_file(const RenderOptions& options, std::string_view secret) {
  std::string name(secret);
  std::ranges::replace(name, '/', '_');  // which no name of Kubernetes has
  return text::cat(options.folder, "/tls/", name, ".pem");
}

std::string render(const Model& model, const RenderOptions& options) {
  return Renderer(model, options).run();
}

}  // namespace nodal::ingress
