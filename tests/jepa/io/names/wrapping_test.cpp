// Claims: what training wraps around a network is taken off its tensors' names, in any order and inside them; nothing
// else is changed, and two tensors that would have one name are told.
#include "jepa/io/names/wrapping.h"

#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace foresee {
namespace {

std::string bare(const std::string& stored) {
  const BareNames names = without_wrappings({stored});
  return names.stored.empty() ? "" : names.stored.begin()->first;
}

TEST(Wrapping, IsTakenOffWhereverItStands) {
  for (const char* stored :
       {"module.encoder.norm.weight", "_orig_mod.encoder.norm.weight", "module._orig_mod.encoder.norm.weight",
        "encoder._orig_mod.norm.weight", "encoder.module.backbone.norm.weight", "state_dict.model.encoder.norm.weight",
        "model.net.encoder.norm.weight", "_forward_module._orig_mod.encoder.norm.weight",
        "encoder._fsdp_wrapped_module.norm.weight", "encoder._checkpoint_wrapped_module.norm.weight",
        "encoder.norm.module.weight"})
    EXPECT_EQ(bare(stored), "encoder.norm.weight") << stored;
}

TEST(Wrapping, LeavesOtherNamesAlone) {
  for (const char* stored : {"encoder.norm.weight", "projector.net.1.running_mean", "encoder.model.weight", "module",
                             "world_model.encoder.norm.weight", "modules.0.weight", "model"})
    EXPECT_EQ(bare(stored), stored);
}

TEST(Wrapping, OfAnAverageLosesItsCounter) {
  const BareNames names = without_wrappings({"n_averaged", "module.norm.weight"});
  EXPECT_EQ(names.stored.size(), 1u);
  EXPECT_EQ(names.stored.at("norm.weight"), "module.norm.weight");
  EXPECT_EQ(names.wrappings, (std::vector<std::string>{"n_averaged (AveragedModel)", "module (DataParallel)"}));
}

TEST(Wrapping, OfAnAverageInACheckpointLosesItsCounterToo) {
  const BareNames names = without_wrappings({"ema.n_averaged", "ema.module.norm.weight"});
  EXPECT_EQ(names.stored.size(), 1u);
  EXPECT_EQ(names.stored.at("ema.norm.weight"), "ema.module.norm.weight");
}

TEST(Wrapping, TellsTwoTensorsOfOneName) {
  const BareNames names = without_wrappings({"module.norm.weight", "_orig_mod.norm.weight"});
  EXPECT_EQ(names.twice.at("norm.weight"), "_orig_mod.norm.weight");
}

TEST(Wrapping, FindsWhatStandsBeforeAName) {
  const BareNames names = without_wrappings(
      {"encoder.patch.weight", "target_encoder.patch.weight", "dispatch.weight", "a.b.patch.weight", "patch.weight"});
  EXPECT_EQ(names.before("patch.weight"), (std::vector<std::string>{"a.b.", "encoder.", "", "target_encoder."}));
  EXPECT_TRUE(names.has("target_encoder."));
  EXPECT_FALSE(names.has("predictor."));
  EXPECT_TRUE(says(names.summary(), "encoder (1)"));
}

}  // namespace
}  // namespace foresee
