// Claims: no text of any depth, size or content ends in anything but a DataError of one line; a value of the wrong type
// is named with its file and key.
#include "jepa/core/files/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/watch/metrics.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

using nlohmann::json;

std::string refusal_of_text(const std::string& text, const JsonLimits& limits = {}) {
  return refusal_of<DataError>([&] { parse_json(text, "file.json", limits); });
}

TEST(Json, RefusesDeepNestingOfEveryKind) {
  constexpr int kLevels = 100'000;
  std::string objects, both;
  for (int i = 0; i < kLevels; ++i) objects += "{\"a\":", both += i % 2 != 0 ? "[" : "{\"\\\"[\":";
  for (const auto& text : {std::string(kLevels, '['), objects, both, "{\"a\": 1, \"b\": " + objects})
    EXPECT_TRUE(says(refusal_of_text(text), "file.json: nested too deeply: more than 200 levels (line 1, column"));
  EXPECT_EQ(refusal_of_text(std::string(200, '[') + std::string(200, ']')), "");
  EXPECT_EQ(refusal_of_text("\"" + std::string(1000, '[') + "\""), "") << "brackets of a string are no levels";
}

TEST(Json, RefusesTooManyValuesAndBytesBeforeTheyAreBuilt) {
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += "0,";
  wide += "0]";
  EXPECT_TRUE(says(refusal_of_text(wide, {.values = 1000}), "more than 1000 values"));
  EXPECT_EQ(refusal_of_text(wide, {.values = 1002}), "");
  EXPECT_TRUE(says(refusal_of_text(wide, {.bytes = 100}), "expected at most 100"));
}

TEST(Json, RefusesNumbersThatNoDoubleHolds) {
  const std::string message = refusal_of_text("{\n  \"rate\": 1e999}");
  EXPECT_TRUE(says(message, "file.json: not valid JSON: line 2, column 11"));
  EXPECT_TRUE(says(message, "got 1e999"));
}

TEST(Json, RefusesTextThatIsNotUtf8InPrintableWords) {
  const std::string message = refusal_of_text("{\"a\xff\x1b[2J\": 1}");
  EXPECT_TRUE(says(message, "not valid JSON"));
  for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << message;
  EXPECT_FALSE(is_utf8("a\xff"));
  EXPECT_TRUE(is_utf8("\xc3\xa9"));
}

TEST(Json, SaysWhereATextEndsTooEarly) {
  EXPECT_TRUE(says(refusal_of_text("{\n\"a\": 1"), "parse error at line 2"));
  EXPECT_TRUE(says(refusal_of_text(""), "not valid JSON"));
}

TEST(Json, EveryPrefixOfATextIsReadOrRefused) {
  const std::string text = R"({"a": [1, -2.5e3, true, null, "x\u00e9\\\""], "b": {"c": {}}})";
  for (size_t n = 0; n < text.size(); ++n) EXPECT_NE(refusal_of_text(text.substr(0, n)), "") << n;
  for (size_t at = 0; at < text.size(); ++at)
    for (const char c : {'\0', '\xff', '[', '"', '9'}) {
      std::string changed = text;
      changed[at] = c;
      EXPECT_NO_THROW(refusal_of_text(changed));
    }
}

TEST(JsonView, NamesFileKeyExpectedAndFound) {
  const json object{{"a", 1.5}, {"b", "x"}, {"c", {1, "y"}}, {"d", {{"e", nullptr}}}, {"f", ~uint64_t{0}}};
  const JsonView view(object, "f.json");
  const auto refusal = [&](auto call) { return refusal_of<DataError>([&] { call(); }); };
  EXPECT_EQ(refusal([&] { view.integer("a"); }), "f.json: a: expected a whole number, got 1.5");
  EXPECT_EQ(refusal([&] { view.number("b"); }), "f.json: b: expected a number, got \"x\"");
  EXPECT_EQ(refusal([&] { view.integers("c"); }), "f.json: c: expected a list of whole numbers, got \"y\"");
  EXPECT_EQ(refusal([&] { view.texts("c"); }), "f.json: c: expected a list of strings, got 1");
  EXPECT_EQ(refusal([&] { view.object("d").text("e"); }), "f.json: d: e: expected a string, got null");
  EXPECT_EQ(refusal([&] { view.integer("f"); }), "f.json: f: expected a whole number, got 18446744073709551615");
  EXPECT_EQ(refusal([&] { view.at("z"); }), "f.json: no key 'z'");
  EXPECT_EQ(refusal([&] { view.integer("c"); }), "f.json: c: expected a whole number, got [1,\"y\"]");
  EXPECT_EQ(refusal([&] { JsonView(object["b"], "f.json: b"); }), "f.json: b: expected an object {...}, got \"x\"");
  EXPECT_EQ(view.integer_or("z", 3), 3);
  EXPECT_EQ(view.object("d").number_or("e", 2.0), 2.0);
  EXPECT_EQ(whole_number(json(1e5)), 100000);
  EXPECT_EQ(whole_number(json(1e300)), std::nullopt);
}

TEST(JsonView, KeepsMessagesShort) {
  json large = json::array();
  for (int i = 0; i < 100'000; ++i) large.push_back(i);
  const json object{{"a", large}, {"b", std::string(100'000, 'x')}};
  for (const char* key : {"a", "b"})
    EXPECT_LT(refusal_of<DataError>([&] { JsonView(object, "f.json").number(key); }).size(), 200u);
}

TEST(Overrides, RefuseDepthAndBytesThatAreNoText) {
  json object = json::object();
  std::string deep_key = "a";
  for (int i = 0; i < 50'000; ++i) deep_key += ".a";
  EXPECT_THROW(apply_override(object, deep_key + "=1"), ConfigError);
  EXPECT_THROW(apply_override(object, "a=" + std::string(50'000, '[')), ConfigError);
  EXPECT_THROW(apply_override(object, "a=\xff"), ConfigError);
}

TEST(Metrics, ABrokenRowIsNamedAndATornLastOneIsLeftOut) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  write_file(path, "{\"step\": 1, \"loss\": 2}\n{\"step\": 2, \"lo");
  EXPECT_EQ(read_metrics(path).size(), 1u);
  for (const char* line : {"{\"step\": \"x\"}", "{\"step\": 1e999}", "[]", "\xff", "{\"loss\": 1}"}) {
    write_file(path, std::string("{\"step\": 1}\n") + line + "\n{\"step\": 3}\n");
    EXPECT_TRUE(says(refusal_of<DataError>([&] { read_metrics(path); }), "metrics.jsonl: line 2")) << line;
  }
  write_file(path, std::string(100'000, '['));
  EXPECT_TRUE(says(refusal_of<DataError>([&] { read_metrics(path); }), "nested too deeply"));
}

}  // namespace
}  // namespace foresee
