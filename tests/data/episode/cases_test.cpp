// Robot logs as people have them: copies of sets under tests/fixtures/cases/data, each with what its README expects.
// Every picture carries its number as a bar of eight bits, and the first number of the state says which it must be.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <set>
#include <tuple>

#include "data/episode/check/check.h"
#include "data/episode/dataset.h"
#include "data/episode/hdf5/episode_file.h"
#include "data/episode/lerobot/table.h"
#include "data/episode/sink.h"
#include "data/episode/source.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

const fs::path kCases = "tests/fixtures/cases/data";

/// The number that a picture [H, W, 3] shows.
int64_t number_of(const Tensor& picture) {
  const Tensor row = picture[picture.size(0) / 2].to(at::kLong).sum(1);  // [W]
  int64_t number = 0;
  for (int64_t bit = 0; bit < 8; ++bit)
    number = 2 * number + (row[(2 * bit + 1) * picture.size(1) / 16].item<int64_t>() > 3 * 128 ? 1 : 0);
  return number;
}

/// Every picture of every episode shows what the first number of `column` says.
void expect_pictures_in_place(const EpisodeSource& source, const std::string& column) {
  for (int64_t e = 0; e < source.episodes(); ++e) {
    const Tensor pictures = source.read(e, "pixels", 0, source.length(e));
    const Tensor wanted = source.read(e, column, 0, source.length(e));
    for (int64_t t = 0; t < source.length(e); ++t)
      ASSERT_EQ(number_of(pictures[t]), wanted[t].flatten()[0].item<double>())
          << source.path() << ", " << source.info().names[static_cast<size_t>(e)] << ", row " << t;
  }
}

std::set<std::string> kinds(const EpisodeSource& source) {
  std::set<std::string> out;
  for (const auto& finding : check_source(source)) out.insert(finding.kind);
  return out;
}

bool has_note(const SourceInfo& info, const std::string& part) {
  return std::any_of(info.notes.begin(), info.notes.end(),
                     [&](const auto& note) { return note.find(part) != std::string::npos; });
}

std::string refusal(const fs::path& set, SourceOptions options = {}) {
  return refusal_of<DataError>([&] { open_source(kCases / set, options); });
}

class LeRobotCases : public ::testing::Test {
  void SetUp() override {
    if (!parquet_available()) GTEST_SKIP() << "built without Parquet";
  }
};

class Hdf5Cases : public ::testing::Test {
  void SetUp() override {
    if (!hdf5_available()) GTEST_SKIP() << "built without HDF5";
  }
};

TEST_F(LeRobotCases, SoundSetsAreReadInPlaceAndFoundSound) {
  for (const char* set : {"lr-baseline/v21", "lr-baseline/v30", "lr-biglist/set", "lr-biglist/f64", "lr-clock/set",
                          "lr-drift/set", "lr-gaps/v21", "lr-gaps/v30"}) {
    const auto source = open_source(kCases / set, {.strict = true});
    EXPECT_EQ(source->episodes(), 5) << set;
    EXPECT_TRUE(source->has("action")) << set;
    expect_pictures_in_place(*source, "proprio");
    const auto findings = check_source(*source);
    EXPECT_TRUE(findings.empty()) << set << ": " << findings.front().text;
  }
}

TEST_F(LeRobotCases, OfShortEpisodesTheFrameskipThatFitsIsSaid) {
  const EpisodeDataset dataset({kCases / "lr-baseline/v21"});
  const auto why = [&](int64_t frameskip) {
    return dataset.why_few_clips({.frames = 4, .frameskip = frameskip, .columns = {}}, Split::kAll);
  };
  EXPECT_TRUE(says(why(5), "5 of 5 episodes are too short: the longest of them has 14 rows (6 too few)")) << why(5);
  EXPECT_TRUE(says(why(5), "with a frameskip of 3 the longest fits")) << why(5);
  EXPECT_FALSE(says(why(1), "with a frameskip")) << why(1);
}

TEST_F(LeRobotCases, NumbersOfDeletedEpisodesStayFree) {
  for (const char* set : {"lr-gaps/v21", "lr-gaps/v30"}) {
    const auto source = open_source(kCases / set);
    EXPECT_EQ(source->info().ids, (std::vector<uint64_t>{0, 2, 4, 7, 9})) << set;
  }
}

