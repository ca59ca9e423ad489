// Claims: every episode draws its factors from seed and number alone; the values are columns and say what the scene
// was; what the environment does not allow is refused before an episode is made; one's own program is told.
#include "planner/env/factor_draw.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "jepa/core/error.h"
#include "planner/env/collect.h"
#include "planner/env/process_env.h"
#include "planner/env/two_room/two_room.h"
#include "planner/eval/starts.h"

namespace foresee::planner {
namespace {

CollectConfig drawing(std::vector<std::string> draw) {
  CollectConfig config = usual_collection("two_room");
  config.size = 16;
  config.seed = 5;
  config.draw = std::move(draw);
  return config;
}

std::string refusal(const std::vector<std::string>& draw) {
  try {
    check_draw(draw, "two_room", {});
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(FactorDraw, GivesEveryEpisodeItsScene) {
  const auto config = drawing({"two_room.door_position=30..190", "two_room.agent.color=[0..255,0,0]"});
  const auto episodes = generate_episodes(config, 12);
  std::set<double> doors;
  for (const auto& episode : episodes) {
    const Tensor door = episode.columns.at("variation.two_room.door_position");
    ASSERT_EQ(door.sizes(), (std::vector<int64_t>{episode.length(), 3}));
    EXPECT_TRUE(door.eq(door[0][0]).all().item<bool>()) << "one number stands for each of the list, in every row";
    const double place = door[0][0].item<double>();
    EXPECT_GE(place, 30);
    EXPECT_LE(place, 190);
    EXPECT_EQ(place, std::floor(place));
    doors.insert(place);
    EXPECT_EQ(episode.columns.at("variation.two_room.agent_color")[0][1].item<double>(), 0);
  }
  EXPECT_GT(doors.size(), 6u);
}

TEST(FactorDraw, DependsOnSeedAndNumberAlone) {
  const auto config = drawing({"two_room.door_position=30..190"});
  const auto all = generate_episodes(config, 4);
  const auto one = generate_episode(config, 3);
  EXPECT_TRUE(at::equal(all[3].frames, one.frames));
  EXPECT_TRUE(at::equal(all[3].columns.at("variation.two_room.door_position"),
                        one.columns.at("variation.two_room.door_position")));
  auto other = config;
  other.seed = 6;
  EXPECT_FALSE(at::equal(generate_episode(other, 3).columns.at("variation.two_room.door_position")[0],
                         one.columns.at("variation.two_room.door_position")[0]));
}

TEST(FactorDraw, WithoutFactorsChangesNothing) {
  const auto plain = generate_episode(drawing({}), 2);
  for (const auto& [name, values] : plain.columns) EXPECT_FALSE(name.starts_with("variation.")) << name;
  const auto fixed = generate_episode(drawing({"two_room.door_position=49"}), 2);
  EXPECT_TRUE(at::equal(plain.frames, fixed.frames)) << "49 is where the door stands";
}

TEST(FactorDraw, BringsASceneBackFromItsValues) {
  const EnvConfig defaults;
  const DrawnScene scene = draw_scene({"two_room.door_position=30..190", "two_room.wall_axis=horizontal,vertical",
                                       "two_room.background_color=any", "two_room.agent_radius=5..9"},
                                      "two_room", defaults, 1, 7);
  const EnvConfig again = with_factors(scene.values, "two_room", defaults);
  const auto drawn = make_env("two_room", scene.variation), back = make_env("two_room", again);
  EXPECT_TRUE(at::equal(drawn->render(32), back->render(32)));
  EXPECT_FALSE(at::equal(drawn->render(32), make_env("two_room")->render(32)));
}

TEST(FactorDraw, RefusesWhatIsNotAllowed) {
  EXPECT_NE(refusal({"two_room.dor_position=30"}).find("did you mean 'door_position'"), std::string::npos);
  EXPECT_NE(refusal({"two_rooms.door_position=30"}).find("did you mean 'two_room'"), std::string::npos);
  EXPECT_NE(refusal({"two_room.door_position=30..400"}).find("0 .. 223"), std::string::npos);
  EXPECT_NE(refusal({"push_t.block_scale=30"}).find("another environment"), std::string::npos);
  EXPECT_NE(refusal({"two_room.min_steps=1", "two_room.min_steps=2"}).find("twice"), std::string::npos);
  EXPECT_NE(refusal({"two_room.background_color=[1,2]"}).find("three numbers"), std::string::npos);
  EXPECT_NE(refusal({"two_room.wall_axis=diagonal"}), "");
  EXPECT_EQ(refusal({"two_room.render_target=true,false"}), "");
}

TEST(FactorDraw, TellsOnesOwnProgram) {
  const DrawnScene scene =
      draw_scene({"process.variation.light=0.25", "process.variation.size=3"}, "process", EnvConfig{}, 1, 2);
  EXPECT_EQ(config_json(scene.variation)["process"]["variation"], R"({"light":0.25,"size":3})");
  ASSERT_EQ(scene.values.size(), 2u);
  EXPECT_EQ(scene.values[0].first, "process.variation.light");
  EXPECT_EQ(scene.values[0].second, std::vector<double>{0.25});
  EXPECT_THROW((ProcessConfig{.command = "true", .variation = "[1]"}.validate()), ConfigError);
}

TEST(FactorDraw, FactorsOfOnesOwnProgramHaveALimitOnDepth) {
  std::string deep;
  for (int i = 0; i < 60'000; ++i) deep += R"({"a":)";
  deep += "1" + std::string(60'000, '}');
  const ProcessConfig process{.command = "true", .variation = deep};
  EXPECT_THROW(process.validate(), DataError);
  EXPECT_THROW(ProcessEnv{process}, DataError);
  EXPECT_THROW(parse_config<EnvConfig>({{"process", {{"variation", deep}}}}, "world"), DataError);
}

TEST(FactorDraw, SetsOneValueInTheSettingsOfAWorld) {
  nlohmann::json world{{"process", {{"command", "true"}, {"variation", R"({"size":3})"}}}};
  set_factor(world, "process.variation.light", "0.5", {});
  set_factor(world, "two_room.door_position", "30", {});
  EXPECT_EQ(world["process"]["variation"], R"({"light":0.5,"size":3})");
  EXPECT_EQ(world["process"]["command"], "true");
  EXPECT_EQ(world["two_room"]["door_position"], (std::vector<int>{30, 30, 30}));
  set_factor(world, "process.variation.light", "1", {});
  EXPECT_EQ(world["process"]["variation"], R"({"light":1,"size":3})");
  EXPECT_NO_THROW(parse_config<EnvConfig>(world, "world"));
  EXPECT_THROW(set_factor(world, "process.variation.light", "1,2", {}), ConfigError) << "two values";
  EXPECT_THROW(set_factor(world, "two_room.dor_position", "30", {}), ConfigError);
  nlohmann::json wrong{{"process", 3}};
  EXPECT_THROW(set_factor(wrong, "process.variation.light", "1", {}), ConfigError);
}

TEST(FactorDraw, GivesStartsOfFarTheirScenes) {
  const StartSet set = far_starts("two_room", EnvConfig{}, /*seed=*/3, /*count=*/4, {"two_room.door_position=30..190"});
  std::set<double> doors;
  for (const Start& start : set.starts) {
    ASSERT_TRUE(start.scene);
    ASSERT_EQ(start.factors.size(), 1u);
    const auto* room = dynamic_cast<const TwoRoom*>(start.scene.get());
    ASSERT_NE(room, nullptr);
    EXPECT_EQ(static_cast<double>(room->config().door_position[0]), start.factors[0].second[0]);
    doors.insert(start.factors[0].second[0]);
  }
  EXPECT_GT(doors.size(), 1u);
}

}  // namespace
}  // namespace foresee::planner
