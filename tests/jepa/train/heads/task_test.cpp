// Heads on a LeWM that stays as it is: pairs in hindsight, what is learned of them, and how planning uses it.
#include "jepa/train/heads/task.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "jepa/core/error.h"
#include "jepa/io/state_dict.h"
#include "tests/jepa/model/lewm/lewm_small.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using testing::random_bytes;
using testing::scrambled;
using testing::small_lewm;

constexpr LewmHeadsConfig kBoth{.inverse_hidden = 48, .distance_hidden = 48, .decoder_width = 0};

ModelFolder small_folder() {
  ModelFolder folder;
  folder.family = "lewm";
  folder.model = config_json(small_lewm());
  folder.preprocess.size = 16;
  folder.actions = testing::small_actions();
  folder.weights = state_dict(*scrambled(small_lewm(), 1));
  return folder;
}

/// Episodes along a line in latent space: the place is the first number, one a row; actions say the direction.
LatentEpisodes walks(uint64_t seed) {
  const Random draws(seed, Stream::kTest);
  LatentEpisodes out;
  std::vector<Tensor> places, actions;
  for (int64_t i = 0; i < 40; ++i) {
    const double direction = i % 2 == 0 ? 0.1 : -0.1;
    places.push_back(at::arange(24, at::kFloat) * direction + draws.normal(static_cast<uint64_t>(i)));
    actions.push_back(at::full({24, 2}, direction * 10));
    out.length.push_back(24);
  }
  out.embeddings = at::zeros({40 * 24, 24});
  out.embeddings.select(1, 0).copy_(at::cat(places));
  out.actions = at::cat(actions);
  return out;
}

LewmHeadsTask small_heads_task(int64_t steps, LewmHeadsConfig heads = kBoth) {
  LewmHeadsTrainConfig config;
  config.batch = 128;
  config.learning_rate = 3e-3;
  config.evaluated = 256;
  return LewmHeadsTask(lewm_with_heads(small_folder(), heads, 5, "test"), small_folder(), walks(1), walks(2), config,
                       steps, 5);
}

TEST(HindsightSampler, PairsLieInOneEpisodeWholeBlocksApart) {
  const HindsightSampler sampler({7, 2, 11}, 2);
  const HindsightPairs pairs = sampler.draw(Random(1, Stream::kTest), 2000);
  EXPECT_TRUE(at::equal(pairs.goals - pairs.rows, pairs.blocks * 2));
  EXPECT_GE(pairs.blocks.min().item<int64_t>(), 1);
  const auto episode = [](const Tensor& rows) { return (rows >= 7).to(at::kLong) + (rows >= 9).to(at::kLong); };
  EXPECT_TRUE(at::equal(episode(pairs.rows), episode(pairs.goals)));
  EXPECT_EQ(pairs.goals.max().item<int64_t>(), 19);
  EXPECT_EQ(pairs.blocks.max().item<int64_t>(), 5);                // the whole of the longest episode is reached
  EXPECT_EQ((episode(pairs.rows) == 1).sum().item<int64_t>(), 0);  // too short for a block
  EXPECT_THROW(HindsightSampler({2, 1}, 2), DataError);
}

TEST(LewmHeads, LearnDirectionAndDistanceOfGoals) {
  LewmHeadsTask task = small_heads_task(400);
  EXPECT_LT(metric(task.evaluate(), "held_out_inverse_skill"), 0.2);
  for (int64_t step = 0; step < 400; ++step) task.step(step);
  const Metrics after = task.evaluate();
  EXPECT_GT(metric(after, "held_out_inverse_skill"), 0.7);
  EXPECT_GT(metric(after, "held_out_distance_skill"), 0.5);
  EXPECT_LT(metric(after, "held_out_distance_error"), 1.0);  // blocks
}

TEST(LewmHeads, LeaveTheModelAsItIs) {
  const fs::path folder = fs::temp_directory_path() / ("foresee-heads-" + std::to_string(::getpid()));
  LewmHeadsTask task = small_heads_task(20);
  for (int64_t step = 0; step < 20; ++step) task.step(step);
  task.save(folder);
  const ModelFolder saved = load_model_folder(folder, "lewm");
  for (const auto& [name, value] : small_folder().weights)
    EXPECT_TRUE(at::equal(saved.weights.at(name), value)) << name;
  EXPECT_GT(saved.weights.size(), small_folder().weights.size());

  const auto world = load_world_model(folder);
  EXPECT_EQ(world->objectives(), (std::vector<Objective>{Objective::kLatent, Objective::kDistance}));
  EXPECT_TRUE(world->proposes());
  // A resumed task goes on with the same bits.
  LewmHeadsTask resumed = small_heads_task(20);
  resumed.load(folder);
  EXPECT_EQ(metric(resumed.evaluate(), "held_out_distance_error"), metric(task.evaluate(), "held_out_distance_error"));
  fs::remove_all(folder);
}

TEST(LewmHeads, AnotherSizeReplacesAHeadAndTheRestIsKept) {
  ModelFolder folder = small_folder();
  const Lewm first = lewm_with_heads(folder, kBoth, 5, "test");
  folder.model = config_json(first->config);
  folder.weights = state_dict(*first);
  LewmHeadsConfig other = kBoth;
  other.distance_hidden = 12;
  other.inverse_hidden = 0;
  const Lewm second = lewm_with_heads(folder, other, 6, "test");
  EXPECT_FALSE(second->inverse.has_value());
  EXPECT_EQ(state_dict(*second).at("distance_head.net.0.weight").size(0), 12);
  const Lewm same = lewm_with_heads(folder, kBoth, 6, "test");
  EXPECT_TRUE(
      at::equal(state_dict(*same).at("inverse_head.net.0.weight"), state_dict(*first).at("inverse_head.net.0.weight")));
  EXPECT_THROW(small_heads_task(1, LewmHeadsConfig{}), ConfigError);
}