TEST_F(LeRobotCases, TimesOffByMillisecondsAreSaid) {
  EXPECT_TRUE(has_note(open_source(kCases / "lr-drift/set")->info(), "ms from their frames"));
  const auto clock = open_source(kCases / "lr-clock/set");
  EXPECT_TRUE(has_note(clock->info(), "ms from their frames (in "));
  EXPECT_EQ(clock->info().notes.size(), 1u) << "one line, with the largest distance of all episodes";
  EXPECT_TRUE(says(refusal("lr-clock/set", {.tolerance_s = 1e-4}), "no frame within"));
}

TEST_F(LeRobotCases, AnEpisodeWithABrokenPartIsLeftOutAndNamed) {
  for (const auto& [set, name, part] :
       std::vector<std::array<std::string, 3>>{{"lr-broken/video", "episode 3", "episode_000003.mp4"},
                                               {"lr-broken/parquet", "episode 2", "episode_000002.parquet"},
                                               {"lr-sizes/changed", "episode 3", "x 64"},
                                               {"lr-video-longer/longer", "episode 2", "8 rows too many"},
                                               {"lr-video-longer/shorter", "episode 3", "1 too few"}}) {
    LogCapture log;
    const auto source = open_source(kCases / set);
    ASSERT_EQ(source->info().left_out.size(), 1u) << set;
    EXPECT_EQ(source->info().left_out.front().what, name) << set;
    EXPECT_TRUE(says(source->info().left_out.front().reason, part)) << set;
    EXPECT_TRUE(says(log.text(), "1 of 5 episodes are left out: " + name)) << set;
    EXPECT_EQ(source->episodes(), 4) << set;
    expect_pictures_in_place(*source, "proprio");
    EXPECT_EQ(kinds(*source), std::set<std::string>{"left_out"}) << set;
    EXPECT_TRUE(says(refusal(set, {.strict = true}), name)) << set;
  }
}

TEST_F(LeRobotCases, RowsInAnotherOrderLeaveTheirEpisodeOut) {
  const TemporaryFolder folder;
  fs::copy(kCases / "lr-baseline/v21", folder / "set", fs::copy_options::recursive);
  fs::copy_file(kCases / "lr-shuffled/episode_000001.parquet", folder / "set/data/chunk-000/episode_000001.parquet",
                fs::copy_options::overwrite_existing);
  const LogCapture log;
  const auto source = open_source(folder / "set");
  ASSERT_EQ(source->info().left_out.size(), 1u);
  EXPECT_EQ(source->info().left_out.front().what, "episode 1");
  EXPECT_TRUE(says(source->info().left_out.front().reason, "sort the rows by episode and frame"));
  expect_pictures_in_place(*source, "proprio");
}

TEST_F(LeRobotCases, ACutLineOfTheListIsNamed) {
  const auto source = open_source(kCases / "lr-broken/jsonl");
  EXPECT_EQ(source->episodes(), 5);
  ASSERT_EQ(source->info().left_out.size(), 1u);
  EXPECT_TRUE(says(source->info().left_out.front().reason, "line 6"));
  EXPECT_FALSE(refusal("lr-broken/jsonl", {.strict = true}).empty());
}

TEST_F(LeRobotCases, FilmsOfAnotherRateAreRefusedWithBothNumbers) {
  const std::string message = refusal("lr-rate/set");
  EXPECT_TRUE(says(message, "30 frames per second")) << message;
  EXPECT_TRUE(says(message, "15 (info.json")) << message;
  EXPECT_TRUE(says(message, "episode 0")) << message;
}

