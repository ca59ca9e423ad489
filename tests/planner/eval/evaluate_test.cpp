#include "planner/eval/evaluate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "data/episode/hdf5/episode_file.h"
#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "planner/eval/findings/comparison.h"
#include "tests/planner/eval/picture_model.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::planner {
namespace {

/// Small searches, enough for a model that is right.
EvalConfig small_config(std::vector<std::string> methods, int64_t episodes = 30) {
  EvalConfig config;
  config.episodes = episodes;
  config.methods = std::move(methods);
  config.planner.planner.search = config.oracle.planner.search = {.samples = 60, .iterations = 8, .elites = 10};
  return config;
}

TEST(Evaluate, PutsAGoodModelAboveRandomAndABlindOneNot) {
  const PictureModel good, blind(/*blind=*/true);
  const EvalConfig config = small_config({"planner", "random", "noop", "expert", "oracle"});
  const EvalResult result = evaluate(config, /*seed=*/7, &good);
  const auto rate = [](const EvalResult& r, const char* method) { return r.find(method)->success; };
  EXPECT_GT(rate(result, "planner").low, rate(result, "random").high);
  EXPECT_GT(rate(result, "expert").rate, 0.9);
  EXPECT_GT(rate(result, "oracle").rate, 0.9);
  EXPECT_LT(rate(result, "noop").rate, 0.01) << "solved starts are excluded, and nothing else moves";
  EXPECT_GT(result.starts.excluded_solved, 0);
  for (const auto& method : result.methods) {
    EXPECT_EQ(method.success.n, 30);
    EXPECT_LE(method.success.low, method.success.rate);
    EXPECT_GE(method.success.high, method.success.rate);
  }
  const EvalResult bad = evaluate(small_config({"planner"}), 7, &blind);
  EXPECT_LT(rate(bad, "planner").low, rate(result, "random").high);
}

TEST(Evaluate, GivesEveryMethodTheSameStarts) {
  const PictureModel model;
  const EvalResult result = evaluate(small_config({"random", "planner", "expert"}, 8), 5, &model);
  for (const auto& method : result.methods) {
    ASSERT_EQ(method.trials.size(), 8u);
    for (size_t i = 0; i < 8; ++i) {
      EXPECT_EQ(method.trials[i].start, static_cast<int64_t>(i));
      for (size_t axis = 0; axis < 2; ++axis)
        EXPECT_NEAR(method.trials[i].path.front()[axis], result.starts.starts[i].state[axis], 1e-4);
    }
  }
}

TEST(Evaluate, RepeatsItself) {
  const PictureModel model;
  const EvalConfig config = small_config({"planner", "random", "oracle"}, 6);
  const EvalResult first = evaluate(config, 5, &model), second = evaluate(config, 5, &model),
                   other = evaluate(config, 6, &model);
  for (size_t m = 0; m < first.methods.size(); ++m)
    for (size_t i = 0; i < 6; ++i) EXPECT_EQ(first.methods[m].trials[i].path, second.methods[m].trials[i].path);
  EXPECT_NE(first.methods[0].trials[0].path, other.methods[0].trials[0].path);
}

TEST(Evaluate, CrossesToTheOtherRoomWithTheTrueSimulatorOnly) {
  const PictureModel model;  // knows nothing of walls
  EvalConfig config = small_config({"planner", "expert", "oracle"}, 12);
  config.protocol = Protocol::kFar;
  config.oracle = {};
  const EvalResult result = evaluate(config, 7, &model);
  EXPECT_EQ(result.find("expert")->success.rate, 1.0);
  EXPECT_GT(result.find("oracle")->success.rate, 0.9);
  EXPECT_LT(result.find("planner")->success.rate, 0.5);
  EXPECT_EQ(config.step_budget(), 100);
}

TEST(Evaluate, AlwaysRunsTheFloorsAndAllBaselinesWhereTheyAreWanted) {
  const PictureModel model;
  const auto names = [&](EvalConfig config) {
    std::vector<std::string> found;
    for (const auto& method : evaluate(config, 5, &model).methods) found.push_back(method.method);
    return found;
  };
  EvalConfig config = small_config({"planner:mppi", "planner:cem"}, 2);
  EXPECT_EQ(names(config), (std::vector<std::string>{"planner:mppi", "planner:cem", "random", "noop"}));
  config.floors = false;
  EXPECT_EQ(names(config), (std::vector<std::string>{"planner:mppi", "planner:cem"}));
  config.methods = {"planner:grid"};
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { config.validate(); }), "unknown solver 'grid'"));
}