TEST(LewmHeads, ThatAreKeptStayAsTheyAreBesideNewOnes) {
  ModelFolder folder = small_folder();
  const Lewm first = lewm_with_heads(folder, kBoth, 5, "test");
  folder.model = config_json(first->config);
  folder.weights = state_dict(*first);
  LewmHeadsConfig more = kBoth;
  more.decoder_width = 16;
  const Lewm model = lewm_with_heads(folder, more, 6, "test", /*keep=*/true);
  LatentEpisodes data = walks(1);
  data.pictures = [](const Tensor& rows) { return at::zeros({rows.size(0), 3, 16, 16}, at::kByte); };
  LewmHeadsTask task(model, folder, data, data, {}, 3, 5);
  const Tensor drawn_before = state_dict(*model).at("picture_decoder.in.weight").clone();
  for (int64_t step = 0; step < 3; ++step) task.step(step);
  for (const auto& [name, value] : folder.weights) EXPECT_TRUE(at::equal(state_dict(*model).at(name), value)) << name;
  EXPECT_FALSE(at::equal(state_dict(*model).at("picture_decoder.in.weight"), drawn_before));
  EXPECT_THROW(LewmHeadsTask(lewm_with_heads(folder, kBoth, 6, "test", /*keep=*/true), folder, data, data, {}, 3, 5),
               ConfigError)
      << "nothing is left to fit";
}

TEST(LewmHeads, DecoderDrawsPicturesOfAnySize) {
  for (const int64_t size : {16, 30, 64, 224}) {
    LewmConfig config = small_lewm();
    config.vit.image_size = size;
    config.vit.patch = 2;
    if (size == 224) config.vit.patch = 16;
    config.heads.decoder_width = 32;
    const Lewm model = scrambled(config, 1);
    const Tensor drawn = model->decoder->forward(at::ones({2, 24}));
    EXPECT_EQ(drawn.sizes(), at::IntArrayRef({2, 3, size, size}));
    EXPECT_GE(drawn.min().item<double>(), 0);
    EXPECT_LE(drawn.max().item<double>(), 1);
  }
}

TEST(LewmHeads, DecoderLearnsPicturesOfEmbeddings) {
  ModelFolder folder = small_folder();
  LatentEpisodes data = walks(1);
  data.pictures = [embeddings = data.embeddings](const Tensor& rows) {  // brightness says the place
    return (embeddings.index_select(0, rows).select(1, 0).sigmoid() * 255)
        .to(at::kByte)
        .view({-1, 1, 1, 1})
        .expand({-1, 3, 16, 16});
  };
  LewmHeadsTrainConfig config;
  config.learning_rate = 3e-3;
  config.evaluated = 64;
  const LewmHeadsConfig decoder{.inverse_hidden = 0, .distance_hidden = 0, .decoder_width = 16};
  LewmHeadsTask task(lewm_with_heads(folder, decoder, 5, "test"), folder, data, data, config, 100, 5);
  const double before = metric(task.evaluate(), "held_out_picture_psnr");
  for (int64_t step = 0; step < 100; ++step) task.step(step);
  EXPECT_GT(metric(task.evaluate(), "held_out_picture_psnr"), before + 8);
}

TEST(LewmHeads, DistanceObjectiveAndProposalsPlan) {
  LewmConfig config = small_lewm();
  config.heads = kBoth;
  Preprocess preprocess;
  preprocess.size = 16;
  LewmWorldModel world(scrambled(config, 1), testing::small_actions(), preprocess);
  Observation seen;
  seen.frames = random_bytes({2, 1, 3, 16, 16}, 2);
  const auto context = world.encode(seen);
  const Tensor goal = world.encode_goal(random_bytes({2, 3, 16, 16}, 5));
  const Tensor actions = Random(4, Stream::kTest).normal_tensor({2, 6, 3, 4});
  const Tensor latent = world.costs(*context, goal, actions), last = world.rollout(*context, actions).select(2, 2);
  const Tensor wanted = world.model()->distance->forward(last, goal.unsqueeze(1).expand({2, 6, 24}));
  EXPECT_LT((world.costs(*context, goal, actions, Objective::kDistance) - wanted).abs().max().item<double>(), 1e-4);
  EXPECT_GE(wanted.min().item<double>(), 0);
  EXPECT_GT((wanted - latent).abs().max().item<double>(), 1e-3);
  EXPECT_NO_THROW(require_objective(world, Objective::kDistance));

  const Tensor plan = world.propose(*context, goal, 3);
  ASSERT_EQ(plan.sizes(), at::IntArrayRef({2, 3, 4}));
  EXPECT_LT((plan.slice(1, 0, 1) - world.propose(*context, goal, 1)).abs().max().item<double>(), 1e-5);
  // The second block is what the head says of the state that the first one leads to.
  const Tensor next = world.rollout(*context, plan.slice(1, 0, 1).unsqueeze(1)).select(2, 0).squeeze(1);
  EXPECT_LT((world.model()->inverse->forward(next, goal) - plan.select(1, 1)).abs().max().item<double>(), 1e-4);

  LewmWorldModel plain(scrambled(small_lewm(), 1), testing::small_actions(), preprocess);
  EXPECT_FALSE(plain.proposes());
  EXPECT_THROW(require_objective(plain, Objective::kDistance), ConfigError);
  EXPECT_THROW(
      plain.costs(*plain.encode(seen), plain.encode_goal(seen.frames.select(1, 0)), actions, Objective::kDistance),
      Error);
  EXPECT_THROW(plain.propose(*plain.encode(seen), goal, 1), Error);
}

}  // namespace
}  // namespace foresee