TEST_F(LeRobotCases, RowsWithoutAValueAreNaN) {
  for (const char* set : {"inside", "nan", "row", "rowfixed"}) {
    const auto source = open_source(kCases / "lr-nullaction" / set);
    ASSERT_TRUE(source->has("action")) << set;
    EXPECT_EQ(source->episodes(), 3) << set;
    int64_t holes = 0;
    for (int64_t e = 0; e < 3; ++e)
      holes += source->read(e, "action", 0, source->length(e)).isnan().any(1).sum().item<int64_t>();
    EXPECT_EQ(holes, 3) << set;
  }
  // In the middle of an episode they are a finding; no clip holds one.
  const auto middle = open_source(kCases / "lr-nullaction/nan");
  EXPECT_EQ(kinds(*middle), std::set<std::string>{"nan"});
  const EpisodeDataset dataset({kCases / "lr-nullaction/nan"});
  const ClipShape shape{.frames = 2, .frameskip = 1, .columns = {}};
  const auto clips = dataset.clips(shape, Split::kAll);
  ASSERT_FALSE(clips.empty());
  for (const EpisodeClip& clip : clips) {
    const EpisodeClip one[] = {clip};
    EXPECT_TRUE(dataset.read(shape, one).actions[0][0].isfinite().all().item<bool>());
  }
}

TEST_F(LeRobotCases, OfSeveralCamerasOneOrMoreAreAskedFor) {
  EXPECT_TRUE(says(refusal("lr-sizes/two"), "pixels_top, pixels_wrist"));
  EXPECT_TRUE(has_note(open_source(kCases / "lr-sizes/two", {.any_camera = true})->info(),
                       "2 cameras, of which one or several can be chosen: pixels_top, pixels_wrist"));
  for (const char* camera : {"top", "pixels_top", "observation.images.top"}) {
    const auto source = open_source(kCases / "lr-sizes/two", {.camera = camera});
    EXPECT_EQ(source->column("pixels").shape, (std::vector<int64_t>{64, 64, 3})) << camera;
    expect_pictures_in_place(*source, "proprio");
  }
  const auto both = open_source(kCases / "lr-sizes/two", {.camera = "wrist,top"});
  EXPECT_EQ(both->column("pixels").shape, (std::vector<int64_t>{48, 80, 3}));
  EXPECT_EQ(both->column("pixels_top").shape, (std::vector<int64_t>{64, 64, 3}));
  EXPECT_TRUE(says(refusal("lr-sizes/two", {.camera = "side"}), "no camera 'side'"));
}

TEST_F(Hdf5Cases, ActionsAreReadOrTheirFaultIsNamed) {
  const fs::path folder = kCases / "h5-actions";
  for (const auto& [file, kind] :
       std::vector<std::pair<std::string, std::set<std::string>>>{{"const.h5", {"constant"}},
                                                                  {"f64.h5", {}},
                                                                  {"inf.h5", {"infinity"}},
                                                                  {"int.h5", {}},
                                                                  {"nan-mid.h5", {"nan"}},
                                                                  {"one-less.h5", {}},
                                                                  {"one.h5", {}},
                                                                  {"outlier.h5", {"outlier"}}}) {
    const auto source = open_source(folder / file);
    EXPECT_EQ(source->episodes(), 12) << file;
    EXPECT_EQ(kinds(*source), kind) << file;
    expect_pictures_in_place(*source, "state");
    const EpisodeDataset dataset({folder / file});
    EXPECT_GE(dataset.action_size(), 1) << file;
    const ClipShape shape{.frames = 4, .frameskip = 1, .columns = {}};
    const auto clips = dataset.clips(shape, Split::kAll);
    for (int64_t i = 0; i < static_cast<int64_t>(clips.size()); ++i) {
      const Tensor actions = dataset.read(shape, std::span(&clips[static_cast<size_t>(i)], 1)).actions[0];
      EXPECT_TRUE(actions.slice(0, 0, 3).isfinite().all().item<bool>()) << file;
    }
  }
  const EpisodeDataset outlier({folder / "outlier.h5"});
  EXPECT_TRUE(says(refusal_of<DataError>([&] { outlier.action_spec(1); }), "1e+30"));
  const auto less = open_source(folder / "one-less.h5");
  EXPECT_TRUE(less->read(11, "action", 23, 1).isnan().all().item<bool>());
  EXPECT_TRUE(less->read(11, "action", 0, 23).isfinite().all().item<bool>());
}

