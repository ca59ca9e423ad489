// Claims about reports of folders: a run's curves and an evaluation's numbers and pictures reach the page; what is
// neither is refused in one line.
#include "tools/report/folder_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "foresee/evaluate/closed_loop.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/metrics.h"
#include "planner/eval/evaluate.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tools/report/curves.h"
#include "tools/report/results/card.h"
#include "tools/report/results/comparison.h"
#include "tools/report/results/evaluation.h"
#include "tools/report/table.h"

namespace foresee::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A run of 100 steps: evaluations at 0, 50 and 100, a training row every 10 steps.
void write_run(const std::filesystem::path& folder) {
  MetricsWriter metrics(folder / "metrics.jsonl", 0);
  metrics.write(0, {{"skill", -0.25}, {"effective_rank", 3}, {"l1_model", 0.9}, {"l1_baseline", 0.8}});
  for (int64_t step = 10; step <= 100; step += 10) {
    metrics.write(step, {{"loss", 1.0 / static_cast<double>(step)}, {"step_ms", 12.5}});
    if (step % 50 == 0) metrics.write(step, {{"skill", 0.01 * static_cast<double>(step)}, {"effective_rank", 5}});
  }
  write_file(folder / "config.json", R"({"steps": 100, "note": "<b>"})");
}

planner::EvalConfig quick_evaluation() {
  planner::EvalConfig config;
  config.protocol = planner::Protocol::kFar;
  config.episodes = 3;
  config.methods = {"random", "noop", "expert"};
  return config;
}

TEST(Curves, GatherRowsByMetric) {
  const TemporaryFolder folder;
  write_run(folder.path());
  const auto curves = read_curves(folder / "metrics.jsonl");
  const Series* skill = find_curve(curves, "skill");
  ASSERT_NE(skill, nullptr);
  EXPECT_THAT(skill->x, ElementsAre(0, 50, 100));
  EXPECT_THAT(skill->y, ElementsAre(-0.25, 0.5, 1.0));
  EXPECT_EQ(find_curve(curves, "loss")->x.size(), 10u);
  EXPECT_EQ(find_curve(curves, "nonsense"), nullptr);
}

TEST(Curves, ShowWhatIsJudgedWithItsBaselineAndFoldTheRest) {
  const TemporaryFolder folder;
  write_run(folder.path());
  const std::string html = draw_curves(read_curves(folder / "metrics.jsonl")).markup;
  const size_t fold = html.find("<details>");
  EXPECT_LT(html.find("Skill on held-out frames"), fold);
  EXPECT_LT(html.find("mean of the context"), fold);
  EXPECT_LT(html.find("Training loss"), fold);
  EXPECT_GT(html.find("step_ms"), fold);
  EXPECT_NE(html.find("step_ms"), std::string::npos);
}

TEST(FolderReport, OfARunHasCurvesTilesAndConfig) {
  const TemporaryFolder folder;
  write_run(folder.path());
  const std::string html = folder_report(folder.path()).html();
  EXPECT_THAT(html, HasSubstr("<strong>1</strong><small>-0.25 at the start</small>"));
  EXPECT_THAT(html, HasSubstr("No checkpoint was written yet"));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
}

TEST(FolderReport, OfASweepShadesWhatWasTrainedAndFlagsAMemorisedWorld) {
  const TemporaryFolder folder;
  const auto at_value = [](const char* place, double rate) {
    return nlohmann::ordered_json{
        {"place", place},
        {"success",
         {{"planner", {{"rate", rate}, {"low", rate / 2}, {"high", (1 + rate) / 2}, {"n", 20}}},
          {"noop", {{"rate", 0.0}, {"low", 0.0}, {"high", 0.1}, {"n", 20}}}}}};
  };
  nlohmann::ordered_json result{{"env", "two_room"}, {"protocol", "near"}, {"vary", "two_room.door_position"}};
  result["values"] = {{"49", at_value("trained", 1)}, {"60", at_value("interpolated", 0.5)}};
  result["generalisation"] = {{"pools", nlohmann::ordered_json::object()}, {"memorised", true}};
  write_json(folder / "results.json", {{"result", result}, {"files", nlohmann::ordered_json::array()}});
  const std::string html = folder_report(folder.path()).html();
  EXPECT_THAT(html, HasSubstr("class=\"shaded\""));
  EXPECT_THAT(html, HasSubstr("Success over two_room.door_position"));
  EXPECT_THAT(html, HasSubstr("60: interpolated"));
  EXPECT_THAT(html, HasSubstr("A memorised world"));
  result["generalisation"]["memorised"] = false;
  write_json(folder / "results.json", {{"result", result}, {"files", nlohmann::ordered_json::array()}});
  EXPECT_THAT(folder_report(folder.path()).html(), Not(HasSubstr("A memorised world")));
  result.erase("values");
  write_json(folder / "results.json", {{"result", result}});
  EXPECT_THROW(folder_report(folder.path()), Error);
}

