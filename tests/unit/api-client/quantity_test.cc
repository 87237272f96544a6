// tests/unit/api-client/quantity_test.cc — grammar, value and canonical text of quantities.
#include "api-client/codec/quantity.h"

#include <gtest/gtest.h>

#include <limits>

namespace nodal {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

struct Case {
  const char* text;
  std::int64_t value;
  std::int64_t milli;
};

TEST(Quantity, ReadsEverySuffix) {
  const Case cases[] = {
      {"0", 0, 0},
      {"5", 5, 5000},
      {"+5", 5, 5000},
      {"-5", -5, -5000},
      {"100m", 1, 100},
      {"1500m", 2, 1500},
      {"250u", 1, 1},
      {"7n", 1, 1},
      {"2k", 2000, 2'000'000},
      {"3M", 3'000'000, 3'000'000'000},
      {"1G", 1'000'000'000, 1'000'000'000'000},
      {"1T", 1'000'000'000'000, 1'000'000'000'000'000},
      {"1P", 1'000'000'000'000'000, 1'000'000'000'000'000'000},
      {"1E", 1'000'000'000'000'000'000, kMax},
      {"1Ki", 1024, 1'024'000},
      {"1.5Gi", 1'610'612'736, 1'610'612'736'000},
      {"1Mi", 1 << 20, (std::int64_t{1} << 20) * 1000},
      {"1Ti", std::int64_t{1} << 40, (std::int64_t{1} << 40) * 1000},
      {"1Pi", std::int64_t{1} << 50, (std::int64_t{1} << 50) * 1000},
      {"1Ei", std::int64_t{1} << 60, kMax},
      {"2e3", 2000, 2'000'000},
      {"2E+3", 2000, 2'000'000},
      {"25e-1", 3, 2500},
      {"0.5", 1, 500},
      {".5", 1, 500},
      {"5.", 5, 5000},
      {"-0.5", -1, -500},
      {"-1500m", -2, -1500},
      {"00012", 12, 12000},
      {"0.000000001", 1, 1},
      {"1.0000000000000000000000000000", 1, 1000},
      {"1000000000000000000000e-21", 1, 1000},
  };
  for (const Case& c : cases) {
    const auto quantity = Quantity::parse(c.text);
    ASSERT_TRUE(quantity) << c.text;
    EXPECT_EQ(quantity->value(), c.value) << c.text;
    EXPECT_EQ(quantity->milli_value(), c.milli) << c.text;
    EXPECT_EQ(quantity->text(), c.text) << "prints back as written";
  }
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const char* text :
       {"",      " ",  "1 ",  " 1",   "abc",  "1.2.3", "--1", "+-1", "1KI",          "1ki",
        "1mi",   "1i", "Mi",  ".",    "-",    "e3",    "1e",  "1e+", "1e-",          "1e+-3",
        "1e1.5", "1x", "1kk", "1 Gi", "0x10", "1,5",   "NaN", "inf", "1e99999999999"})
    EXPECT_FALSE(Quantity::parse(text)) << '"' << text << '"';
}

TEST(Quantity, ComparesByValueNotByText) {
  EXPECT_EQ(*Quantity::parse("1"), *Quantity::parse("1000m"));
  EXPECT_EQ(*Quantity::parse("1Gi"), *Quantity::parse("1024Mi"));
  EXPECT_EQ(*Quantity::parse("-0"), Quantity());
  EXPECT_LT(*Quantity::parse("999m"), *Quantity::parse("1"));
  EXPECT_LT(*Quantity::parse("-1"), *Quantity::parse("-0.5"));
  EXPECT_LT(*Quantity::parse("1G"), *Quantity::parse("1Gi"));
  EXPECT_LT(*Quantity::parse("-1500m"), *Quantity::parse("-1"));
}

TEST(Quantity, RoundsWhatIsFinerThanNanosAwayFromZero) {
  EXPECT_EQ(*Quantity::parse("0.1n"), *Quantity::parse("1n"));
  EXPECT_EQ(*Quantity::parse("-0.1n"), *Quantity::parse("-1n"));
  EXPECT_EQ(*Quantity::parse("0.0000000011"), *Quantity::parse("2n"));
  EXPECT_EQ(*Quantity::parse("1e-5000"), *Quantity::parse("1n"));
  EXPECT_EQ(*Quantity::parse("0.99999999999"), *Quantity::parse("1"));
  EXPECT_TRUE(Quantity::parse("0e-5000")->is_zero());
}

TEST(Quantity, SaturatesInsteadOfOverflowing) {
  EXPECT_EQ(Quantity::parse("9223372036854775807")->value(), kMax);
  for (const char* text :
       {"9223372036854775808", "100E", "16Ei", "1e40", "1e2147483647", "99999999999999999999999"})
    EXPECT_EQ(Quantity::parse(text)->value(), kMax) << text;
  EXPECT_EQ(Quantity::parse("-100E")->value(), -kMax);
  EXPECT_EQ(Quantity::parse("-100E")->milli_value(), std::numeric_limits<std::int64_t>::min());
}

TEST(Quantity, MakesCanonicalText) {
  EXPECT_EQ(Quantity().text(), "0");
  EXPECT_EQ(Quantity::of(0).text(), "0");
  EXPECT_EQ(Quantity::of(110).text(), "110");
  EXPECT_EQ(Quantity::of(2000).text(), "2k");
  EXPECT_EQ(Quantity::milli(1500).text(), "1500m");
  EXPECT_EQ(Quantity::milli(2000).text(), "2");
  EXPECT_EQ(Quantity::milli(-500).text(), "-500m");
  EXPECT_EQ(Quantity::bytes(1 << 30).text(), "1Gi");
  EXPECT_EQ(Quantity::bytes(1000).text(), "1000");
  EXPECT_EQ(Quantity::bytes(3 << 10).text(), "3Ki");
  EXPECT_EQ(Quantity::bytes(0).text(), "0");
}

TEST(Quantity, HasOneTextOfAValueInItsForm) {
  const struct {
    const char* written;
    const char* canonical;
  } cases[] = {
      {"0", "0"},
      {"0Gi", "0"},
      {"-0.0", "0"},
      {"0e3", "0"},
      {"0.5", "500m"},
      {".5", "500m"},
      {"1000m", "1"},
      {"1500m", "1500m"},
      {"1.500", "1500m"},
      {"+2", "2"},
      {"-0.1", "-100m"},
      {"1000", "1k"},
      {"1000k", "1M"},
      {"1E", "1E"},
      {"1000P", "1E"},
      {"123456", "123456"},
      {"1024Mi", "1Gi"},
      {"1.5Gi", "1536Mi"},
      {"1536Ki", "1536Ki"},
      {"1023", "1023"},
      {"0.5Ki", "512"},
      {"1Ki", "1Ki"},
      {"1.0001Ki", "1024102400u"},
      {"1e3", "1e3"},
      {"1000e3", "1e6"},
      {"5E-1", "500e-3"},
      {"12e0", "12"},
      {"0.0000000001", "1n"},
      {"-9223372036.000000001", "-9223372036000000001n"},
      {"92233720368.000000001", "92233720368000000001n"},
      {"100E", "100E"},
      {"16Ei", "16Ei"},
      {"-100E", "-100E"},
  };
  for (const auto& c : cases) {
    const auto quantity = *Quantity::parse(c.written);
    EXPECT_EQ(quantity.canonical(), c.canonical) << c.written;
    EXPECT_EQ(*Quantity::parse(quantity.canonical()), quantity) << c.written;
  }
  const auto milli = [](const char* text) {
    return Quantity::parse(text)->canonical(Quantity::Precision::milli);
  };
  EXPECT_EQ(milli("100u"), "1m");
  EXPECT_EQ(milli("-1.0001"), "-1001m");
  EXPECT_EQ(milli("1e-6"), "1e-3");
  EXPECT_EQ(milli("1.0001Ki"), "1024103m");
  EXPECT_EQ(milli("2Gi"), "2Gi");
}

TEST(Quantity, ItsOwnTextMeansTheSame) {
  for (const std::int64_t n :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{999}, std::int64_t{1000},
        std::int64_t{-1001}, std::int64_t{1536}, std::int64_t{123'456'789}, kMax / 1000}) {
    for (const Quantity& q : {Quantity::of(n), Quantity::milli(n), Quantity::bytes(n)})
      EXPECT_EQ(*Quantity::parse(q.text()), q) << q.text();
    EXPECT_EQ(Quantity::milli(n).milli_value(), n);
    EXPECT_EQ(Quantity::bytes(n).value(), n);
  }
}

}  // namespace
}  // namespace nodal
