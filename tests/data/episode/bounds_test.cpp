// Where episodes lie, by the names and marks that writers use: as they say, or refused, and never one clip of two.
#include "data/episode/bounds.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "data/episode/npz/npy.h"
#include "data/episode/source.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRows = 12;

/// Twelve rows, each with its number as picture and action, and what says where episodes lie.
fs::path rows_with(const TemporaryFolder& folder, TensorMap bounds) {
  bounds["pixels"] = at::arange(kRows).to(at::kByte).reshape({kRows, 1, 1, 1}).expand({kRows, 8, 8, 3}).contiguous();
  bounds["action"] = at::arange(kRows).to(at::kFloat).reshape({kRows, 1});
  write_npz(folder / "log.npz", bounds);
  return folder / "log.npz";
}

Tensor numbers(const std::vector<int64_t>& values) { return at::tensor(values); }

Tensor marks(const std::vector<int64_t>& rows) {
  Tensor out = at::zeros({kRows}, at::kBool);
  for (const int64_t row : rows) out[row] = true;
  return out;
}

void expect_lengths(const TensorMap& bounds, const std::vector<int64_t>& lengths, const std::string& said) {
  const TemporaryFolder folder;
  const auto source = open_source(rows_with(folder, bounds));
  SCOPED_TRACE(bounds.begin()->first);
  EXPECT_EQ(source->info().lengths, lengths);
  int64_t row = 0;
  for (int64_t e = 0; e < source->episodes(); ++e)
    for (int64_t t = 0; t < source->length(e); ++t, ++row) {
      EXPECT_EQ(source->read(e, "action", t, 1).item<float>(), static_cast<float>(row));
      EXPECT_EQ(source->read(e, "pixels", t, 1)[0][0][0][0].item<int64_t>(), row);
    }
  std::string notes;
  for (const auto& note : source->info().notes) notes += note + "\n";
  EXPECT_TRUE(says(notes, said)) << notes;
  for (const auto& unread : source->info().unread) EXPECT_FALSE(bounds.contains(unread.name)) << unread.reason;
}

std::string refused(const TensorMap& bounds) {
  const TemporaryFolder folder;
  return refusal_of<DataError>([&] { open_source(rows_with(folder, bounds)); });
}

TEST(Bounds, ByOtherNamesAreFollowed) {
  expect_lengths({{"lengths", numbers({5, 7})}}, {5, 7}, "lengths in 'lengths'");
  expect_lengths({{"episode_lengths", numbers({5, 3, 4})}}, {5, 3, 4}, "lengths in 'episode_lengths'");
  expect_lengths({{"episode_ends", numbers({5, 12})}}, {5, 7}, "'episode_ends' says: 2");
  expect_lengths({{"episode_index", at::cat({at::zeros({5}), at::ones({7})})}}, {5, 7}, "'episode_index' says which");
  expect_lengths({{"ep_idx", at::cat({at::zeros({5}), at::ones({7})})}}, {5, 7}, "'ep_idx' says which");
  EXPECT_TRUE(says(refused({{"lengths", numbers({5, 6})}}), "lengths adds up to 11 of 12 rows"));
  EXPECT_TRUE(says(refused({{"episode_ends", numbers({5, 11})}}), "rising to 12"));
  EXPECT_TRUE(says(refused({{"episode_ends", numbers({7, 5, 12})}}), "rising to 12"));
  EXPECT_TRUE(says(refused({{"episode_id", at::arange(kRows) % 2}}), "lie apart"));
}

TEST(Bounds, ByMarksAreFollowed) {
  expect_lengths({{"terminals", marks({4, 11})}}, {5, 7}, "'terminals' says: 2");
  expect_lengths({{"terminals", marks({4})}, {"timeouts", marks({8})}}, {5, 4, 3}, "'terminals, timeouts' says: 3");
  expect_lengths({{"dones", marks({4, 5, 6, 11}).to(at::kFloat)}}, {7, 5}, "says: 2");  // success that lasts
  expect_lengths({{"is_first", marks({0, 5})}, {"is_last", marks({4, 11})}}, {5, 7}, "'is_first' says: 2");
}

TEST(Bounds, ThatNothingSaysMakeOneEpisodeAndAreSaid) {
  expect_lengths({{"terminals", marks({})}}, {kRows}, "nothing says where episodes begin");
  expect_lengths({{"done", at::arange(kRows)}}, {kRows}, "nothing says where episodes begin");  // no marks
}

TEST(Bounds, OfStackedArraysLeaveOutWhatFillsThemUp) {
  const TemporaryFolder folder;
  write_npz(folder / "log.npz", {{"pixels", at::ones({3, 4, 8, 8, 3}, at::kByte)},
                                 {"action", at::arange(12).to(at::kFloat).reshape({3, 4, 1})},
                                 {"ep_len", numbers({4, 2, 3})}});
  const auto source = open_source(folder / "log.npz");
  EXPECT_EQ(source->info().lengths, (std::vector<int64_t>{4, 2, 3}));
  EXPECT_EQ(source->read(1, "action", 1, 1).item<float>(), 5);
  EXPECT_TRUE(source->info().flaws.empty());
  write_npz(folder / "long.npz", {{"pixels", at::ones({3, 4, 8, 8, 3}, at::kByte)}, {"ep_len", numbers({4, 5, 3})}});
  EXPECT_TRUE(says(refusal_of<DataError>([&] { open_source(folder / "long.npz"); }), "episode 1 has 5 of 4 rows"));
}

}  // namespace
}  // namespace foresee::data