TEST(FolderReport, OfARunThatCollapsedNeverCallsItLearning) {
  const TemporaryFolder folder;
  {
    MetricsWriter metrics(folder / "metrics.jsonl", 0);
    metrics.write(0, {{"skill", 0.1}, {"between_clips", 0.4}, {"between_positions", 0.5}, {"collapse", 0}});
    metrics.write(10, {{"skill", 0.9}, {"between_clips", 0.1}, {"between_positions", 0.5}, {"collapse", 1}});
  }
  const std::string html = folder_report(folder.path()).html();
  EXPECT_THAT(html, HasSubstr("The features collapsed"));
  EXPECT_THAT(html, HasSubstr("Where features vary"));
  EXPECT_THAT(html, HasSubstr("0.4 at the start"));
}

TEST(FolderReport, OfProtocolFeaturesHasEachFactorBesideItsBaselines) {
  const TemporaryFolder folder;
  const nlohmann::ordered_json rate{{"rate", 0.5}, {"low", 0.4}, {"high", 0.6}, {"n", 100}};
  nlohmann::ordered_json probes = rate;
  probes["linear"] = rate;
  const nlohmann::ordered_json factor{{"chance", 0.25}, {"model", probes}, {"random", probes}, {"pixels", probes}};
  write_json(folder / "results.json", {{"result", {{"protocol", "features"}, {"seed", 0}, {"speed", factor}}}});
  const std::string html = folder_report(folder.path()).html();
  EXPECT_THAT(html, HasSubstr("Read from the features: speed"));
  EXPECT_THAT(html, HasSubstr("<tr class=\"baseline\"><th scope=\"row\">random weights"));
  EXPECT_THAT(html, HasSubstr("By chance: 25.0 %"));
  write_json(folder / "results.json", {{"result", {{"protocol", "features"}, {"speed", {{"chance", 0.25}}}}}});
  EXPECT_FALSE(refusal_of<Error>([&] { folder_report(folder.path()); }).empty());
}

TEST(FolderReport, OfAnEvaluationHasItsNumbersAndPictures) {
  const TemporaryFolder folder;
  const auto config = quick_evaluation();
  const planner::EvalResult played = planner::evaluate(config, 3, nullptr);
  planner::save_results(folder.path(), config, played, closed_loop_json(evaluation_of(played)));
  std::filesystem::create_directories(folder / "strips");
  for (const char* name : {"planner_000_success.png", "planner_001_failure.png"})
    data::write_image(folder.path() / "strips" / name, at::zeros({3, 4, 4}, at::kByte));
  // Only what results.json lists: the third strip is another evaluation's.
  data::write_image(folder.path() / "strips" / "planner_002_failure.png", at::zeros({3, 4, 4}, at::kByte));
  auto results = nlohmann::ordered_json(read_json(folder / "results.json"));
  results["files"] = {"strips/planner_000_success.png", "strips/planner_001_failure.png"};
  write_json(folder / "results.json", results);
  const std::string html = folder_report(folder.path()).html();
  EXPECT_EQ(html.find("planner_002_failure"), std::string::npos);
  EXPECT_NE(html.find("planner_001_failure"), std::string::npos);
  EXPECT_THAT(html, HasSubstr("Planning to a goal picture: two_room"));
  EXPECT_THAT(html, HasSubstr("<tr class=\"baseline\"><th scope=\"row\">random"));
  EXPECT_THAT(html, HasSubstr("<tr class=\"reference\"><th scope=\"row\">expert"));
  EXPECT_LT(html.find("planner_001_failure"), html.find("planner_000_success"));
}

TEST(FolderReport, ShowsSurpriseWithItsCurveAndThePairsThatWereNotToldFirst) {
  const TemporaryFolder folder;
  const nlohmann::ordered_json rate{{"accuracy", 0.75}, {"low", 0.5}, {"high", 0.9}, {"n", 8}};
  nlohmann::ordered_json kind = rate;
  kind["pixels"] = kind["latent_change"] = rate;
  kind["distances"]["20"] = rate;
  kind["curve"] = {{"offset", {-1, 0}}, {"changed", {0.1, 0.7}}, {"unchanged", {0.1, 0.2}}};
  std::filesystem::create_directories(folder / "strips");
  const std::vector<std::string> strips{"strips/teleport_20px_003_success.png", "strips/teleport_20px_004_failure.png"};
  for (const auto& file : strips) data::write_image(folder / file, at::zeros({3, 20, 40}, at::kByte));
  nlohmann::ordered_json results{{"files", strips},
                                 {"result",
                                  {{"env", "scenes"},
                                   {"protocol", "surprise"},
                                   {"seed", 0},
                                   {"shown", "generated scenes"},
                                   {"surprise", {{"teleport", kind}}},
                                   {"remarks", nlohmann::ordered_json::array()}}}};
  write_json(folder / "results.json", results);
  const std::string html = folder_report(folder.path()).html();
  EXPECT_THAT(html, HasSubstr("Surprise over time: teleport"));
  EXPECT_THAT(html, HasSubstr("jumps of 20 px"));
  EXPECT_THAT(html, HasSubstr("not told"));
  EXPECT_LT(html.find("teleport_20px_004_failure"), html.find("teleport_20px_003_success"));
  results["result"]["surprise"]["teleport"]["curve"] = 3;
  write_json(folder / "results.json", results);
  EXPECT_THROW(folder_report(folder.path()), Error);
}