TEST(Evaluate, SolversThatAreNamedAreThoseThatSearch) {
  const PictureModel model;
  EvalConfig config = small_config({"planner:icem", "planner:cem", "planner"}, 4);
  const EvalResult result = evaluate(config, 5, &model);
  const auto path = [&](const char* method) { return result.find(method)->trials.front().path; };
  EXPECT_EQ(path("planner"), path("planner:cem")) << "the config's solver";
  EXPECT_NE(path("planner"), path("planner:icem"));
  EXPECT_EQ(result.planner()->method, "planner:icem") << "the first of them";
}

TEST(Comparisons, GoOverTheStartsThatBothMethodsHaveFinished) {
  const auto with = [](const std::string& name, const std::vector<std::pair<int64_t, bool>>& trials) {
    MethodResult method{.method = name};
    for (const auto& [start, success] : trials) {
      method.trials.emplace_back().start = start;
      method.trials.back().success = success;
    }
    return method;
  };
  EvalResult result;
  EXPECT_TRUE(comparisons(result).empty());
  result.methods.push_back(with("random", {{0, false}, {1, true}, {2, false}}));
  EXPECT_TRUE(comparisons(result).empty()) << "there is no planner";
  result.methods.push_back(with("planner", {{3, true}, {2, true}, {1, true}, {0, true}}));
  result.methods.push_back(with("expert", {}));
  const auto found = comparisons(result);
  ASSERT_EQ(found.size(), 1u) << "the expert has finished none";
  EXPECT_EQ(found[0].second, "random");
  EXPECT_EQ(found[0].outcomes.both, 1);
  EXPECT_EQ(found[0].outcomes.first_only, 2);
  EXPECT_EQ(found[0].outcomes.n(), 3);
  EXPECT_DOUBLE_EQ(found[0].p, 0.5);
}

TEST(Evaluate, WritesRowsAndFilmStrips) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("foresee_eval_test_{}", ::getpid());
  const PictureModel model;
  const EvalConfig config = small_config({"planner", "random"}, 5);
  const EvalResult result = evaluate(config, 9, &model);
  save_results(folder, config, result, {{"seed", 9}}, /*strips=*/3);
  const auto json = read_json(folder / "results.json");
  EXPECT_EQ(json["result"], (nlohmann::json{{"seed", 9}}));
  EXPECT_EQ(json["starts"].size(), 5u);
  EXPECT_EQ(json["episodes"]["random"].size(), 5u);
  EXPECT_EQ(json["config"]["planner"]["samples"], 60);
  const auto& row = json["episodes"]["planner"][2];
  EXPECT_EQ(row["success"], result.methods[0].trials[2].success);
  EXPECT_EQ(row["planning_ms"].size(), result.methods[0].trials[2].planning_ms.size());
  int64_t pictures = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder / "strips"))
    pictures += data::read_image(file.path()).size(0) == 3;
  EXPECT_EQ(pictures, 3);
  std::filesystem::remove_all(folder);
}

TEST(Evaluate, RefusesEpisodesWhoseActionsAreNotTheModels) {
  if (!data::hdf5_available()) GTEST_SKIP() << "built without HDF5";
  const TemporaryFolder folder;
  const PictureModel model;
  EvalConfig config = small_config({"planner"}, 2);
  const auto recorded = [&](const char* name, double units) {
    data::EpisodeWriter writer(folder / name);
    for (data::Episode episode : generate_episodes(CollectConfig{.size = 8}, 40)) {
      episode.columns.at("action").mul_(units);
      writer.add(episode);
    }
    writer.commit();
    config.data = (folder / name).string();
  };
  recorded("as_trained.h5", 1);
  EXPECT_EQ(evaluate(config, 1, &model).methods[0].trials.size(), 2u);
  recorded("in_other_units.h5", 100);
  EXPECT_TRUE(says(refusal_of<DataError>([&] { evaluate(config, 1, &model); }), "other units"));
}

