#include "jepa/core/text/printable.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/text/json_text.h"

namespace foresee {
namespace {

TEST(Printable, LeavesOrdinaryTextAlone) {
  for (const char* text : {"", "a b", "Übung 视频 🤖.mp4", "100 %"}) EXPECT_EQ(printable(text), text);
}

TEST(Printable, ShowsControlCodesAndBytesThatAreNoText) {
  EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\tc\\x0d");
  EXPECT_EQ(printable("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(printable(std::string("\0x", 2)), "\\x00x");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");  // a control of one character in UTF-8
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\xe2\\x80\\xaeb");  // turns the writing direction
  EXPECT_EQ(printable("clip\xff.mp4"), "clip\\xff.mp4");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // longer than needed
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");           // cut short
}

TEST(Printable, IsOfBoundedLength) {
  const std::string text = printable(std::string(1'000'000, 'x'));
  EXPECT_LT(text.size(), kLongestLine + 100);
  EXPECT_NE(text.find("998000 bytes"), std::string::npos) << text;
  EXPECT_LT(printable(std::string(1'000'000, '\x01')).size(), 4 * kLongestLine + 100);
}

TEST(ValidUtf8, ReplacesOnlyWhatIsNoText) {
  EXPECT_EQ(valid_utf8("a\n\x1b ü"), "a\n\x1b ü");
  EXPECT_EQ(valid_utf8("a\xff"), "a\\xff");
}

TEST(JsonText, WritesNamesThatAreNoText) {
  const nlohmann::ordered_json value{{"path", "clip\xff.mp4"}, {"list", {"ok", "\xfe"}}, {"\xfd", 1}};
  const auto read = nlohmann::ordered_json::parse(json_text(value));
  EXPECT_EQ(read.at("path"), "clip\\xff.mp4");
  EXPECT_EQ(read.at("list").at(1), "\\xfe");
  EXPECT_EQ(read.at("\\xfd"), 1);
  EXPECT_EQ(json_text({{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

TEST(JsonText, HoldsNoControlCharactersAndStaysTheSameJson) {
  const std::string name =
      "\x7f \xc2\x9b"  // DEL and C1's CSI, which some terminals obey
      "31m \xe2\x80\xae \xef\xbb\xbf ü \x1b";
  const std::string text = json_text({{"name", name}}, 2);
  EXPECT_EQ(text, "{\n  \"name\": \"\\u007f \\u009b31m \\u202e \\ufeff ü \\u001b\"\n}");
  EXPECT_EQ(nlohmann::json::parse(text).at("name"), name);
}

}  // namespace
}  // namespace foresee
