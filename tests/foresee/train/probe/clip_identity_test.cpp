// Claims: labelled clips are held out by where they lie and what they hold, never by their bare names; a clip with two
// classes is an error; latents of a file that changed are not used.
#include "foresee/train/probe/clip_identity.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "foresee/train/latent_cache.h"
#include "foresee/train/probe/labelled_clips.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const fs::path kSameNames = "tests/fixtures/cases/model/85_probe_same_names";

std::vector<ClipIdentity> identities(const std::vector<fs::path>& paths) {
  std::vector<ClipIdentity> out;
  for (const auto& path : paths) out.push_back(clip_identity(path));
  return out;
}

int64_t count(const std::vector<bool>& held) { return std::count(held.begin(), held.end(), true); }

TEST(HeldOutClips, AreSomeOfManyFilesOfOneName) {
  const LabelledClips listed = read_labelled_clips(kSameNames / "list.txt");
  ASSERT_EQ(listed.paths.size(), 24u);
  const auto held = held_out_clips(identities(listed.paths), listed.folder);
  EXPECT_GE(count(held), 1);
  EXPECT_LE(count(held), 8);
}

TEST(HeldOutClips, AreNeitherAllNorNoneOfAFew) {
  const TemporaryFolder folder;
  std::vector<fs::path> paths;
  for (int i = 0; i < 6; ++i) {
    fs::create_directory(folder / std::to_string(i));
    paths.push_back(folder / std::to_string(i) / "front.mp4");
    write_file(paths.back(), "clip " + std::to_string(i));
  }
  const auto held = held_out_clips(identities(paths), folder.path());
  EXPECT_GE(count(held), 1);
  EXPECT_LE(count(held), 5);
  fs::rename(folder / "0", folder / "other");  // the rest stays where it was
  paths[0] = folder / "other/front.mp4";
  EXPECT_GE(count(held_out_clips(identities(paths), folder.path())), 1);
}

TEST(HeldOutClips, AreTheSameWhereverTheListIsNamedFrom) {
  const fs::path folder = kSameNames, absolute = fs::absolute(folder);
  const auto paths = read_labelled_clips(folder / "list.txt").paths;
  std::vector<fs::path> from_here = paths;
  for (fs::path& path : from_here) path = absolute / path.lexically_relative(folder);
  const auto held = held_out_clips(identities(paths), folder);
  EXPECT_EQ(held_out_clips(identities(from_here), absolute / "."), held);
  const fs::path here = fs::current_path();
  fs::current_path(absolute);  // as `--data list.txt`
  const LabelledClips listed = read_labelled_clips("list.txt");
  const auto bare = held_out_clips(identities(listed.paths), listed.folder);
  fs::current_path(here);
  EXPECT_EQ(bare, held);
}

TEST(HeldOutClips, OfOneContentStayTogether) {
  const TemporaryFolder folder;
  std::vector<fs::path> paths;
  for (int i = 0; i < 40; ++i)
    for (const char* name : {"a", "b"}) {
      paths.push_back(folder / fmt::format("{}{}", name, i));
      write_file(paths.back(), fmt::format("clip {}", i));
    }
  const auto held = held_out_clips(identities(paths), folder.path());
  for (size_t i = 0; i < held.size(); i += 2) EXPECT_EQ(held[i], held[i + 1]) << i;
  EXPECT_GE(count(held), 2);
}

TEST(LabelledClips, WithTwoClassesAreAnError) {
  const TemporaryFolder folder;
  write_file(folder / "one.png", "x");
  write_file(folder / "two.png", "y");
  write_file(folder / "list.txt", "one.png 0\ntwo.png 1\n./one.png 1\n");
  const std::string text = refusal_of<DataError>([&] { read_labelled_clips(folder / "list.txt"); });
  EXPECT_TRUE(says(text, "listed with two classes"));
  EXPECT_TRUE(says(text, "one.png"));
  EXPECT_TRUE(says(text, "line 3"));
}

TEST(ClipIdentity, ChangesWithSizeTimeAndContent) {
  const TemporaryFolder folder;
  const fs::path file = folder / "clip.mp4";
  write_file(file, "abcd");
  const ClipIdentity first = clip_identity(file);
  const auto time = fs::last_write_time(file);
  write_file(file, "abce");
  fs::last_write_time(file, time);
  const ClipIdentity second = clip_identity(file);
  EXPECT_EQ(first.time, second.time);
  EXPECT_NE(first.content, second.content);
  fs::last_write_time(file, time + std::chrono::seconds(5));
  EXPECT_NE(clip_identity(file).time, second.time);
  const std::string large(6 << 20, 'x');
  write_file(file, large);
  const uint64_t before = clip_identity(file).content;
  std::string other = large;
  other[3 << 20] = 'y';
  write_file(file, other);
  EXPECT_NE(clip_identity(file).content, before);
  EXPECT_THROW(clip_identity(folder / "none.mp4"), DataError);
}

TEST(LatentFolder, NamesTheFileThatChanged) {
  const TemporaryFolder folder;
  const auto identity = [](int time) {
    return nlohmann::ordered_json{{"clips", {{{"path", "a.mp4"}, {"time", 1}}, {{"path", "b.mp4"}, {"time", time}}}}};
  };
  const LatentFolder made(folder / "latents", "clip", identity(1));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { LatentFolder(folder / "latents", "clip", identity(2)); }),
                   "another clips, first b.mp4"));
}

}  // namespace
}  // namespace foresee
