// Claims: protocol quality catches small world models that were trained badly on purpose (shuffled actions, no term
// against collapse, a handful of episodes), by the flag that names the fault, and does not raise it for a model that
// was trained the same way without it.
#include <gtest/gtest.h>

#include <set>

#include "data/episode/hdf5/episode_file.h"
#include "foresee/evaluate.h"
#include "foresee/train.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "planner/env/collect.h"
#include "tests/support/silence.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using Flags = std::set<std::string>;

std::vector<data::Episode> walks(int64_t episodes, uint64_t seed) {
  return planner::generate_episodes({.policy = "random", .size = 32, .seed = seed}, episodes);
}

/// Every row gets the action of another row of all episodes; what actions did is lost.
void shuffle_actions(std::vector<data::Episode>& episodes) {
  std::vector<Tensor> all;
  for (const auto& episode : episodes) all.push_back(episode.columns.at("action").slice(0, 0, -1));
  const Tensor rows = at::cat(all);
  const auto order = Random(1, Stream::kTest).permutation(rows.size(0));
  const Tensor mixed = rows.index_select(0, at::tensor(order, at::kLong));
  int64_t first = 0;
  for (auto& episode : episodes) {
    Tensor& action = episode.columns.at("action");
    const int64_t count = action.size(0) - 1;
    action = at::cat({mixed.narrow(0, first, count), action.slice(0, count)});
    first += count;
  }
}

struct BrokenTraining : testing::Test {
  fs::path write(const char* name, const std::vector<data::Episode>& episodes) const {
    data::EpisodeWriter writer(folder / name);
    for (const auto& episode : episodes) writer.add(episode);
    writer.commit();
    return folder / name;
  }

  /// Flags, on `judged`, of a small model that is trained on `data`.
  Flags flags_of(const fs::path& data, const fs::path& judged, int64_t steps, const std::string& setting = "") const {
    const Silence silence;
    TrainRequest request{.family = "lewm", .data = {data}, .steps = steps, .out = folder / "run"};
    request.options = {.device = Device::kCpu, .seed = 0, .threads = 1};
    auto& set = request.options.settings.set;
    set = {
        "model.vit.image_size=32", "model.vit.patch=8",      "model.vit.width=48",         "model.vit.heads=2",
        "model.vit.layers=2",      "model.vit.mlp=96",       "model.predictor.layers=2",   "model.predictor.width=48",
        "model.predictor.heads=2", "model.predictor.mlp=96", "model.projector_hidden=64",  "model.prediction_hidden=64",
        "model.embedding=32",      "train.batch=32",         "train.loss.projections=128", "held_out_sequences=8",
        "held_out_horizon=1",      "probe_frames=0"};
    if (!setting.empty()) set.push_back(setting);
    train(request);
    EvaluateRequest wanted{.model = request.out, .protocol = "quality", .data = {judged}};
    wanted.options = {.device = Device::kCpu, .seed = 3, .threads = 1};
    wanted.options.settings.set = {"clips=60", "windows=600", "anchors=16", "drift_steps=5"};
    Flags names;
    const EvaluateResult result = evaluate(wanted);
    for (const auto& flag : result.quality->flags) {
      EXPECT_FALSE(flag.meaning.empty());
      names.insert(flag.name);
    }
    return names;
  }

  TemporaryFolder folder;
};

TEST_F(BrokenTraining, ASoundTrainingHasNoneOfTheFaults) {
  const fs::path data = write("walks.h5", walks(60, 5));
  const Flags found = flags_of(data, data, 200);
  for (const char* fault : {"actions ignored", "collapse", "memorised", "untrained"})
    EXPECT_FALSE(found.contains(fault)) << fault;
}

TEST_F(BrokenTraining, ShuffledActionsAreIgnored) {
  auto episodes = walks(60, 5);
  const fs::path right = write("walks.h5", episodes);
  shuffle_actions(episodes);
  EXPECT_TRUE(flags_of(write("shuffled.h5", episodes), right, 200).contains("actions ignored"));
}

TEST_F(BrokenTraining, WithoutATermAgainstItTheEncoderCollapses) {
  const fs::path data = write("walks.h5", walks(60, 5));
  EXPECT_TRUE(flags_of(data, data, 400, "train.loss.sigreg_weight=0").contains("collapse"));
}

TEST_F(BrokenTraining, AHandfulOfEpisodesIsLearntByHeart) {
  auto episodes = walks(6, 5);
  const fs::path few = write("few.h5", episodes);
  for (auto& other : walks(20, 6)) episodes.push_back(other);
  EXPECT_TRUE(flags_of(few, write("all.h5", episodes), 400).contains("memorised"));
}

}  // namespace
}  // namespace foresee
