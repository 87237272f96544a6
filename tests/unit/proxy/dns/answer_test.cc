// tests/unit/proxy/dns/answer_test.cc — what the cluster's names mean (DNS-Based Service
// Discovery 1.1.0).
#include "proxy/dns/answer.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/services.h"

namespace nodal::proxy::dns {
namespace {

using test::ServiceBuilder;

// A record as a line: "web.default.svc.cluster.local A 10.96.0.10".
std::string line(const Record& r) {
  std::string out = r.name;
  if (const auto* ip = std::get_if<net::IpAddress>(&r.data))
    return text::cat(out, ip->is_v6() ? " AAAA " : " A ", ip->text());
  if (const auto* name = std::get_if<NameData>(&r.data))
    return text::cat(out,
                     r.type == kCname ? " CNAME "
                     : r.type == kPtr ? " PTR "
                                      : " NS ",
                     name->name);
  if (const auto* srv = std::get_if<Srv>(&r.data))
    return text::cat(out, " SRV ", srv->port, " ", srv->target);
  if (const auto* txt = std::get_if<TextData>(&r.data)) return text::cat(out, " TXT ", txt->text);
  return text::cat(out, " SOA");
}

struct World {
  ServiceSnapshot snapshot;
  Zone zone;

  World() {
    auto web =
        std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).to("10.244.1.2:8080"));
    web.entry().ports[0].name = "http";
    auto db = std::move(ServiceBuilder("db")
                            .port(5432)
                            .to("10.244.1.3:5432")
                            .to("10.244.1.4:5432")
                            .to("10.244.1.5:5432", false));
    db.entry().headless = true;
    db.entry().ports[0].name = "sql";
    db.entry().ports[0].endpoints[0].hostname = "db-0";
    auto bare =
        std::move(ServiceBuilder("bare").port(80).to("10.244.1.6:80").port(0).to("10.244.1.7:0"));
    bare.entry().headless = true;
    bare.entry().ports[0].name = "http";
    auto outside = std::move(ServiceBuilder("outside"));
    outside.entry().type = ServiceType::external_name;
    outside.entry().external_name = "example.org";
    auto alias = std::move(ServiceBuilder("alias"));
    alias.entry().type = ServiceType::external_name;
    alias.entry().external_name = "web.default.svc.cluster.local";
    snapshot = test::snapshot({web, db, bare, outside, alias});
    zone.reverse = {*net::Cidr::parse("10.96.0.0/16"), *net::Cidr::parse("10.244.0.0/16")};
  }

  std::string ask(const std::string& name, std::uint16_t type = kA) const {
    const auto out = answer({name, type, kClassIn}, snapshot, zone);
    if (!out) return "upstream";
    std::vector<std::string> lines;
    for (const auto& record : out->message.answers) lines.push_back(line(record));
    if (out->continue_at) lines.push_back("then " + *out->continue_at);
    if (lines.empty()) {
      EXPECT_EQ(out->message.authorities.size(), 1u) << "a denial carries the SOA";
      return out->message.rcode == Rcode::name_error ? "no such name" : "nothing of that type";
    }
    return text::join(lines, "; ");
  }
};

