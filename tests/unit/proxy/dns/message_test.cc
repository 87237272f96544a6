// tests/unit/proxy/dns/message_test.cc — the wire format, both ways, and what is refused.
#include "proxy/dns/message.h"

#include <gtest/gtest.h>

namespace nodal::proxy::dns {
namespace {

using namespace std::string_literals;

const std::string kQuery =
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03Web\x07"
    "default\x03svc\x00\x00\x01\x00\x01"s;

TEST(DnsMessage, AQueryIsReadAndItsNameLowered) {
  const auto query = parse_query(kQuery);
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->id, 0x1234);
  EXPECT_TRUE(query->recursion_desired);
  EXPECT_EQ(query->question, (Question{"web.default.svc", kA, kClassIn}));
  EXPECT_FALSE(query->edns_size);
}

TEST(DnsMessage, WhatWeWriteWeRead) {
  const Question question{"web.default.svc.cluster.local", kA, kClassIn};
  const auto wire = encode_query(7, question);
  const auto query = parse_query(wire);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->question, question);
  EXPECT_EQ(query->edns_size, kEdnsUdp);

  Message message;
  message.authoritative = true;
  message.answers = {{question.name, kA, 5, net::IpAddress::v4(0x0a60000a)},
                     {question.name, kCname, 5, NameData{"other.default.svc.cluster.local"}},
                     {question.name, kSrv, 5, Srv{0, 100, 80, "web.default.svc.cluster.local"}}};
  message.authorities = {{"cluster.local", kSoa, 5,
                          Soa{"ns.dns.cluster.local", "hostmaster.cluster.local", 1, 2, 3, 4, 5}}};
  const auto answer = parse_answer(encode_answer(*query, message, 1232), 7, question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->answers, message.answers);
  EXPECT_EQ(answer->authorities, message.authorities);
}

TEST(DnsMessage, CompressedNamesInsideOtherRecordsAreWrittenOut) {
  // MX of "a.b": 10 mail.<pointer to "a.b">. In our message the name stands elsewhere.
  const auto wire =
      "\x00\x07\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
      "\x01"
      "a\x01"
      "b\x00\x00\x0f\x00\x01"
      "\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x3c\x00\x09\x00\x0a\x04mail\xc0\x0c"s;
  const auto answer = parse_answer(wire, 7, {"a.b", 15, kClassIn});
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->answers.size(), 1u);
  EXPECT_EQ(std::get<RawData>(answer->answers[0].data).bytes,
            "\x00\x0a\x04mail\x01"
            "a\x01"
            "b\x00"s);
}

TEST(DnsMessage, AnEmptyLabelDoesNotEndANameEarly) {
  const auto query = parse_query(encode_query(1, {"a..b", kA, kClassIn}));
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->question.name, "a.b");
}

TEST(DnsMessage, ALongAnswerIsCutAndSaysSo) {
  auto query = parse_query(encode_query(1, {"db.default.svc.cluster.local", kA, kClassIn}));
  ASSERT_TRUE(query);
  Message message;
  for (std::uint32_t i = 0; i < 100; ++i)
    message.answers.push_back({query->question.name, kA, 5, net::IpAddress::v4(0x0af40000 + i)});
  const auto wire = encode_answer(*query, message, 512);
  EXPECT_LE(wire.size(), 512u);
  const auto answer = parse_answer(wire, 1, query->question);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->truncated);
}

TEST(DnsMessage, BadBytesAreErrorsNotAccidents) {
  const struct {
    const char* what;
    std::string wire;
  } cases[] = {
      {"empty", ""},
      {"half a header", kQuery.substr(0, 7)},
      {"name cut off", kQuery.substr(0, 20)},
      {"no question", "\x12\x34\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"s},
      {"two questions",
       "\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x01\x00\x01"s},
      {"pointer to itself",
       "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"s},
      {"pointer forward",
       "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x20\x00\x01\x00\x01"s},
      {"an unknown label kind",
       "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x80\x00\x00\x01\x00\x01"s},
      {"an answer", "\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01"s},
  };
  for (const auto& c : cases) {
    const auto query = parse_query(c.wire);
    ASSERT_FALSE(query) << c.what;
    EXPECT_EQ(query.error().code, Errc::invalid) << c.what;
  }
  auto status = kQuery;
  status[2] = 0x10;
  EXPECT_EQ(parse_query(status).error().code, Errc::forbidden)
      << "opcode STATUS is not implemented";
  std::string endless = kQuery.substr(0, 12);
  for (int i = 0; i < 5; ++i) endless += "\x3f" + std::string(63, 'a');
  endless += "\0\0\1\0\1"s;
  EXPECT_FALSE(parse_query(endless)) << "a name over 255 bytes";
}

TEST(DnsMessage, AnAnswerMustBeToOurQuestion) {
  auto query = parse_query(encode_query(9, {"example.org", kA, kClassIn}));
  const auto wire = encode_answer(*query, {}, 512);
  EXPECT_TRUE(parse_answer(wire, 9, query->question));
  EXPECT_FALSE(parse_answer(wire, 8, query->question)) << "another id";
  EXPECT_FALSE(parse_answer(wire, 9, {"example.com", kA, kClassIn})) << "another name";
}

TEST(DnsMessage, OddBytesInLabelsKeepTheirMeaning) {
  const auto wire =
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03"
      "a.b\x00\x00\x01\x00\x01"s;
  const auto query = parse_query(wire);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->question.name, "a\\046b");
  EXPECT_EQ(encode_answer(*query, {}, 512).substr(12, 5),
            "\x03"
            "a.b\x00"s);
}

TEST(DnsMessage, TheNameIsEchoedInTheCaseOfItsSender) {
  const auto wire =
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03"
      "wEb\x02Ns\x00\x00\x01\x00\x01"s;
  const auto query = parse_query(wire);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->question.name, "web.ns") << "names compare in lower case";
  Message message;
  message.answers = {{"web.ns", kA, 5, net::IpAddress::v4(0x0a000001)}};
  const auto answer = encode_answer(*query, message, 512);
  EXPECT_EQ(answer.substr(12, 8), "\x03wEb\x02Ns\x00"s);
  EXPECT_EQ(answer.substr(24, 2), "\xc0\x0c"s) << "the record's name is the question's";
}

TEST(DnsMessage, AnotherVersionOfEdnsIsRefused) {
  auto wire = encode_query(7, {"example.org", kA, kClassIn});
  wire[wire.size() - 5] = 1;  // OPT: extended rcode, version, flags, length
  const auto query = parse_query(wire);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->edns_version, 1);
  Message message;
  message.rcode = Rcode::bad_version;
  const auto answer = encode_answer(*query, message, 512);
  EXPECT_EQ(answer[3] & 15, 0);
  EXPECT_EQ(answer.substr(answer.size() - 6), "\x01\x00\x00\x00\x00\x00"s)
      << "16 in two parts, of version 0";
}

}  // namespace
}  // namespace nodal::proxy::dns
