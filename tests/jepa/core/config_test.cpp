#include "jepa/core/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"

namespace foresee {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

enum class Kind { kSmall, kLarge };

struct Inner {
  int64_t samples = 300;
  double init_std = 1.0;
};

void describe(Fields& f, Inner& c) {
  f("samples", c.samples, "candidates an iteration", {1});
  f("init_std", c.init_std, "first standard deviation", {0, 10});
}

struct Outer {
  std::string name = "x";
  bool flag = false;
  std::vector<double> weights{1, 2};
  std::optional<int64_t> limit;
  Kind kind = Kind::kSmall;
  Inner planner;

  void validate() const {
    if (name.empty()) fail<ConfigError>("name: must not be empty");
  }
};

constexpr std::pair<Kind, std::string_view> kKinds[] = {{Kind::kSmall, "small"}, {Kind::kLarge, "large"}};

void describe(Fields& f, Outer& c) {
  f("name", c.name, "what it is called");
  f("flag", c.flag, "on or off");
  f("weights", c.weights, "weights", {0});
  f("limit", c.limit, "at most so many");
  f.choice("kind", c.kind, kKinds, "the kind");
  f("planner", c.planner, "search");
}

std::string error_of(const json& object) {
  try {
    parse_config<Outer>(object, "file.json");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Config, ReadsEveryTypeAndKeepsDefaultsOfAbsentKeys) {
  const auto c = parse_config<Outer>(
      json::parse(R"({"flag": true, "weights": [3], "limit": 4, "kind": "large", "planner": {"samples": 1e2}})"), "t");
  EXPECT_TRUE(c.flag);
  EXPECT_EQ(c.name, "x");
  EXPECT_EQ(c.weights, std::vector<double>{3});
  EXPECT_EQ(c.limit, 4);
  EXPECT_EQ(c.kind, Kind::kLarge);
  EXPECT_EQ(c.planner.samples, 100);
  EXPECT_EQ(c.planner.init_std, 1.0);
}

TEST(Config, WhatIsWrittenReadsBackTheSame) {
  Outer c;
  c.kind = Kind::kLarge;
  c.planner.init_std = 0.1;
  const auto written = config_json(c);
  EXPECT_EQ(config_json(parse_config<Outer>(json::parse(written.dump()), "t")), written);
}

TEST(Config, NamesTheNearestKnownKey) {
  EXPECT_THAT(error_of({{"planner", {{"smaples", 3}}}}),
              ::testing::AllOf(HasSubstr("file.json.planner"), HasSubstr("did you mean 'samples'?")));
  EXPECT_THAT(error_of({{"kind", "lrage"}}), HasSubstr("did you mean 'large'?"));
}

TEST(Config, RefusesWrongTypesAndValuesOutOfRange) {
  EXPECT_THAT(error_of({{"planner", {{"samples", 0}}}}), HasSubstr("expected >= 1, got 0"));
  EXPECT_THAT(error_of({{"planner", {{"samples", 2.5}}}}), HasSubstr("expected a whole number"));
  EXPECT_THAT(error_of({{"planner", {{"init_std", 11}}}}), HasSubstr("expected 0 .. 10"));
  EXPECT_THAT(error_of({{"flag", 1}}), HasSubstr("expected true or false"));
  EXPECT_THAT(error_of({{"weights", {1, -1}}}), HasSubstr("expected >= 0"));
  EXPECT_THAT(error_of({{"planner", 3}}), HasSubstr("expected an object"));
  EXPECT_THAT(error_of({{"name", ""}}), HasSubstr("must not be empty"));
}

TEST(Config, RefusesNumbersThatDoNotFit) {
  EXPECT_THAT(error_of({{"limit", 1e300}}), HasSubstr("expected a whole number"));
  EXPECT_THAT(error_of({{"limit", ~uint64_t{0}}}), HasSubstr("expected a whole number"));
  EXPECT_THAT(error_of({{"planner", {{"init_std", std::nan("")}}}}), HasSubstr("expected"));
  EXPECT_LT(error_of({{"flag", std::string(100'000, 'x')}}).size(), 200u);
}

TEST(Config, OverridesReachNestedKeysAndGoThroughTheSameCheck) {
  json object = json::object();
  apply_override(object, "planner.samples=12");
  apply_override(object, "name=two words");
  const auto c = parse_config<Outer>(object, "t");
  EXPECT_EQ(c.planner.samples, 12);
  EXPECT_EQ(c.name, "two words");
  EXPECT_THROW(apply_override(object, "planner.samples"), ConfigError);
  EXPECT_THROW(apply_override(object, "name.x=1"), ConfigError);
}

TEST(Config, ListsEveryKeyWithItsDefaultAndRange) {
  Outer c;
  const auto rows = config_rows([&](Fields& f) { describe(f, c); });
  ASSERT_EQ(rows.size(), 7u);
  EXPECT_EQ(rows[5].key, "planner.samples");
  EXPECT_EQ(rows[5].value, "300");
  EXPECT_EQ(rows[5].allowed, ">= 1");
  EXPECT_EQ(rows[4].allowed, "small, large");
  EXPECT_EQ(rows[3].value, "null");
}

}  // namespace
}  // namespace foresee