TEST(DnsAnswer, NamesMeanWhatTheSpecificationSays) {
  const World world;
  const struct {
    const char* name;
    std::uint16_t type;
    const char* want;
  } cases[] = {
      {"web.default.svc.cluster.local", kA, "web.default.svc.cluster.local A 10.96.0.10"},
      {"web.default.svc.cluster.local", kAaaa, "nothing of that type"},
      {"nosuch.default.svc.cluster.local", kA, "no such name"},
      {"default.svc.cluster.local", kA, "nothing of that type"},
      {"nosuch.svc.cluster.local", kA, "no such name"},
      {"svc.cluster.local", kA, "nothing of that type"},
      {"cluster.local", kA, "nothing of that type"},
      {"dns-version.cluster.local", kTxt, "dns-version.cluster.local TXT 1.1.0"},
      {"_http._tcp.web.default.svc.cluster.local", kSrv,
       "_http._tcp.web.default.svc.cluster.local SRV 80 web.default.svc.cluster.local"},
      {"_http._udp.web.default.svc.cluster.local", kSrv, "no such name"},
      {"db.default.svc.cluster.local", kA,
       "db.default.svc.cluster.local A 10.244.1.3; db.default.svc.cluster.local A 10.244.1.4"},
      {"db-0.db.default.svc.cluster.local", kA, "db-0.db.default.svc.cluster.local A 10.244.1.3"},
      {"10-244-1-4.db.default.svc.cluster.local", kA,
       "10-244-1-4.db.default.svc.cluster.local A 10.244.1.4"},
      {"10-244-1-5.db.default.svc.cluster.local", kA, "no such name"},
      {"_sql._tcp.db.default.svc.cluster.local", kSrv,
       "_sql._tcp.db.default.svc.cluster.local SRV 5432 db-0.db.default.svc.cluster.local; "
       "_sql._tcp.db.default.svc.cluster.local SRV 5432 10-244-1-4.db.default.svc.cluster.local"},
      {"bare.default.svc.cluster.local", kA,
       "bare.default.svc.cluster.local A 10.244.1.6; bare.default.svc.cluster.local A 10.244.1.7"},
      {"10-244-1-7.bare.default.svc.cluster.local", kA,
       "10-244-1-7.bare.default.svc.cluster.local A 10.244.1.7"},
      {"bare.default.svc.cluster.local", kSrv,
       "bare.default.svc.cluster.local SRV 80 10-244-1-6.bare.default.svc.cluster.local"},
      {"_._tcp.bare.default.svc.cluster.local", kSrv, "no such name"},
      {"outside.default.svc.cluster.local", kA,
       "outside.default.svc.cluster.local CNAME example.org; then example.org"},
      {"outside.default.svc.cluster.local", kCname,
       "outside.default.svc.cluster.local CNAME example.org"},
      {"alias.default.svc.cluster.local", kA,
       "alias.default.svc.cluster.local CNAME web.default.svc.cluster.local; "
       "web.default.svc.cluster.local A 10.96.0.10"},
      {"10-244-1-2.default.pod.cluster.local", kA,
       "10-244-1-2.default.pod.cluster.local A 10.244.1.2"},
      {"not-an-address.default.pod.cluster.local", kA, "no such name"},
      {"10.0.96.10.in-addr.arpa", kPtr,
       "10.0.96.10.in-addr.arpa PTR web.default.svc.cluster.local"},
      {"10.0.96.10.in-addr.arpa", kA, "nothing of that type"},
      {"11.0.96.10.in-addr.arpa", kPtr, "no such name"},
      {"3.1.244.10.in-addr.arpa", kPtr,
       "3.1.244.10.in-addr.arpa PTR db-0.db.default.svc.cluster.local"},
      {"1.2.0.192.in-addr.arpa", kPtr, "upstream"},
      {"example.org", kA, "upstream"},
      {"notcluster.local", kA, "upstream"},
  };
  for (const auto& c : cases) EXPECT_EQ(world.ask(c.name, c.type), c.want) << c.name;
}

TEST(DnsAnswer, UnreadyEndpointsAreNamedOnlyWhenTheServiceSaysSo) {
  World world;
  auto entry = *world.snapshot.find("default/db");
  entry.publish_not_ready = true;
  world.snapshot = world.snapshot.with("default/db", std::make_shared<const ServiceEntry>(entry));
  EXPECT_NE(world.ask("db.default.svc.cluster.local").find("10.244.1.5"), std::string::npos);
}

