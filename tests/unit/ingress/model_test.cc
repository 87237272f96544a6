// tests/unit/ingress/model_test.cc — Ingresses become servers and locations; what cannot be served
// is told.
#include "ingress/model.h"

#include <gtest/gtest.h>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "ingress/render.h"

namespace nodal::ingress {
namespace {

IngressPtr made(const std::string& name, const std::string& spec,
                const std::string& annotations = "{}", int second = 0) {
  auto out = codec::decode<networking_v1::Ingress>(
                 text::cat(R"({"metadata":{"namespace":"ns","name":")", name, R"(","uid":")", name,
                           R"(","annotations":)", annotations, R"(},"spec":)", spec, "}"))
                 .value();
  out.metadata.creation_timestamp = TimePoint{std::chrono::seconds(second)};
  return std::make_shared<const networking_v1::Ingress>(std::move(out));
}

std::string path(const std::string& path, const std::string& type,
                 const std::string& service = "web", const std::string& port = R"({"number":80})") {
  return text::cat(R"({"path":")", path, R"(","pathType":")", type,
                   R"(","backend":{"service":{"name":")", service, R"(","port":)", port, "}}}");
}
std::string rule(const std::string& host, const std::string& paths) {
  return text::cat(R"({"rules":[{"host":")", host, R"(","http":{"paths":[)", paths, "]}}]}");
}

Inputs inputs(std::vector<IngressPtr> ingresses) {
  Inputs out;
  out.ingresses = std::move(ingresses);
  out.classes = {"nginx"};
  out.services["ns/web"] = std::make_shared<const core_v1::Service>(
      codec::decode<core_v1::Service>(
          R"({"metadata":{"namespace":"ns","name":"web"},"spec":{"ports":[{"name":"http","port":80}]}})")
          .value());
  return out;
}

// "host: path>backend …" of every server.
std::string told(const Plan& plan) {
  std::string out;
  for (const auto& server : plan.model.servers) {
    out += text::cat(out.empty() ? "" : "; ", server.host, ":");
    for (const auto& location : server.locations)
      out += text::cat(" ",
                       location.match == Location::Match::exact   ? "="
                       : location.match == Location::Match::regex ? "~"
                                                                  : "",
                       location.path, location.backend.service.empty() ? "!" : "");
  }
  return out;
}

TEST(IngressModel, ExactComesFirstThenTheLonger) {
  const auto p =
      plan(inputs({made("a", rule("h", path("/", "Prefix") + "," + path("/api/", "Prefix") + "," +
                                           path("/api/v1", "Exact") + "," +
                                           path("/(x)", "ImplementationSpecific")))}));
  EXPECT_EQ(told(p), "h: =/api/v1 /api ~/(x) /");
  EXPECT_TRUE(p.problems.empty());
}

TEST(IngressModel, OfTwoTheOlderHasThePath) {
  const auto p = plan(inputs({made("young", rule("h", path("/", "Prefix")), "{}", 2),
                              made("old", rule("h", path("/", "Prefix")), "{}", 1)}));
  EXPECT_EQ(told(p), "h: /");
  ASSERT_EQ(p.problems.size(), 1u);
  EXPECT_EQ(p.problems[0].ingress->metadata.name, "young");
}

TEST(IngressModel, ClassesDecideWhoseItIs) {
  const std::set<std::string> ours{"nginx"};
  EXPECT_TRUE(is_ours(*made("a", "{}"), ours));
  EXPECT_TRUE(is_ours(*made("a", R"({"ingressClassName":"nginx"})"), ours));
  EXPECT_FALSE(is_ours(*made("a", R"({"ingressClassName":"other"})"), ours));
  EXPECT_FALSE(is_ours(*made("a", "{}", R"({"kubernetes.io/ingress.class":"other"})"), ours));
}

