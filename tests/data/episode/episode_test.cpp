#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <set>
#include <thread>

#include "data/episode/dataset.h"
#include "data/episode/episode_loader.h"
#include "data/episode/hdf5/episode_file.h"
#include "data/episode/sink.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/random.h"
#include "tests/support/stop_after.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

/// An episode whose every number says where it is from.
Episode make_episode(uint64_t id, int64_t length, int64_t size = 8) {
  Episode episode{.id = id, .frames = {}, .columns = {}};
  const Tensor row = at::arange(length, at::kFloat).reshape({length, 1});
  const Tensor pixel = at::arange(size * size * 3).reshape({1, size, size, 3});
  episode.frames = (pixel + row.reshape({length, 1, 1, 1}) * 7 + static_cast<double>(id) * 3)
                       .to(at::kLong)
                       .remainder(251)
                       .to(at::kByte);
  Tensor action = at::cat({row, row + 1000.0 * static_cast<double>(id)}, 1).contiguous();
  action[-1].fill_(NAN);
  episode.columns["action"] = action;
  episode.columns["state"] = at::cat({row, -row}, 1).contiguous();
  episode.columns["terminated"] = (row.flatten() == static_cast<double>(length - 1));
  return episode;
}

class EpisodeFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!hdf5_available()) GTEST_SKIP() << "built without HDF5";
    folder_ = fs::path(::testing::TempDir()) /
              ("foresee_episode_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::vector<Episode>& episodes,
                 PixelCompression compression = PixelCompression::kNone) {
    EpisodeWriter writer(folder_ / name, compression);
    for (const auto& episode : episodes) writer.add(episode);
    writer.commit();
    return folder_ / name;
  }

  fs::path folder_;
};

std::vector<Episode> some_episodes() {
  return {make_episode(4, 30), make_episode(9, 12), make_episode(5, 41), make_episode(6, 20)};
}

