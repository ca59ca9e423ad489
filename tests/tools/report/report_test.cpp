// Claims about reports: one file that needs nothing else, is well formed whatever texts go in, shows failures first and
// no number without what it is compared with; and about the colours of patch features.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "foresee/settings/provenance.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "tests/support/temporary_folder.h"
#include "tools/report/axis.h"
#include "tools/report/chart.h"
#include "tools/report/document.h"
#include "tools/report/pca.h"
#include "tools/report/pictures.h"
#include "tools/report/reproduction.h"
#include "tools/report/results/evaluation.h"
#include "tools/report/results/success_table.h"

namespace foresee::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const double kNaN = std::numeric_limits<double>::quiet_NaN();

/// What is wrong with the nesting of a page; empty when every element is closed in order.
std::string nesting_error(const std::string& html) {
  static const std::regex kTag("<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^<>\"]|\"[^\"]*\")*?)(/?)>");
  const std::string voids = " meta img br ";
  std::vector<std::string> open;
  const size_t style_begin = html.find("<style>"), style_end = html.find("</style>");
  const std::string text = html.substr(0, style_begin + 7) + html.substr(style_end);
  size_t tags = 0;
  for (std::sregex_iterator tag(text.begin(), text.end(), kTag), end; tag != end; ++tag, ++tags) {
    const std::string name = (*tag)[2];
    if (voids.find(" " + name + " ") != std::string::npos || (*tag)[4] == "/") continue;
    if ((*tag)[1] == "") {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
    } else {
      open.pop_back();
    }
  }
  const auto brackets = static_cast<size_t>(std::count(text.begin(), text.end(), '<'));
  if (brackets != tags + 1) return "a '<' that begins no tag";  // + 1: <!DOCTYPE html>
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

Tensor grey(uint8_t value) { return at::full({3, 4, 4}, value, at::kByte); }

FilmStrip strip(const std::string& caption, bool success) {
  return {.caption = caption,
          .success = success,
          .frames = {make_picture(grey(10), "step 0")},
          .goal = make_picture(grey(200), "goal")};
}

std::vector<SuccessRow> rows_of_two() {
  return {success_row("expert", 1.0, 0.84, 1.0, 20), success_row("random", 0.2, 0.08, 0.42, 20),
          success_row("planner", 0.95, 0.76, 0.99, 20)};
}

/// A report with every kind of content; `text` goes wherever a text can go.
Report full_report(const std::string& text) {
  Report report(text, text);
  report.add_notice(text);
  report.add_tile({.label = text, .value = text, .compared = text});
  std::vector<SuccessRow> rows = rows_of_two();
  rows[0].name = rows[0].note = text;
  report.add_section(text,
                     {draw(rows), paragraph(text, "note"),
                      draw(Chart{.title = text,
                                 .x_label = text,
                                 .y_label = text,
                                 .series = {{.name = text, .x = {0, 1, 2}, .y = {3, kNaN, 1}}},
                                 .baseline = Level{0, text},
                                 .caption = text}),
                      draw_strips({strip(text, true), strip(text, false)}, 0),
                      draw_rows({{.label = text, .pictures = {make_picture(grey(0), text)}, .pixels = true}}, text),
                      draw(Facts{{text, text}, {"command", text}})});
  return report;
}

TEST(Html, EscapesWhateverComesIn) {
  EXPECT_EQ(escape("<a href=\"x\">'&'"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
  EXPECT_EQ(escape("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\x9E"), "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\x9E");
  EXPECT_EQ(escape("a\xFF\xC3(\xED\xA0\x80"),
            "a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // not UTF-8
  EXPECT_EQ(escape(std::string("a\0\x1B[1mb\nc", 9)), "a[1mb\nc");
}

TEST(Html, WritesNumbersForPeople) {
  EXPECT_EQ(number_text(0.12345), "0.123");
  EXPECT_EQ(number_text(-0.0), "0");
  EXPECT_EQ(number_text(12345.6), "12346");
  EXPECT_EQ(number_text(2.0), "2");
  EXPECT_EQ(number_text(1e-9), "1e-09");
  EXPECT_EQ(number_text(kNaN), "-");
  EXPECT_EQ(percent_text(0.5), "50 %");
  EXPECT_EQ(percent_text(0.996), "99.6 %");  // not "100 %"
  EXPECT_EQ(percent_text(1.0), "100 %");
}

TEST(Html, EncodesPicturesAsBase64) {
  const auto url = [](const std::string& bytes) {
    return data_url({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
  };
  EXPECT_EQ(url("foobar"), "data:image/png;base64,Zm9vYmFy");  // RFC 4648, section 10
  EXPECT_EQ(url("fooba"), "data:image/png;base64,Zm9vYmE=");
  EXPECT_EQ(url("foob"), "data:image/png;base64,Zm9vYg==");
}

TEST(Report, IsWellFormedWhateverTextsGoIn) {
  for (const std::string text :
       {"plain", "</style><script>alert('x')</script>", "a \"quoted\" <b> & 'c'", "\xFF\xFE", ""}) {
    if (text.empty()) continue;
    const std::string html = full_report(text).html();
    EXPECT_EQ(nesting_error(html), "") << text;
    EXPECT_THAT(html, Not(HasSubstr("<script")));
  }
}

TEST(Report, NestingCheckSeesWhatIsWrong) {  // the check above can fail
  const std::string frame = "<!DOCTYPE html><style></style>";
  EXPECT_EQ(nesting_error(frame + "<p><b>x</b></p>"), "");
  EXPECT_NE(nesting_error(frame + "<p><b>x</p></b>"), "");
  EXPECT_NE(nesting_error(frame + "<p>a < b</p>"), "");
  EXPECT_NE(nesting_error(frame + "<p>"), "");
}

TEST(Report, FetchesNothing) {
  const std::string html = full_report("text").html();
  EXPECT_FALSE(std::regex_search(html, std::regex("https?:|//[a-z]|url\\(|@import|<link|<script|<iframe|file:")));
  static const std::regex kSource("(src|href)=\"([^\"]{0,30})");
  int sources = 0;
  for (std::sregex_iterator match(html.begin(), html.end(), kSource), end; match != end; ++match, ++sources)
    EXPECT_TRUE((*match)[2].str().starts_with("data:image/png;base64,"));
  EXPECT_GE(sources, 5);
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
}

TEST(Report, ShowsFailuresFirst) {
  const std::string html =
      draw_strips({strip("good one", true), strip("bad one", false), strip("good two", true), strip("bad two", false)},
                  1)
          .markup;
  EXPECT_LT(html.find("bad one"), html.find("bad two"));
  EXPECT_LT(html.find("bad two"), html.find("good one"));
  EXPECT_LT(html.find("good one"), html.find("<details>"));  // the other success is folded away
  EXPECT_LT(html.find("<details>"), html.find("good two"));
  EXPECT_THAT(draw_strips({strip("good", true)}, 1).markup, HasSubstr("No episode failed"));
}

TEST(Report, PrintsNoNumberWithoutWhatItIsComparedWith) {
  EXPECT_THROW(draw({success_row("planner", 0.9, 0.7, 1.0, 20), success_row("expert", 1.0, 0.84, 1.0, 20)}), Error);
  EXPECT_NO_THROW(draw({success_row("planner", 0.9, 0.7, 1.0, 20), success_row("noop", 0.0, 0.0, 0.16, 20)}));
  Report report("title", "lead");
  EXPECT_THROW(report.add_tile({.label = "skill", .value = "0.2", .compared = ""}), Error);
}

// An evaluation that was cut short after the planner's first episodes.
TEST(Report, AnEvaluationWithoutABaselineShowsWhyItHasNoRate) {
  const nlohmann::ordered_json result{
      {"env", "two_room"},
      {"protocol", "near"},
      {"success", {{"planner", {{"rate", 0.25}, {"low", 0.1}, {"high", 0.5}, {"n", 20}}}}},
      {"excluded_solved", 0},
      {"planning_ms", nlohmann::ordered_json::object()}};
  Report report("title", "lead");
  add_evaluation(report, result, "Origin.", {});
  const std::string html = report.html();
  EXPECT_THAT(html, HasSubstr("No baseline was played"));
  EXPECT_EQ(html.find("25 %"), std::string::npos);
}

TEST(Report, OrdersMethodsByWhatTheyAre) {
  const std::string html = draw(rows_of_two()).markup;
  EXPECT_LT(html.find("planner"), html.find("random"));
  EXPECT_LT(html.find("random"), html.find("expert"));
  EXPECT_THAT(html, HasSubstr("76 % to 99 %"));
  EXPECT_THAT(html, HasSubstr("x=\"76.00%\" y=\"7\" width=\"23.00%\""));  // the bar is the interval
  EXPECT_THROW(draw({success_row("random", 1.2, 0, 2, 20)}), Error);
}

TEST(Report, IsWrittenWholeAndMakesItsFolder) {
  const TemporaryFolder folder;
  const Report report = full_report("text");
  report.write(folder.path() / "deep" / "report.html");
  EXPECT_EQ(read_file(folder.path() / "deep" / "report.html"), report.html());
  write_file(folder / "file", "");
  EXPECT_THROW(report.write(folder.path() / "file" / "report.html"), Error);
}

TEST(Chart, PutsTicksOnRoundNumbers) {
  const Axis steps = make_axis(0, 1000, 5, /*widen=*/false);
  EXPECT_THAT(steps.labels, ElementsAre("0", "200", "400", "600", "800", "1000"));
  EXPECT_THAT(make_axis(0, 60000, 4, false).labels, ElementsAre("0", "20k", "40k", "60k"));
  const Axis wide = make_axis(-0.13, 0.31, 5, /*widen=*/true);
  EXPECT_THAT(wide.labels, ElementsAre("-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3", "0.4"));
  EXPECT_LE(wide.low, -0.13);
  EXPECT_GE(wide.high, 0.31);
  const Axis single = make_axis(7, 7, 5, true);
  EXPECT_LT(single.low, 7);
  EXPECT_GT(single.high, 7);
  EXPECT_THROW(make_axis(0, kNaN, 5, true), Error);
}

TEST(Chart, BreaksTheLineAtValuesThatAreNotFinite) {
  const std::string html =
      draw(Chart{.title = "t", .series = {{.name = "s", .x = {0, 1, 2, 3}, .y = {1, 2, kNaN, 2}}}}).markup;
  const std::string path = html.substr(html.find(" d=\""));
  EXPECT_EQ(std::count(path.begin(), path.begin() + static_cast<long>(path.find("\"/>")), 'M'), 2);
  EXPECT_THAT(draw(Chart{.title = "t", .series = {{.name = "s", .x = {0}, .y = {kNaN}}}}).markup,
              HasSubstr("No value was recorded"));
  EXPECT_THROW(draw(Chart{.series = {{.name = "s", .x = {0}, .y = {}}}}), Error);
}

TEST(Chart, AveragesLongCurvesAndSaysSo) {
  Series series{.name = "loss"};
  for (int i = 0; i < 1000; ++i) series.x.push_back(i), series.y.push_back(i % 2);
  const std::string html = draw(Chart{.title = "t", .series = {series}}).markup;
  EXPECT_THAT(html, HasSubstr("Each point is the mean of 3 rows"));
  EXPECT_EQ(std::count(html.begin(), html.end(), 'L'), 333);
}

TEST(Chart, DrawsTheBaselineInsideTheFrame) {
  const std::string html = draw(Chart{.title = "t",
                                      .series = {{.name = "s", .x = {0, 1}, .y = {5, 6}}},
                                      .baseline = Level{0, "mean of the context"}})
                               .markup;
  EXPECT_THAT(html, HasSubstr("mean of the context"));
  std::smatch match;
  ASSERT_TRUE(std::regex_search(html, match, std::regex("class=\"base\"[^>]* y1=\"([0-9.]+)\"")));
  EXPECT_EQ(match[1], "210.0");  // at the floor: the axis reaches down to 0
}

TEST(Chart, RunningMeanSeesOnlyThePast) {
  const Series mean = running_mean({.name = "s", .x = {0, 1, 2, 3}, .y = {4, 2, kNaN, 6}}, 2, "mean");
  EXPECT_THAT(mean.y, ElementsAre(4, 3, 2, 6));
}

TEST(PcaPicture, OfARankOneFieldIsItsRampInRedAndGreyElsewhere) {
  // Tokens lie on one line through feature space: t * direction, t = 0 .. 1 from the first token to the last.
  const Tensor position = at::linspace(0, 1, 2 * 5 * 10, at::kFloat);
  const Tensor direction = at::tensor({-3.0f, 1.0f, 0.5f, 0.0f});  // largest loading negative: the sign is turned
  const Tensor picture = pca_picture((position.unsqueeze(1) * direction + 2.0).view({2, 5, 10, 4}));
  ASSERT_EQ(describe(picture), "[2, 3, 5, 10] uint8");
  const Tensor red = picture.select(1, 0).reshape({-1}).to(at::kLong);
  EXPECT_EQ(red[0].item<int64_t>(), 255);
  EXPECT_EQ(red[99].item<int64_t>(), 0);
  EXPECT_TRUE((red.diff() <= 0).all().item<bool>());
  EXPECT_NEAR(red[50].item<int64_t>(), 127, 3);
  EXPECT_TRUE((picture.select(1, 1) == 128).all().item<bool>());
  EXPECT_TRUE((picture.select(1, 2) == 128).all().item<bool>());
}

TEST(PcaPicture, TurnsTheLargestLoadingPositive) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(5);
  const Tensor position = at::linspace(0, 1, 100, at::kFloat).view({1, 10, 10, 1});
  for (int i = 0; i < 12; ++i) {  // the eigenvectors of LAPACK have either sign
    const Tensor direction = at::randn({5}, generator, at::kFloat);
    const bool rises = direction[direction.abs().argmax()].item<float>() > 0;
    const Tensor red = pca_picture(position * direction).select(1, 0).flatten();
    EXPECT_EQ(red[99].item<uint8_t>() > red[0].item<uint8_t>(), rises) << direction;
  }
}

TEST(PcaPicture, DoesNotLetOneTokenFlattenTheOthers) {
  Tensor tokens = at::linspace(-1, 1, 200, at::kFloat).view({1, 10, 20, 1}).clone();
  tokens[0][0][0][0] = 1000;
  const Tensor red = pca_picture(tokens).select(1, 0).reshape({-1}).to(at::kLong);
  EXPECT_EQ(red[0].item<int64_t>(), 255);
  EXPECT_GT((red[150] - red[50]).item<int64_t>(), 100);
}

TEST(PcaPicture, IsTheSameForTurnedFeatures) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  const Tensor spread = at::tensor({5.0f, 3.0f, 2.0f, 0.1f, 0.1f, 0.1f});
  const Tensor tokens = at::randn({3, 8, 8, 6}, generator, at::kFloat) * spread;
  EXPECT_TRUE(at::equal(pca_picture(tokens), pca_picture(tokens)));
  const Tensor turn = std::get<0>(at::linalg_qr(at::randn({6, 6}, generator, at::kDouble)));
  const Tensor turned = pca_picture(tokens.to(at::kDouble).matmul(turn)).to(at::kLong);
  const Tensor plain = pca_picture(tokens).to(at::kLong);
  for (int64_t c = 0; c < 3; ++c) {  // a component may be mirrored, no more
    const Tensor a = plain.select(1, c), b = turned.select(1, c);
    EXPECT_LE(std::min((a - b).abs().max().item<int64_t>(), (a + b - 255).abs().max().item<int64_t>()), 1);
  }
}

TEST(PcaPicture, OfEqualTokensIsGrey) {
  EXPECT_TRUE((pca_picture(at::full({1, 2, 2, 5}, 0.1f)) == 128).all().item<bool>());
  EXPECT_TRUE((pca_picture(at::zeros({1, 1, 1, 2})) == 128).all().item<bool>());
}

TEST(PcaPicture, RefusesWhatIsNoFeatureField) {
  EXPECT_THROW(pca_picture(at::zeros({2, 2, 2})), Error);
  EXPECT_THROW(pca_picture(at::zeros({1, 2, 2, 3}, at::kByte)), Error);
  EXPECT_THROW(pca_picture(at::full({1, 2, 2, 3}, kNaN)), Error);
}

TEST(Reproduction, QuotesTheCommandForAShell) {
  EXPECT_EQ(shell_quoted("runs/a-1.mp4"), "runs/a-1.mp4");
  EXPECT_EQ(shell_quoted("my clips"), "'my clips'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_THAT(command_line(), HasSubstr("test_tools"));
  EXPECT_EQ(reproduction_facts(7)[1], (std::pair<std::string, std::string>("seed", "7")));
}

}  // namespace
}  // namespace foresee::report
