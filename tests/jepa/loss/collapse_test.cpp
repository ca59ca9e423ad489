// Claims about the measures of collapse: features that tell only their place have no spread between clips; features
// that tell only their clip have none between places; a clip is found again by what is its own.
#include "jepa/loss/collapse.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

Tensor noise(at::IntArrayRef sizes, uint64_t step) {
  const Tensor out = at::empty(sizes, at::kFloat);
  Random(3, Stream::kTest, step).fill_normal({out.mutable_data_ptr<float>(), static_cast<size_t>(out.numel())});
  return out;
}

TEST(FeatureSpread, TellsWhereTheVarianceLies) {
  const Tensor place = noise({1, 30, 16}, 1).expand({20, 30, 16}), clip = noise({20, 1, 16}, 2).expand({20, 30, 16});
  const FeatureSpread of_place = feature_spread(place), of_clip = feature_spread(clip);
  EXPECT_NEAR(of_place.between_clips, 0, 1e-9);
  EXPECT_NEAR(of_place.between_positions, 1, 0.1);
  EXPECT_EQ(of_place.rank_clips, 0);
  EXPECT_GT(of_place.rank_positions, 8);
  EXPECT_NEAR(of_clip.between_positions, 0, 1e-9);
  EXPECT_NEAR(of_clip.between_clips, 1, 0.1);
  // Three parts of equal size: what all share, what a place has, what a clip has.
  const FeatureSpread both = feature_spread(place + clip + noise({1, 1, 16}, 3));
  EXPECT_NEAR(both.between_clips, 1.0 / 3, 0.12);
  EXPECT_NEAR(both.between_positions, 1.0 / 3, 0.12);
}

TEST(FeatureSpread, DoesNotDependOnScale) {
  const Tensor tokens = noise({6, 9, 5}, 4) + 2;
  const FeatureSpread one = feature_spread(tokens), other = feature_spread(tokens * 10);
  EXPECT_NEAR(one.between_clips, other.between_clips, 1e-6);
  EXPECT_NEAR(one.rank_positions, other.rank_positions, 1e-4);
}

TEST(FeatureSpread, RefusesOneClip) { EXPECT_THROW(feature_spread(noise({1, 9, 5}, 5)), Error); }

TEST(Retrieval, FindsAClipByWhatIsItsOwn) {
  const Tensor own = noise({40, 12}, 6), shared = noise({1, 12}, 7) * 100;
  EXPECT_EQ(retrieval(own + shared, own * 2 + shared + noise({40, 12}, 8) * 0.05), 1);
  EXPECT_LT(retrieval(own, noise({40, 12}, 9)), 0.25) << "by chance 1 / 40";
}

}  // namespace
}  // namespace foresee