/// The whole message of what `read` throws.
template <class Read>
std::string message_of(Read read) {
  try {
    read();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(EpisodeFiles, RoundTripInBothLayouts) {
  for (const auto compression : {PixelCompression::kNone, PixelCompression::kBloscLz4}) {
    if (compression == PixelCompression::kBloscLz4 && !blosc_available()) continue;
    const auto episodes = some_episodes();
    const EpisodeFile file(write("a.h5", episodes, compression));
    ASSERT_EQ(file.episodes(), 4);
    EXPECT_EQ(file.rows(), 103);
    for (int64_t e = 0; e < 4; ++e) {
      const auto& wanted = episodes[static_cast<size_t>(e)];
      const Episode read = file.episode(e);
      EXPECT_EQ(read.id, wanted.id);
      EXPECT_TRUE(at::equal(read.frames, wanted.frames));
      EXPECT_TRUE(at::equal(read.columns.at("action").nan_to_num(-1), wanted.columns.at("action").nan_to_num(-1)));
      EXPECT_TRUE(at::equal(read.columns.at("state"), wanted.columns.at("state")));
      EXPECT_TRUE(at::equal(read.columns.at("terminated").to(at::kBool), wanted.columns.at("terminated")));
      EXPECT_TRUE(at::equal(read.columns.at("step_idx"), at::arange(wanted.length(), at::kInt)));
    }
  }
}

TEST_F(EpisodeFiles, PicturesThatDoNotGetSmallerAreWrittenAllTheSame) {
  if (!blosc_available()) GTEST_SKIP() << "no Blosc";
  Episode noise = make_episode(1, 40, 64);
  noise.frames = at::randint(256, {40, 64, 64, 3}).to(at::kByte);
  const EpisodeFile file(write("a.h5", {noise}, PixelCompression::kBloscLz4));
  EXPECT_TRUE(at::equal(file.episode(0).frames, noise.frames));
}

TEST_F(EpisodeFiles, SameEpisodesMakeTheSameBytes) {
  const auto first = write("a.h5", some_episodes());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5 stamps objects with whole seconds
  EXPECT_TRUE(read_file(first) == read_file(write("b.h5", some_episodes())));
}

TEST_F(EpisodeFiles, AnUnfinishedFileLeavesNothing) {
  {
    EpisodeWriter writer(folder_ / "a.h5");
    writer.add(make_episode(1, 10));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(EpisodeFiles, BrokenFilesAreRefusedInOneLine) {
  const auto path = write("a.h5", some_episodes());
  const std::string bytes = read_file(path);
  for (const double share : {0.0, 0.01, 0.3, 0.9, 0.999}) {
    std::ofstream(folder_ / "cut.h5", std::ios::binary)
        << bytes.substr(0, static_cast<size_t>(share * static_cast<double>(bytes.size())));
    EXPECT_THROW(EpisodeFile(folder_ / "cut.h5"), DataError) << share;
    const std::string message = message_of([&] { EpisodeFile(folder_ / "cut.h5"); });
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_NE(message.find("cut.h5"), std::string::npos) << message;
  }
  std::ofstream(folder_ / "text.h5") << "no episodes here";
  EXPECT_THROW(EpisodeFile(folder_ / "text.h5"), DataError);
  EXPECT_THROW(EpisodeFile(folder_ / "absent.h5"), DataError);
  EXPECT_THROW(EpisodeFile{folder_}, DataError);
}

TEST_F(EpisodeFiles, MissingColumnNamesTheOnesThereAre) {
  const EpisodeFile file(write("a.h5", some_episodes()));
  const std::string message = message_of([&] { file.column("proprio"); });
  EXPECT_NE(message.find("state"), std::string::npos) << message;
}

TEST_F(EpisodeFiles, ColumnsMustStayThoseOfTheFirstEpisode) {
  EpisodeWriter writer(folder_ / "a.h5");
  writer.add(make_episode(1, 10));
  Episode other = make_episode(2, 10);
  other.columns["state"] = at::zeros({10, 3});
  EXPECT_THROW(writer.add(other), Error);
}

TEST_F(EpisodeFiles, DatasetIsTheSameCachedReadFromDiskAndFromMemory) {
  const auto a = write("a.h5", {make_episode(4, 30), make_episode(9, 12)});
  const auto b = write("b.h5", {make_episode(5, 41), make_episode(6, 20)});
  const EpisodeDataset cached({a, b}), streamed({a, b}, /*cache_bytes=*/0), memory(some_episodes());
  const ClipShape shape{.frames = 3, .frameskip = 4, .columns = {"state"}};
  const auto clips = cached.clips(shape, Split::kAll);
  ASSERT_EQ(clips.size(), 19u + 1 + 30 + 9);
  const ClipBatch wanted = memory.read(shape, clips);
  for (const auto* dataset : {&cached, &streamed}) {
    const ClipBatch batch = dataset->read(shape, clips);
    EXPECT_TRUE(at::equal(batch.frames, wanted.frames));
    EXPECT_TRUE(at::equal(batch.actions.nan_to_num(-1), wanted.actions.nan_to_num(-1)));
    EXPECT_TRUE(at::equal(batch.columns.at("state"), wanted.columns.at("state")));
  }
}

TEST(EpisodeDataset, ClipsAreRowsOfTheirEpisode) {
  const auto episodes = some_episodes();
  const EpisodeDataset dataset(some_episodes());
  const ClipShape shape{.frames = 4, .frameskip = 3, .columns = {"state"}};
  const std::vector<EpisodeClip> clips{{2, 17}, {0, 18}};
  const ClipBatch batch = dataset.read(shape, clips);
  ASSERT_EQ(batch.frames.sizes(), (std::vector<int64_t>{2, 4, 3, 8, 8}));
  ASSERT_EQ(batch.actions.sizes(), (std::vector<int64_t>{2, 4, 3, 2}));
  for (int64_t b = 0; b < 2; ++b) {
    const auto& clip = clips[static_cast<size_t>(b)];
    const auto& episode = episodes[static_cast<size_t>(clip.episode)];
    for (int64_t t = 0; t < 4; ++t) {
      const int64_t row = clip.start + 3 * t;
      EXPECT_TRUE(at::equal(batch.frames[b][t], episode.frames[row].permute({2, 0, 1})));
      EXPECT_TRUE(at::equal(batch.columns.at("state")[b][t], episode.columns.at("state")[row]));
      EXPECT_TRUE(at::equal(batch.actions[b][t].nan_to_num(-1),
                            episode.columns.at("action").slice(0, row, row + 3).nan_to_num(-1)));
    }
  }
  EXPECT_TRUE(at::isnan(batch.actions[1][3][2]).all().item<bool>());  // the row that ends the episode
}

TEST(EpisodeDataset, ClipsStayWithinTheirSplitAndEpisode) {
  std::vector<Episode> episodes;
  for (uint64_t id = 0; id < 60; ++id) episodes.push_back(make_episode(id, 8 + static_cast<int64_t>(id % 5)));
  const EpisodeDataset dataset(std::move(episodes));
  const ClipShape shape{.frames = 2, .frameskip = 5, .columns = {}};
  size_t clips = 0;
  for (const auto split : {Split::kTrain, Split::kHeldOut}) {
    for (const EpisodeClip& clip : dataset.clips(shape, split)) {
      EXPECT_EQ(held_out(dataset.id(clip.episode)), split == Split::kHeldOut);
      EXPECT_LE(clip.start + 10, dataset.length(clip.episode));
      ++clips;
    }
  }
  EXPECT_EQ(clips, dataset.clips(shape, Split::kAll).size());
  EXPECT_FALSE(dataset.clips(shape, Split::kHeldOut).empty());
}

TEST(EpisodeDataset, ActionStatisticsLeaveOutHeldOutEpisodesAndMissingActions) {
  std::vector<Episode> episodes;
  std::vector<Tensor> rows;
  for (uint64_t id = 0; id < 40; ++id) {
    episodes.push_back(make_episode(id, 10));
    if (!held_out(id)) rows.push_back(episodes.back().columns.at("action").slice(0, 0, 9).to(at::kDouble));
  }
  const EpisodeDataset dataset(std::move(episodes));
  const ActionSpec spec = dataset.action_spec(5);
  const Tensor all = at::cat(rows);
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(spec.mean[static_cast<size_t>(i)], all.select(1, i).mean().item<double>(), 1e-6);
    EXPECT_NEAR(spec.std[static_cast<size_t>(i)], all.select(1, i).std(/*unbiased=*/false).item<double>(), 1e-6);
  }
  EXPECT_EQ(spec.block, 5);
}

TEST(EpisodeDataset, RefusesEpisodesThatDoNotGoTogether) {
  EXPECT_THROW(EpisodeDataset({make_episode(1, 10, 8), make_episode(2, 10, 16)}), Error);
  EXPECT_THROW(EpisodeDataset(std::vector<Episode>{}), Error);
}

TEST(HeldOut, IsATenthAndNeverChanges) {
  int count = 0;
  for (uint64_t id = 0; id < 10000; ++id) count += held_out(id);
  EXPECT_NEAR(count, 1000, 90);
  std::vector<uint64_t> first;
  for (uint64_t id = 0; first.size() < 8; ++id)
    if (held_out(id)) first.push_back(id);
  // A model folder trained yesterday must not meet its training episodes as held out today.
  EXPECT_EQ(first, (std::vector<uint64_t>{2, 18, 29, 30, 31, 43, 68, 72}));
}

EpisodeDataset many_episodes() {
  std::vector<Episode> episodes;
  for (uint64_t id = 0; id < 20; ++id) episodes.push_back(make_episode(id, 25));
  return EpisodeDataset(std::move(episodes));
}

TEST(EpisodeLoader, BatchIsAFunctionOfTheStep) {
  const EpisodeDataset dataset = many_episodes();
  const ClipShape shape{.frames = 2, .frameskip = 2, .columns = {}};
  EpisodeLoader ahead(dataset, shape, {.batch = 16, .seed = 3}),
      now(dataset, shape, {.batch = 16, .seed = 3, .prefetch = 0});
  EpisodeLoader other(dataset, shape, {.batch = 16, .seed = 4});
  int different = 0;
  for (const int64_t step : {0, 1, 2, 3, 40, 41, 2, 3, 4, 100, 0}) {
    const ClipBatch a = ahead.batch(step), b = now.batch(step);
    EXPECT_TRUE(at::equal(a.frames, b.frames)) << step;
    EXPECT_TRUE(at::equal(a.actions.nan_to_num(-1), b.actions.nan_to_num(-1))) << step;
    different += !at::equal(a.frames, other.batch(step).frames);
  }
  EXPECT_EQ(different, 11);
}

TEST(EpisodeLoader, JumpingWhileItReadsAheadGivesTheStepAskedFor) {
  const EpisodeDataset dataset = many_episodes();
  const ClipShape shape{.frames = 2, .frameskip = 2, .columns = {}};
  EpisodeLoader ahead(dataset, shape, {.batch = 16, .seed = 3}),
      now(dataset, shape, {.batch = 16, .seed = 3, .prefetch = 0});
  for (int64_t i = 0; i < 400; ++i) {
    const int64_t step = i * 37 % 50;
    ASSERT_TRUE(at::equal(ahead.batch(step).frames, now.batch(step).frames)) << step;
  }
}

TEST(EpisodeLoader, ABatchThatIsStillHeldIsNeverFilledAgain) {
  const EpisodeDataset dataset = many_episodes();
  EpisodeLoader loader(dataset, {.frames = 2, .frameskip = 2, .columns = {}}, {.batch = 16, .seed = 3, .prefetch = 2});
  const Tensor first = loader.batch(0).frames, copy = first.clone();
  const Tensor view = loader.batch(1).frames[3], view_copy = view.clone();
  for (int64_t step = 2; step < 60; ++step) loader.batch(step);
  EXPECT_TRUE(at::equal(first, copy));
  EXPECT_TRUE(at::equal(view, view_copy));
}

TEST(EpisodeLoader, EveryEpochHasAnOrderOfItsOwn) {
  const EpisodeDataset dataset = many_episodes();
  EpisodeLoader loader(dataset, {.frames = 2, .frameskip = 2, .columns = {}}, {.batch = 16, .seed = 3});
  EXPECT_FALSE(at::equal(loader.batch(0).frames, loader.batch(loader.steps_per_epoch()).frames));
}

TEST(EpisodeLoader, AnEpochShowsEveryClipOnce) {
  const EpisodeDataset dataset = many_episodes();
  const ClipShape shape{.frames = 2, .frameskip = 2, .columns = {"state"}};
  EpisodeLoader loader(dataset, shape, {.batch = 11, .seed = 3});
  std::set<std::pair<double, double>> seen;  // the second action number names the episode, the first the row
  for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) {
    const ClipBatch batch = loader.batch(step);
    for (int64_t b = 0; b < 11; ++b)
      EXPECT_TRUE(
          seen.emplace(batch.actions[b][0][0][0].item<double>(), batch.actions[b][0][0][1].item<double>()).second);
  }
  EXPECT_EQ(static_cast<int64_t>(seen.size()), loader.clips() / 11 * 11);
}

/// A folder of JPEG files, of which two of one episode are cut off.
class DamagedPictures : public EpisodeFiles {
 protected:
  void SetUp() override {
    EpisodeFiles::SetUp();
    if (IsSkipped()) return;
    const auto sink = make_sink(SinkFormat::kFolder, set());
    for (uint64_t id = 0; id < 12; ++id) {
      Episode episode = make_episode(id, 10);
      episode.columns["action"][-1].fill_(0);
      sink->add(episode);
    }
    sink->commit();
    for (const char* name : {"ep_7_step_3.jpeg", "ep_7_step_4.jpeg"}) {
      const fs::path picture = set() / "pixels" / name;
      ASSERT_TRUE(fs::exists(picture));
      fs::resize_file(picture, fs::file_size(picture) / 2);
    }
  }
  fs::path set() const { return folder_ / "set"; }
};

TEST_F(DamagedPictures, WithoutACacheOtherClipsStandInAtTheSamePlaceEveryTime) {
  const EpisodeDataset dataset(std::vector<fs::path>{set()}, /*cache_bytes=*/0);
  ASSERT_EQ(dataset.episodes(), 12);
  const ClipShape shape{.frames = 2, .frameskip = 1, .columns = {"state"}};
  EpisodeLoader forwards(dataset, shape, {.batch = 9, .seed = 3}),
      backwards(dataset, shape, {.batch = 9, .seed = 3, .prefetch = 0});
  const int64_t steps = 2 * forwards.steps_per_epoch();
  std::vector<ClipBatch> batches;
  for (int64_t step = 0; step < steps; ++step) batches.push_back(forwards.batch(step));
  for (int64_t step = steps - 1; step >= 0; --step) {
    const ClipBatch again = backwards.batch(step);
    const ClipBatch& batch = batches[static_cast<size_t>(step)];
    EXPECT_TRUE(at::equal(batch.frames, again.frames)) << step;
    EXPECT_TRUE(at::equal(batch.actions, again.actions)) << step;
    for (int64_t b = 0; b < 9; ++b) {
      const auto row = batch.columns.at("state")[b][0].reshape({-1})[0].item<double>();
      const auto id = batch.actions[b][0][0][1].item<double>() / 1000 - batch.actions[b][0][0][0].item<double>() / 1000;
      EXPECT_FALSE(id == 7 && row >= 2 && row <= 4) << "a clip whose pictures are damaged";
    }
  }
  const EpisodeDataset strict(std::vector<fs::path>{set()}, /*cache_bytes=*/0, {.strict = true});
  EpisodeLoader loader(strict, shape, {.batch = 9, .seed = 3, .prefetch = 0});
  EXPECT_THROW(
      {
        for (int64_t step = 0; step < steps; ++step) loader.batch(step);
      },
      DataError);
}

TEST_F(DamagedPictures, CanBeLeftOutBeforeAnyClipIsAskedFor) {
  EpisodeDataset dataset(std::vector<fs::path>{set()}, /*cache_bytes=*/0);
  StopAfter stop(3);
  EXPECT_THROW(dataset.leave_out_unreadable(stop.control()), Interrupted);
  EXPECT_EQ(dataset.episodes(), 12) << "stopped in the middle, it leaves none out";
  dataset.leave_out_unreadable();
  EXPECT_EQ(dataset.episodes(), 11);
  EXPECT_EQ(EpisodeDataset(std::vector<fs::path>{set()}).episodes(), 11);
}

TEST(EpisodeLoader, TooFewClipsAreAnError) {
  const EpisodeDataset dataset = many_episodes();
  EXPECT_THROW(EpisodeLoader(dataset, {.frames = 8, .frameskip = 5, .columns = {}}, {.batch = 4}), DataError);
}

}  // namespace
}  // namespace foresee::data
