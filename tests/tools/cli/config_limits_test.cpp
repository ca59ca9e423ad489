// Claims: whatever number stands in a config, the strict reader refuses it or the config is valid; no key that sizes
// something is without an upper bound.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "tools/cli/config_list.h"

namespace foresee::tools {
namespace {

using nlohmann::json;

/// {"a": {"b": value}} of "a.b".
json nested(const std::string& key, const json& value) {
  json object;
  object[json::json_pointer("/" + [&] {
    std::string path = key;
    std::replace(path.begin(), path.end(), '.', '/');
    return path;
  }())] = value;
  return object;
}

/// "1 .. 100" names both ends; ">= 1" does not.
bool bounded(const ConfigRow& row) { return row.allowed.find("..") != std::string::npos; }

const std::vector<json>& numbers() {
  static const std::vector<json> all = [] {
    std::vector<json> values{0,
                             -1,
                             1'000'000,
                             int64_t{1} << 31,
                             int64_t{1} << 32,
                             1'000'000'000'000,
                             1'000'000'000'000'000'000,
                             std::numeric_limits<int64_t>::min(),
                             std::numeric_limits<uint64_t>::max()};
    for (const double real : {0.0, -1.0, 0.5, 1e-300, 1e300, std::nan(""), HUGE_VAL, -HUGE_VAL})
      values.emplace_back(real);
    values.emplace_back(nullptr);
    values.emplace_back("1e999");
    values.emplace_back("nan");
    return values;
  }();
  return all;
}

TEST(ConfigLimits, EveryNumberInEveryKeyIsRefusedOrValid) {
  int64_t tried = 0, refused = 0;
  for (const auto& section : config_sections())
    for (const auto& row : config_rows(section.describe)) {
      const json given = json::parse(row.value);
      for (const json& number : numbers())
        for (const json& value : given.is_array() ? std::vector<json>{json::array({number}), number}
                                                  : std::vector<json>{number, json::array({number})}) {
          ++tried;
          SCOPED_TRACE(section.name + ": " + row.key + " = " + short_json(value));
          try {
            read_config(nested(row.key, value), section.name, section.describe);
          } catch (const Error& error) {
            ++refused;
            EXPECT_LT(std::string(error.what()).size(), 600u);
          } catch (const std::exception& error) {
            ADD_FAILURE() << error.what();
          }
        }
    }
  EXPECT_GT(refused, tried / 4);
}

TEST(ConfigLimits, EveryWholeNumberHasAnUpperBound) {
  const std::set<std::string> free{"seed"};
  for (const auto& section : config_sections())
    for (const auto& row : config_rows(section.describe)) {
      const json given = json::parse(row.value);
      const bool whole =
          given.is_number_integer() || (given.is_array() && !given.empty() && given[0].is_number_integer());
      const std::string name = row.key.substr(row.key.rfind('.') + 1);
      if (whole && !free.contains(name)) {
        EXPECT_TRUE(bounded(row)) << section.name << ": " << row.key << " " << row.allowed;
      }
    }
}

TEST(ConfigLimits, SizesThatDoNotFitIntoMemoryAreRefusedBeforeTheyAreAllocated) {
  const auto refusal = [](const char* name, const json& object) {
    for (const auto& section : config_sections())
      if (section.name == name) {
        try {
          read_config(object, name, section.describe);
        } catch (const Error& error) {
          return std::string(error.what());
        }
      }
    return std::string();
  };
  EXPECT_NE(refusal("pretrain", {{"model", {{"encoder", {{"width", 65536}, {"depth", 1000}}}}}}).find("of memory"),
            std::string::npos);
  EXPECT_NE(refusal("pretrain", {{"model", {{"encoder", {{"mlp_ratio", 0}}}}}}).find("mlp_ratio"), std::string::npos);
  EXPECT_NE(refusal("pretrain", {{"model", {{"encoder", {{"image_size", 4294967296}}}}}}).find("image_size"),
            std::string::npos);
  EXPECT_NE(refusal("pretrain", {{"model", {{"predictor", {{"mask_tokens", 1000000000}}}}}}).find("mask_tokens"),
            std::string::npos);
  EXPECT_NE(refusal("pretrain", {{"loader", {{"batch", 1e12}}}}).find("batch"), std::string::npos);
  EXPECT_NE(refusal("train", {{"model", {{"vit", {{"width", 65536}, {"heads", 1}, {"layers", 1000}}}}}}).find("memory"),
            std::string::npos);
}

}  // namespace
}  // namespace foresee::tools