planner::EvalConfig played_far(std::vector<std::string> methods) {
  planner::EvalConfig config;
  config.protocol = planner::Protocol::kFar;
  config.episodes = 12;
  config.methods = std::move(methods);
  config.floors = false;
  return config;
}

void save_far(const std::filesystem::path& folder, const std::string& method, uint64_t seed) {
  const auto config = played_far({method});
  const planner::EvalResult played = planner::evaluate(config, seed, nullptr);
  planner::save_results(folder, config, played, closed_loop_json(evaluation_of(played)));
}

TEST(CompareResults, SaysWhichIsBetterOnEqualStartsAndRefusesOthers) {
  const TemporaryFolder folder;
  save_far(folder / "a", "expert", 3);
  save_far(folder / "b", "random", 3);
  save_far(folder / "c", "random", 4);
  const ResultComparison found = compare_results(folder / "a", folder / "b");
  EXPECT_EQ(found.better, "first");
  EXPECT_EQ(found.rates.front().first_only, 12);
  EXPECT_EQ(compare_results(folder / "b", folder / "a").better, "second");
  const ResultComparison same = compare_results(folder / "b", folder / "b");
  EXPECT_EQ(same.better, "");
  EXPECT_THAT(same.verdict, HasSubstr("do not allow saying"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { compare_results(folder / "a", folder / "c"); }), "seed (3 and 4)"));
  EXPECT_THAT(model_card(folder / "a"), HasSubstr("      value: 1.0000\n      name: \"expert, 12 trials"));
  EXPECT_THAT(comparison_report(found).html(), HasSubstr("a is better"));
}

TEST(Table, EscapesWhatHasAMeaning) {
  const Table table{{"a,b", "50 %"}, {{"x|y_z", "say \"no\""}}};
  EXPECT_EQ(table_text(table, TableFormat::kCsv), "\"a,b\",50 %\nx|y_z,\"say \"\"no\"\"\"\n");
  EXPECT_THAT(table_text(table, TableFormat::kMarkdown), HasSubstr("| x\\|y\\_z | say \"no\" |"));
  EXPECT_THAT(table_text(table, TableFormat::kLatex), HasSubstr("a,b & 50 \\% \\\\\n\\midrule\nx|y\\_z & "));
}

TEST(FolderReport, RefusesWhatIsNeither) {
  const TemporaryFolder folder;
  EXPECT_TRUE(says(refusal_of<Error>([&] { folder_report(folder / "absent"); }), "no such folder"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { folder_report(folder.path()); }), "expected a run folder"));
  write_file(folder / "results.json", "[]");
  EXPECT_TRUE(says(refusal_of<Error>([&] { folder_report(folder.path()); }), "not a result of 'foresee eval'"));
  write_file(folder / "results.json", R"({"result": {"success": {"planner": 3}}})");
  EXPECT_TRUE(says(refusal_of<Error>([&] { folder_report(folder.path()); }), "not a result of 'foresee eval'"));
  write_file(folder / "metrics.jsonl", "");
  EXPECT_TRUE(says(refusal_of<Error>([&] { folder_report(folder.path()); }), "no row of metrics"));
}

TEST(EpisodeStrip, ShowsStartEndAndGoal) {
  const auto config = quick_evaluation();
  const auto result = planner::evaluate(config, 3, nullptr);
  const auto world = planner::make_env("two_room");
  const auto& episode = result.find("noop")->trials.front();
  const FilmStrip strip =
      episode_strip(*world, result.starts.starts[static_cast<size_t>(episode.start)], episode, /*pictures=*/5);
  ASSERT_EQ(strip.frames.size(), 5u);
  EXPECT_EQ(strip.frames.front().label, "step 0");
  EXPECT_EQ(strip.frames.back().label, fmt::format("step {}", episode.steps));
  EXPECT_EQ(strip.frames.front().png, strip.frames.back().png);  // it did not move
  ASSERT_TRUE(strip.goal.has_value());
  EXPECT_NE(strip.goal->png, strip.frames.back().png);
}

}  // namespace
}  // namespace foresee::report