TEST_F(Hdf5Cases, EpisodesAreReadRightOrRefusedByName) {
  const fs::path folder = kCases / "h5-episodes";
  for (const auto& [file, episodes, kind] :
       std::vector<std::tuple<std::string, int64_t, std::set<std::string>>>{{"empty-ep.h5", 12, {"left_out"}},
                                                                            {"float-len.h5", 12, {}},
                                                                            {"left-over.h5", 8, {"rows_outside"}},
                                                                            {"no-offset.h5", 12, {}},
                                                                            {"uint.h5", 12, {}}}) {
    const auto source = open_source(folder / file);
    EXPECT_EQ(source->episodes(), episodes) << file;
    EXPECT_EQ(kinds(*source), kind) << file;
    expect_pictures_in_place(*source, "state");
  }
  EXPECT_TRUE(says(refusal("h5-episodes/overlap.h5"), "episodes 0 and 1 overlap"));
  EXPECT_TRUE(says(refusal("h5-episodes/zero-offset.h5"), "overlap"));
  EXPECT_TRUE(says(refusal("h5-episodes/interleaved.h5"), "lie apart"));
}

TEST_F(Hdf5Cases, PicturesOfOtherFormsBecomeRgb) {
  for (const char* file :
       {"chw.h5", "float.h5", "grey.h5", "grey1.h5", "jpeg.h5", "renamed.h5", "rgba.h5", "wide.h5"}) {
    const auto source = open_source(kCases / "h5-pixels" / file);
    EXPECT_EQ(source->column("pixels").shape.size(), 3u) << file;
    EXPECT_EQ(source->episodes(), 4) << file;
    expect_pictures_in_place(*source, "state");
    const EpisodeDataset streamed({kCases / "h5-pixels" / file}, /*cache_bytes=*/0);
    EXPECT_TRUE(at::equal(streamed.frames(2, 3, 4).permute({0, 2, 3, 1}), source->read(2, "pixels", 3, 4))) << file;
  }
}

TEST_F(Hdf5Cases, LayoutsOfRobomimicAndAlohaAreRead) {
  const auto robomimic = open_source(kCases / "h5-others/robomimic.hdf5");
  ASSERT_EQ(robomimic->episodes(), 3);
  EXPECT_EQ(robomimic->column("action").shape, std::vector<int64_t>{7});
  EXPECT_EQ(robomimic->column("robot0_eef_pos").shape, std::vector<int64_t>{3});
  EXPECT_EQ(number_of(robomimic->read(1, "pixels", 3, 1)[0]), 23);
  const auto aloha = open_source(kCases / "h5-others/aloha");
  ASSERT_EQ(aloha->episodes(), 3);
  EXPECT_EQ(aloha->column("action").shape, std::vector<int64_t>{14});
  EXPECT_EQ(aloha->column("proprio").shape, std::vector<int64_t>{14});
  EXPECT_EQ(number_of(aloha->read(2, "pixels", 5, 1)[0]), 45);
  const auto many = open_source(kCases / "h5-others/many");
  ASSERT_EQ(many->episodes(), 3);
  expect_pictures_in_place(*many, "state");
  EXPECT_EQ(std::set<uint64_t>(many->info().ids.begin(), many->info().ids.end()).size(), 3u);
  const auto lzf = open_source(kCases / "h5-others/lzf.h5");
  EXPECT_EQ(lzf->episodes(), 4);
  const auto packed = check_pictures(*lzf, [](int64_t) { return true; });
  ASSERT_FALSE(packed.empty());
  EXPECT_EQ(packed.front().kind, "damaged");
  EXPECT_NE(packed.front().text.find("h5repack"), std::string::npos) << packed.front().text;
  EXPECT_TRUE(says(refusal("h5-others/truncated.h5"), "truncated"));
}

