// Claims: collect() records what was asked for and says it; it prints nothing; a collection that was stopped keeps its
// parts and goes on to the same bytes; settings and requests are checked.
#include "foresee/collect.h"

#include <gtest/gtest.h>

#include "data/episode/hdf5/episode_file.h"
#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/silence.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

struct CollectJob : testing::Test {
  CollectRequest request(const std::string& name) const {
    return {.out = folder / name,
            .episodes = 130,
            .environment = "two_room",
            .max_steps = 4,
            .size = 8,
            .options = {.seed = 3, .threads = 1}};
  }
  TemporaryFolder folder;
};

TEST_F(CollectJob, RecordsWhatWasAskedFor) {
  CollectRequest wanted = request("a.h5");
  wanted.policy = CollectRequest::Policy::kRandom;
  CollectResult result;
  {
    const Silence silence;
    result = collect(wanted);
  }
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(result.environment, "two_room");
  EXPECT_EQ(result.policy, CollectRequest::Policy::kRandom);
  EXPECT_EQ(result.size, 8);
  EXPECT_EQ(result.episodes, 130);
  EXPECT_EQ(result.bytes, static_cast<int64_t>(std::filesystem::file_size(wanted.out)));
  const data::EpisodeFile file(wanted.out);
  EXPECT_EQ(file.episodes(), 130);
  int64_t rows = 0;
  for (int64_t e = 0; e < file.episodes(); ++e) rows += file.length(e);
  EXPECT_EQ(result.rows, rows);
  EXPECT_EQ(count_entries(folder.path()), 1);
}

TEST_F(CollectJob, AWrongValueIsNamedWithItsFile) {
  CollectRequest wanted = request("a.h5");
  wanted.options.settings.config = folder / "keys.json";
  write_file(folder / "keys.json", R"({"noise": "x"})");
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { collect(wanted); }),
                   (folder / "keys.json").string() + ": collect.noise: expected a number, got \"x\""));
}

TEST_F(CollectJob, GoesOnToTheSameBytesAfterAStop) {
  collect(request("whole.h5"));
  StopAfter stop(64);
  const CollectResult cut = collect(request("resumed.h5"), stop.control());
  EXPECT_TRUE(cut.stopped);
  EXPECT_EQ(cut.episodes, 64);
  EXPECT_FALSE(std::filesystem::exists(folder / "resumed.h5"));

  CollectRequest other = request("resumed.h5");
  other.options.seed = 4;
  EXPECT_TRUE(says(refusal_of<Error>([&] { collect(other); }), "another collection"));

  StopAfter watch(-1);
  EXPECT_FALSE(collect(request("resumed.h5"), watch.control()).stopped);
  EXPECT_EQ(watch.updates.front().start, 64);
  EXPECT_EQ(read_file(folder / "resumed.h5"), read_file(folder / "whole.h5"));
}

TEST_F(CollectJob, ChecksSettings) {
  CollectRequest wrong = request("a.h5");
  wrong.options.settings.set = {"nois=1"};
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { collect(wrong); }), "noise"));
  wrong = request("a.h5");
  wrong.environment = "two_rooms";
  EXPECT_FALSE(refusal_of<Error>([&] { collect(wrong); }).empty());
  wrong = request("a.h5");
  wrong.episodes = 0;
  EXPECT_FALSE(refusal_of<Error>([&] { collect(wrong); }).empty());
}

}  // namespace
}  // namespace foresee