TEST(Evaluate, RefusesWhatItCannotDo) {
  const PictureModel model;
  EXPECT_THROW(evaluate(small_config({"planner"}), 1, nullptr), Error);
  EXPECT_THROW(evaluate(small_config({}), 1, &model), ConfigError);
  EXPECT_THROW(evaluate(small_config({"random", "random"}), 1, &model), ConfigError);
  try {
    evaluate(small_config({"oracel"}), 1, &model);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("'oracle'"), std::string::npos) << error.what();
  }
  try {
    parse_config<EvalConfig>({{"protocol", "naer"}}, "eval");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("'near'"), std::string::npos) << error.what();
  }
}

/// Fails in the middle of its first plan.
class BrokenModel : public PictureModel {
 public:
  Tensor costs(const Context&, const Tensor&, const Tensor&, Objective) const override { fail("its weights are NaN"); }
};

TEST(Evaluate, AMethodThatThrowsIsReportedAndTheOthersGoOn) {
  const BrokenModel model;
  const EvalResult result = evaluate(small_config({"planner", "expert"}, 4), 5, &model);
  EXPECT_EQ(result.find("planner")->failure, "its weights are NaN");
  EXPECT_EQ(result.find("planner")->success.n, 0);
  EXPECT_EQ(result.find("expert")->success.n, 4);
}

TEST(Evaluate, ATrialThatHasEndedStaysWhereItIs) {
  const MethodResult result{.method = "a",
                            .trials = {{.success = true, .steps = 1, .distances = {4, 0}},
                                       {.success = true, .steps = 2, .distances = {6, 3, 1}},
                                       {.steps = 2, .distances = {8, 9, 11}}}};
  EXPECT_EQ(result.mean_distance(), (std::vector<double>{6, 4, 4}));
  EXPECT_EQ(result.steps_to_success(), 1.5);
  EXPECT_FALSE(MethodResult{.trials = {{.steps = 2}}}.steps_to_success());
}

TEST(Evaluate, DistancesGoFromTheStartToTheEnd) {
  const EvalResult result = evaluate(small_config({"expert", "noop"}, 4), 5, nullptr);
  for (const Trial& trial : result.find("expert")->trials) {
    EXPECT_EQ(static_cast<int64_t>(trial.distances.size()), trial.steps + 1);
    EXPECT_EQ(trial.distances.back(), trial.final_distance);
    EXPECT_LT(trial.distances.back(), trial.distances.front());
  }
}

TEST(Evaluate, RefusesEpisodesThatTheModelWasTrainedOn) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder / "expert.h5";
  CollectConfig collect = usual_collection("two_room");
  collect.size = 32;
  const auto episodes = generate_episodes(collect, 60);
  {
    data::EpisodeWriter writer(file);
    for (const auto& episode : episodes) writer.add(episode);
    writer.commit();
  }
  const data::EpisodeDataset dataset({file}, 0);
  EvalConfig config = small_config({"planner"}, 4);
  config.data = file.string();
  const PictureModel model;
  const auto parts = [&](data::Split split) {
    return EvalParts{.trained = data::TrainedEpisodes(data::contents_json(dataset, split))};
  };
  const auto apart = evaluate(config, 5, &model, {}, parts(data::Split::kTrain)).overlap;
  ASSERT_TRUE(apart);
  EXPECT_TRUE(apart->known);
  EXPECT_GT(apart->episodes, 0);
  EXPECT_EQ(apart->trained, 0);
  EXPECT_FALSE(evaluate(config, 5, &model).overlap->known);
  const auto seen = parts(data::Split::kHeldOut);
  EXPECT_TRUE(says(refusal_of<DataError>([&] { evaluate(config, 5, &model, {}, seen); }), "--allow-overlap"));
  config.allow_overlap = true;
  const auto allowed = evaluate(config, 5, &model, {}, seen);
  EXPECT_EQ(allowed.overlap->trained, allowed.overlap->episodes);
  // The same episodes made again, without their pictures.
  config.data.reset();
  config.allow_overlap = false;
  collect.seed = 5;
  collect.size = 32;
  const data::EpisodeDataset same(generate_episodes(collect, 1000));
  const EvalParts all{.trained = data::TrainedEpisodes(data::contents_json(same, data::Split::kHeldOut))};
  EXPECT_THROW(evaluate(config, 5, &model, {}, all), DataError);
  // No model, no question.
  EXPECT_FALSE(evaluate(small_config({"random"}, 4), 5, nullptr, {}, all).overlap);
}

}  // namespace
}  // namespace foresee::planner