TEST_F(Hdf5Cases, FoldersOfDaysAreOneSet) {
  const TemporaryFolder folder;
  fs::copy(kCases / "h5-others/many", folder.path() / "day-1");
  const auto one = open_source(folder.path());  // no file lies in the folder itself
  EXPECT_EQ(one->episodes(), 3);
  fs::copy(kCases / "h5-others/many", folder.path() / "day-2");
  fs::copy(kCases / "h5-others/many", folder.path() / "day-10");
  fs::create_directory_symlink(folder.path(), folder.path() / "day-2" / "loop");
  fs::copy_file(kCases / "h5-others/truncated.h5", folder.path() / "day-2" / "cut.h5");
  fs::copy_file(kCases / "h5-others/many/episode_0.h5", folder.path() / "above.h5");
  const auto all = open_source(folder.path());
  ASSERT_EQ(all->episodes(), 10);
  expect_pictures_in_place(*all, "state");
  EXPECT_EQ(all->info().names[0], "above.h5");
  EXPECT_EQ(all->info().names[4], "day-2/episode_0.h5");
  EXPECT_EQ(all->info().names[9], "day-10/episode_2.h5") << "days are numbers";
  ASSERT_EQ(all->info().left_out.size(), 1u);
  EXPECT_EQ(all->info().left_out[0].what, "day-2/cut.h5");
  // What a file's episode is called stays, whatever lies beside its folder: held-out episodes stay held out.
  EXPECT_EQ(std::set<uint64_t>(all->info().ids.begin(), all->info().ids.end()).size(), 10u);
  for (size_t e = 0; e < 3; ++e) EXPECT_EQ(all->info().ids[e + 1], one->info().ids[e]) << e;
}

TEST_F(Hdf5Cases, AShortFilmOfDroidLeavesItsEpisodeOut) {
  const auto source = open_source(kCases / "droid-short/set");
  EXPECT_EQ(source->episodes(), 2);
  ASSERT_EQ(source->info().left_out.size(), 1u);
  EXPECT_TRUE(says(source->info().left_out.front().reason, "frames and trajectory.h5"));
  EXPECT_EQ(source->info().fps, 15);
  EXPECT_TRUE(has_note(source->info(), "60 frames per second"));
  EXPECT_EQ(source->info().notes.size(), 1u) << "once, not for each camera";
}

TEST_F(Hdf5Cases, ColumnsOfANewerLibraryAreLeftOutByName) {
  const auto source = open_source(kCases / "swm-recorded/recorded.h5");
  EXPECT_EQ(source->episodes(), 3);
  EXPECT_TRUE(source->has("pixels") && source->has("action") && source->has("proprio"));
  for (const char* name : {"terminated", "truncated"}) {
    const auto& unread = source->info().unread;
    const auto found =
        std::find_if(unread.begin(), unread.end(), [&](const auto& column) { return column.name == name; });
    if (source->has(name)) continue;  // this HDF5 library knows them
    ASSERT_NE(found, unread.end()) << name;
    EXPECT_TRUE(says(found->reason, "newer HDF5 library")) << found->reason;
  }
  EXPECT_TRUE(kinds(*source).empty());
}

TEST_F(Hdf5Cases, PicturesAreBroughtToASquareAsTheyAreRead) {
  for (const auto rule : {PictureRule::kResize, PictureRule::kCrop, PictureRule::kPad}) {
    const PictureFit fit{.size = 24, .rule = rule};
    const EpisodeDataset cached({kCases / "h5-pixels/wide.h5"}, EpisodeDataset::kCacheBytes, {}, fit),
        streamed({kCases / "h5-pixels/wide.h5"}, /*cache_bytes=*/0, {}, fit);
    EXPECT_EQ(cached.height(), 24);
    EXPECT_EQ(cached.width(), 24);
    const EpisodeDataset whole({kCases / "h5-pixels/wide.h5"});
    EXPECT_TRUE(at::equal(cached.frames(1, 5, 1)[0], fit_picture(whole.frames(1, 5, 1)[0], fit)));
    EXPECT_TRUE(at::equal(cached.frames(1, 5, 3), streamed.frames(1, 5, 3)));
  }
}

TEST(StableIds, SmallSetsAreToldApartByTheirFile) {
  std::set<uint64_t> ids;
  int64_t out = 0;
  for (int64_t file = 0; file < 60; ++file) {
    const uint64_t id = stable_ids({0}, fmt::format("episode_{}.h5", file)).front();
    ids.insert(id);
    out += held_out(id) ? 1 : 0;
  }
  EXPECT_EQ(ids.size(), 60u);
  EXPECT_GT(out, 0);
  EXPECT_LT(out, 20);
  EXPECT_EQ(stable_ids({4, 9, 5}, "a"), (std::vector<uint64_t>{4, 9, 5})) << "numbers that say something stay";
  std::vector<uint64_t> many(12);
  std::iota(many.begin(), many.end(), 0);
  EXPECT_EQ(stable_ids(many, "a"), many);
}

}  // namespace
}  // namespace foresee::data