TEST(IngressModel, WhatIsMissingIsSaidAndAnswered503) {
  const auto p = plan(
      inputs({made("a", rule("h", path("/a", "Prefix", "nowhere") + "," +
                                      path("/b", "Prefix", "web", R"({"name":"https"})") + "," +
                                      path("/c", "Prefix", "web", R"({"name":"http"})")))}));
  EXPECT_EQ(told(p), "h: /a! /b! /c");
  ASSERT_EQ(p.problems.size(), 2u);
  EXPECT_EQ(p.problems[0].message, "Service ns/nowhere does not exist");
  EXPECT_EQ(p.problems[1].message, "Service ns/web has no port https");
}

TEST(IngressModel, TlsNeedsItsSecret) {
  auto in = inputs({made("a", R"({"tls":[{"hosts":["h"],"secretName":"s"}],)" +
                                  rule("h", path("/", "Prefix")).substr(1))});
  auto p = plan(in);
  EXPECT_EQ(p.model.servers[0].certificate, "");
  EXPECT_FALSE(p.model.servers[0].locations[0].to_https);
  EXPECT_EQ(p.problems.size(), 1u);
  in.certificates = {"ns/s"};
  p = plan(in);
  EXPECT_EQ(p.model.servers[0].certificate, "ns/s");
  EXPECT_TRUE(p.model.servers[0].locations[0].to_https);
}

TEST(IngressModel, AWildcardOfTlsCoversOneLabel) {
  const auto server = [&](const std::string& host) {
    auto in = inputs({made("a", R"({"tls":[{"hosts":["*.x.org"],"secretName":"s"}],)" +
                                    rule(host, path("/", "Prefix")).substr(1))});
    in.certificates = {"ns/s"};
    return plan(in).model.servers.at(0);
  };
  EXPECT_EQ(server("a.x.org").certificate, "ns/s");
  EXPECT_EQ(server("*.x.org").certificate, "ns/s");
  EXPECT_EQ(server("a.b.x.org").certificate, "");
  EXPECT_EQ(server("x.org").certificate, "");
}

TEST(IngressModel, ARewriteToThePathItselfIsNone) {
  const auto p = plan(inputs({made("a", rule("h", path("/", "Prefix")),
                                   R"({"nginx.ingress.kubernetes.io/rewrite-target":"/"})")}));
  EXPECT_EQ(told(p), "h: /");
  EXPECT_EQ(p.model.servers[0].locations[0].rewrite, "");
}

TEST(IngressModel, ARewriteHasCapturesAndNothingElse) {
  const auto with = [&](const std::string& target) {
    return plan(inputs(
        {made("a", rule("h", path("/x/(.*)", "Prefix")),
              text::cat(R"({"nginx.ingress.kubernetes.io/rewrite-target":")", target, "\"}"))}));
  };
  EXPECT_EQ(with("/y/$1").model.servers[0].locations[0].rewrite, "/y/$1");
  EXPECT_EQ(with("/$http_cookie").model.servers[0].locations[0].rewrite, "");
  EXPECT_EQ(with("/$http_cookie").problems.size(), 1u);
}

bool has_host(const Model& model, std::string_view host) {
  return std::ranges::any_of(model.servers, [&](const Server& s) { return s.host == host; });
}

TEST(IngressModel, WhatTheServerRefusesIsFoundAndTheRestServed) {
  std::vector<IngressPtr> all;
  for (int i = 0; i < 9; ++i)
    all.push_back(made(text::cat("i", i), rule(text::cat("h", i), path("/", "Prefix")), "{}", i));
  int asked = 0;
  const auto refused = [&](const auto& bad) {
    asked = 0;
    return find_refused(inputs(all), [&](const Model& model) -> Result<bool> {
      ++asked;
      return !bad(model);
    });
  };
  using Uids = std::set<std::string>;
  EXPECT_EQ(refused([](const Model& m) { return has_host(m, "h4"); }), Uids{"i4"});
  EXPECT_LE(asked, 12) << "by halves";
  // Each is good alone: the younger one has to go.
  EXPECT_EQ(refused([](const Model& m) { return has_host(m, "h2") && has_host(m, "h7"); }),
            Uids{"i7"});
  EXPECT_EQ(refused([](const Model& m) { return has_host(m, "h0") || has_host(m, "h8"); }),
            (Uids{"i0", "i8"}));
  const auto nobodys_fault = refused([](const Model&) { return true; });
  ASSERT_FALSE(nobodys_fault);
  EXPECT_EQ(nobodys_fault.error().code, Errc::unavailable);
}