TEST(DnsAnswer, AnAliasLoopEnds) {
  World world;
  auto entry = *world.snapshot.find("default/alias");
  entry.external_name = "alias.default.svc.cluster.local";
  world.snapshot =
      world.snapshot.with("default/alias", std::make_shared<const ServiceEntry>(entry));
  EXPECT_EQ(world.ask("alias.default.svc.cluster.local"),
            "alias.default.svc.cluster.local CNAME alias.default.svc.cluster.local");
}

TEST(DnsAnswer, AServiceThatGoesTakesItsNamesAlong) {
  World world;
  world.snapshot = world.snapshot.with("default/web", nullptr);
  EXPECT_EQ(world.ask("web.default.svc.cluster.local"), "no such name");
  EXPECT_EQ(world.ask("10.0.96.10.in-addr.arpa", kPtr), "no such name");
}

TEST(DnsAnswer, AFirstSearchStepIsOneOfAWordWithADot) {
  const World world;
  const auto step = [&](const std::string& name, std::uint16_t type = kA) {
    return search_step({name, type, kClassIn}, world.snapshot, world.zone);
  };
  EXPECT_EQ(step("db.prod.default.svc.cluster.local"), (SearchStep{"db.prod", "default"}));
  EXPECT_EQ(step("www.example.org.default.svc.cluster.local", kAaaa),
            (SearchStep{"www.example.org", "default"}));
  EXPECT_FALSE(step("none.default.svc.cluster.local"))
      << "also the whole name of a Service that is not there";
  EXPECT_FALSE(step("db-7.db.default.svc.cluster.local"))
      << "also the whole name of an endpoint that is not there";
  EXPECT_FALSE(step("default.svc.cluster.local"));
  EXPECT_FALSE(step("db.prod.default.pod.cluster.local"));
  EXPECT_FALSE(step("db.prod.example.org"));
  EXPECT_FALSE(step("db.prod.default.svc.cluster.local", kSrv));
}

TEST(DnsAnswer, TheSearchPathIsTheResolversOwn) {
  Zone zone;
  zone.searches = {"example.org"};
  EXPECT_EQ(search_path("db.prod", zone),
            (std::vector<Name>{"db.prod.svc.cluster.local", "db.prod.cluster.local",
                               "db.prod.example.org", "db.prod"}));
}

TEST(DnsAnswer, TheDomainHasANameServer) {
  World world;
  world.zone.servers = {test::ip("10.96.0.10")};
  const auto apex = answer({"cluster.local", kNs, kClassIn}, world.snapshot, world.zone);
  ASSERT_TRUE(apex);
  ASSERT_EQ(apex->message.answers.size(), 1u);
  EXPECT_EQ(line(apex->message.answers[0]), "cluster.local NS ns.dns.cluster.local");
  ASSERT_EQ(apex->message.additionals.size(), 1u);
  EXPECT_EQ(line(apex->message.additionals[0]), "ns.dns.cluster.local A 10.96.0.10");
  EXPECT_EQ(world.ask("ns.dns.cluster.local"), "ns.dns.cluster.local A 10.96.0.10");
  EXPECT_EQ(world.ask("ns.dns.cluster.local", kAaaa), world.ask("cluster.local", kAaaa))
      << "no data, as of any name that exists";
  EXPECT_EQ(world.ask("dns.cluster.local"), world.ask("cluster.local"));
}

TEST(DnsAnswer, ACompletedNameIsAnAlias) {
  Message found;
  found.authoritative = true;
  found.answers = {{"db.prod", kA, 60, net::IpAddress::v4(0x01020304)}};
  const auto message =
      completed({"db.prod.default.svc.cluster.local", kA, kClassIn}, "db.prod", found, Zone{});
  EXPECT_FALSE(message.authoritative);
  ASSERT_EQ(message.answers.size(), 2u);
  EXPECT_EQ(message.answers[0],
            (Record{"db.prod.default.svc.cluster.local", kCname, 5, NameData{"db.prod"}}));
  EXPECT_EQ(message.answers[1].name, "db.prod");
}

}  // namespace
}  // namespace nodal::proxy::dns
