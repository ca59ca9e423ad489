// Claims: convert() writes the episodes of its inputs, says how many, and prints nothing; a stop leaves nothing behind;
// an earlier result is replaced only where that is asked for; a damaged picture costs its episode alone, and
// check_episodes() finds it.
#include "foresee/convert.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/episode/hdf5/episode_file.h"
#include "data/episode/npz/npy.h"
#include "data/episode/source.h"
#include "foresee/check.h"
#include "tests/support/refusal.h"
#include "tests/support/silence.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

struct ConvertJob : testing::Test {
  void SetUp() override {
    for (const char* name : {"a.h5", "b.h5"}) {
      data::EpisodeWriter writer(folder / name);
      for (int64_t e = 0; e < 3; ++e) {
        data::Episode episode{
            .id = static_cast<uint64_t>(e), .frames = at::full({4 + e, 8, 8, 3}, e, at::kByte), .columns = {}};
        episode.columns["action"] = at::full({4 + e, 2}, static_cast<double>(e), at::kFloat);
        writer.add(episode);
      }
      writer.commit();
    }
  }
  ConvertRequest request(const std::string& out, ConvertRequest::Format format) const {
    return {.inputs = {folder / "a.h5", folder / "b.h5"}, .out = folder / out, .format = format};
  }
  TemporaryFolder folder;
};

TEST_F(ConvertJob, WritesTheEpisodesOfItsInputs) {
  ConvertRequest wanted = request("c.npz", ConvertRequest::Format::kNpz);
  wanted.episodes = 5;
  ConvertResult result;
  {
    const Silence silence;
    result = convert(wanted);
  }
  EXPECT_EQ(result.from, "hdf5");
  EXPECT_EQ(result.episodes, 5);
  EXPECT_EQ(result.rows, 4 + 5 + 6 + 4 + 5);
  EXPECT_FALSE(result.stopped);
  const auto written = data::open_source(wanted.out);
  EXPECT_EQ(written->info().lengths, (std::vector<int64_t>{4, 5, 6, 4, 5}));
  EXPECT_TRUE(at::equal(written->episode(2).frames, at::full({6, 8, 8, 3}, 2, at::kByte)));
}

TEST_F(ConvertJob, RefusesSetsWithoutPicturesByName) {
  const Tensor one = at::full({1}, 4, at::kLong), numbers = at::zeros({4, 2});
  const Tensor deep = at::zeros({4, 8, 8, 3}, at::kInt);
  data::write_npz(folder / "none.npz", {{"ep_len", one}, {"ep_offset", one - 4}, {"action", numbers}});
  data::write_npz(folder / "deep.npz",
                  {{"ep_len", one}, {"ep_offset", one - 4}, {"action", numbers}, {"pixels", deep}});
  for (const auto& [file, reason] : {std::pair("none.npz", "no column 'pixels'; there are: action"),
                                     std::pair("deep.npz", "column 'pixels' cannot be read: int32 [8, 8, 3]")}) {
    ConvertRequest wanted = request("c.h5", ConvertRequest::Format::kHdf5);
    wanted.inputs = {folder / file};
    wanted.height = wanted.width = 4;
    EXPECT_TRUE(says(refusal_of<DataError>([&] { convert(wanted); }), reason));
  }
  const auto findings = check_episodes({.data = {folder / "deep.npz"}}).findings;
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings.front().kind, "unread");
  EXPECT_EQ(findings.front().column, "pixels");
}

TEST_F(ConvertJob, LeavesAnEpisodeWithADamagedPictureOutAndTheCheckNamesIt) {
  const Silence silence;
  convert(request("set", ConvertRequest::Format::kFolder));
  const auto picture = folder / "set" / "pixels" / "ep_4_step_2.jpeg";
  ASSERT_TRUE(std::filesystem::exists(picture));
  std::filesystem::resize_file(picture, std::filesystem::file_size(picture) / 2);

  ConvertRequest wanted = request("c.npz", ConvertRequest::Format::kNpz);
  wanted.inputs = {folder / "set"};
  const ConvertResult result = convert(wanted);
  EXPECT_EQ(result.episodes, 5);
  EXPECT_EQ(result.left_out, 1);
  EXPECT_EQ(data::open_source(wanted.out)->info().lengths, (std::vector<int64_t>{4, 5, 6, 4, 6}));
  wanted.out = folder / "d.npz";
  wanted.strict = true;
  EXPECT_TRUE(says(refusal_of<DataError>([&] { convert(wanted); }), "ep_4_step_2.jpeg"));
  EXPECT_FALSE(std::filesystem::exists(wanted.out));

  const auto damaged = [&](bool pictures) {
    std::vector<CheckFinding> out;
    for (const auto& finding : check_episodes({.data = {folder / "set"}, .pictures = pictures}).findings)
      if (finding.kind == "damaged") out.push_back(finding);
    return out;
  };
  const auto findings = damaged(/*pictures=*/true);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].episode, "episode 4");
  EXPECT_EQ(findings[0].column, "pixels");
  EXPECT_EQ(findings[0].row, 2);
  EXPECT_EQ(findings[0].count, 1);
  EXPECT_TRUE(damaged(/*pictures=*/false).empty());
}

TEST_F(ConvertJob, LeavesNothingWhenStopped) {
  StopAfter stop(2);
  const ConvertResult result = convert(request("c.h5", ConvertRequest::Format::kHdf5), stop.control());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.episodes, 2);
  EXPECT_EQ(stop.updates.back().total, 6);
  EXPECT_EQ(count_entries(folder.path()), 2);
}

TEST_F(ConvertJob, ReplacesAnEarlierResultOnlyWhenAsked) {
  ConvertRequest wanted = request("c.h5", ConvertRequest::Format::kHdf5);
  convert(wanted);
  EXPECT_THROW(convert(wanted), OutputExists);
  wanted.options.overwrite = true;
  EXPECT_EQ(convert(wanted).episodes, 6);
  wanted.inputs.clear();
  EXPECT_FALSE(refusal_of<Error>([&] { convert(wanted); }).empty());
}

}  // namespace
}  // namespace foresee