TEST(IngressModel, EndpointsAreTheReadyOnesOrThoseThatStillServe) {
  const auto slices = [](const std::string& endpoints) {
    return std::vector{std::make_shared<const discovery_v1::EndpointSlice>(
        codec::decode<discovery_v1::EndpointSlice>(
            text::cat(
                R"({"addressType":"IPv4","ports":[{"name":"http","port":8080}],"endpoints":[)",
                endpoints, "]}"))
            .value())};
  };
  const Backend web{"ns/web", "http", 80};
  const std::string ready = R"({"addresses":["10.0.0.1"]})";
  const std::string ending =
      R"({"addresses":["10.0.0.2"],"conditions":{"ready":false,"serving":true,"terminating":true}})";
  using List = std::vector<std::string>;
  EXPECT_EQ(endpoints_of(web, slices(ready + "," + ending)), List{"10.0.0.1:8080"});
  EXPECT_EQ(endpoints_of(web, slices(ending)), List{"10.0.0.2:8080"});
  EXPECT_EQ(endpoints_of({"ns/web", "other", 81}, slices(ready)), List{});
}

TEST(IngressRender, EveryValueIsOneWord) {
  EXPECT_EQ(quoted(R"(a"; } evil \ $x)"), R"("a\"; } evil \\ $x")");
  const auto p =
      plan(inputs({made("a", rule("h", path(R"(/\"; return 200 owned; #)", "Prefix")))}));
  const auto text = render(p.model, {.folder = "/run/x", .user = "", .error_log = "/dev/null"});
  EXPECT_TRUE(text.contains(R"(location = "/\"; return 200 owned; #" {)")) << text;
}

TEST(IngressRender, PrefixesAreWholeElementsAlsoAmongPatterns) {
  auto p = plan(inputs({made("a", rule("h", path("/a.b", "Prefix")))}));
  const RenderOptions options{.folder = "/run/x", .user = "www-data", .error_log = "/dev/null"};
  auto text = render(p.model, options);
  EXPECT_TRUE(text.contains(R"(location = "/a.b" {)"));
  EXPECT_TRUE(text.contains(R"(location "/a.b/" {)"));
  p = plan(inputs({made(
      "a", rule("h", path("/a.b", "Prefix") + "," + path("/(c)", "ImplementationSpecific")))}));
  text = render(p.model, options);
  EXPECT_TRUE(text.contains(R"x(location ~ "^/a\\.b(/|$)" {)x")) << text;
  EXPECT_TRUE(text.contains(R"(server_name "h";)"));
  EXPECT_TRUE(text.contains("ssl_reject_handshake on"));
  EXPECT_TRUE(text.contains("listen 443 default_server ssl http2;")) << text;
}

TEST(IngressRender, AnExactPathAndAPrefixOfTheSameWords) {
  const auto p =
      plan(inputs({made("a", rule("h", path("/a", "Prefix") + "," + path("/a", "Exact")))}));
  const auto text = render(p.model, {.folder = "/run/x", .user = "", .error_log = "/dev/null"});
  const auto first = text.find(R"(location = "/a" {)");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find(R"(location = "/a" {)", first + 1), std::string::npos);
  EXPECT_TRUE(text.contains(R"(location "/a/" {)"));
}

TEST(IngressRender, TlsWithoutAHostIsForEveryName) {
  auto in = inputs(
      {made("a", R"({"tls":[{"secretName":"s"}],)" + rule("", path("/", "Prefix")).substr(1))});
  in.certificates = {"ns/s"};
  const auto text =
      render(plan(in).model, {.folder = "/run/x", .user = "", .error_log = "/dev/null"});
  EXPECT_TRUE(text.contains("listen 443 default_server ssl http2;")) << text;
  EXPECT_FALSE(text.contains("ssl_reject_handshake")) << text;
}

}  // namespace
}  // namespace nodal::ingress
