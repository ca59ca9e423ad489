// Claims: `foresee data probe` says one line a file, counts what is broken, and fails when nothing is readable.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "jepa/core/files/file.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::data {
namespace {

using tests::run_program;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(DataProbe, PrintsOneJsonObjectAFileInOrder) {
  const TemporaryFolder folder;
  const auto good = write_numbered(folder.path(), {.name = "b good.mp4", .options = {.gop = 10}, .frames = 30});
  const std::string bytes = read_file(good);
  write_file(folder / "a cut.mp4", bytes.substr(0, bytes.size() / 2));
  write_file(folder / "c text.mp4", "no film");
  const auto outcome = run_program({"data", "probe", folder.path().string(), "--jsonl"});
  EXPECT_EQ(outcome.exit_code, 0);
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 3u) << outcome.out;
  std::vector<nlohmann::json> rows;
  for (const auto& line : lines) rows.push_back(nlohmann::json::parse(line));
  EXPECT_EQ(rows[0]["broken"], true);
  EXPECT_TRUE(says(rows[0]["reason"], "moov atom not found"));
  EXPECT_EQ(rows[1]["path"], good.string());
  EXPECT_EQ(rows[1]["broken"], false);
  EXPECT_EQ(rows[1]["codec"], "h264");
  EXPECT_EQ(rows[1]["frames"], 30);
  EXPECT_EQ(rows[1]["fps"], 25.0);
  EXPECT_EQ(rows[1]["width"], 80);
  EXPECT_EQ(rows[1]["height"], 48);
  EXPECT_NEAR(rows[1]["duration_s"].get<double>(), 1.2, 1e-6);
  EXPECT_EQ(rows[1]["longest_gop"], 10);
  EXPECT_EQ(rows[2]["broken"], true);
  EXPECT_TRUE(says(outcome.err, "1 readable video, 30 frames"));
  EXPECT_TRUE(says(outcome.err, "2 broken"));

  const auto whole = run_program({"data", "probe", folder.path().string(), "--json"});
  const auto object = nlohmann::json::parse(whole.out);
  EXPECT_EQ(object["videos"], nlohmann::json(rows));
  EXPECT_EQ(object["readable"], 1);
  EXPECT_EQ(object["broken"], 2);
  EXPECT_EQ(object["frames"], 30);
}

TEST(DataProbe, FailsWhenNothingIsReadable) {
  const TemporaryFolder folder;
  write_file(folder / "text.mp4", "no film");
  const auto broken = run_program({"data", "probe", (folder / "text.mp4").string()});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_TRUE(says(broken.out, "text.mp4: broken: "));
  std::filesystem::create_directory(folder / "empty");
  const auto empty = run_program({"data", "probe", (folder / "empty").string()});
  EXPECT_EQ(empty.exit_code, 1);
  EXPECT_EQ(lines_of(empty.err).size(), 1u) << empty.err;
  EXPECT_TRUE(says(empty.err, "no video in this folder"));
}

TEST(DataProbe, FindsHiddenDamageByDecoding) {
  const TemporaryFolder folder;
  const auto path =
      write_numbered(folder.path(), {.name = "v.mp4", .options = {.gop = 10, .b_frames = 0}, .frames = 40});
  std::string bytes = read_file(path);
  const size_t middle = bytes.find("mdat") + (bytes.find("moov") - bytes.find("mdat")) / 2;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(middle), 300, '\xff');
  write_file(path, bytes);
  const auto quick = nlohmann::json::parse(run_program({"data", "probe", path.string(), "--jsonl"}).out);
  const auto full = nlohmann::json::parse(run_program({"data", "probe", path.string(), "--decode", "--jsonl"}).out);
  EXPECT_EQ(quick["lost_frames"], 0);
  EXPECT_GT(full["lost_frames"], 0);
  EXPECT_EQ(full["frames"].get<int>() + full["lost_frames"].get<int>(), 40);
}

}  // namespace
}  // namespace foresee::data
