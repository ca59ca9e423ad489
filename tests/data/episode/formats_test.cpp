// Every format of episodes: what is written comes back, what others wrote is read, and damage ends in one clear line.
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <fstream>
#include <set>

#include "data/episode/dataset.h"
#include "data/episode/lerobot/feature_statistics.h"
#include "data/episode/lerobot/meta.h"
#include "data/episode/lerobot/table.h"
#include "data/episode/npz/npy.h"
#include "data/episode/planes.h"
#include "data/episode/sink.h"
#include "data/episode/source.h"
#include "data/episode/window.h"
#include "data/video/encode.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/names.h"
#include "jepa/core/torch.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

/// Smooth pictures (so that video codecs keep them) whose brightness says the row and the episode.
Episode smooth_episode(uint64_t id, int64_t length, int64_t size = 32) {
  Episode episode{.id = id, .frames = {}, .columns = {}, .task = id % 2 == 0 ? "push" : "pull"};
  const Tensor row = at::arange(length, at::kFloat).reshape({length, 1, 1, 1});
  const Tensor ramp = at::arange(size, at::kFloat).reshape({1, 1, size, 1}) * 2;
  const Tensor colour = at::tensor({1.0F, 0.8F, 0.6F}).reshape({1, 1, 1, 3});
  episode.frames = ((ramp + row * 8 + 20 + static_cast<double>(id)) * colour)
                       .expand({length, size, size, 3})
                       .to(at::kByte)
                       .contiguous();
  Tensor action = at::stack({row.flatten(), row.flatten() * 0.5 + static_cast<double>(id)}, 1);
  action[-1].fill_(NAN);
  episode.columns["action"] = action;
  episode.columns["proprio"] = at::stack({row.flatten(), -row.flatten(), row.flatten() * 2}, 1).contiguous();
  episode.columns["reward"] = row.flatten().contiguous();
  return episode;
}

std::vector<Episode> smooth_episodes() { return {smooth_episode(4, 12), smooth_episode(9, 7), smooth_episode(5, 9)}; }

void write(const std::string& format, const fs::path& path, const std::vector<Episode>& episodes,
           SinkOptions options = {}) {
  const auto sink = make_sink(*value_of(kSinkFormatNames, format), path, options);
  for (const auto& episode : episodes) sink->add(episode);
  sink->commit();
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

double mean_difference(const Tensor& a, const Tensor& b) {
  return (a.to(at::kFloat) - b.to(at::kFloat)).abs().mean().item<double>();
}

struct Format {
  std::string name, file;
  double most_difference;  // of pictures, levels of 255
};

class Formats : public ::testing::TestWithParam<Format> {
 protected:
  void SetUp() override {
    if (GetParam().name == "lerobot" && !parquet_available()) GTEST_SKIP() << "built without Parquet";
    if (GetParam().name == "hdf5" && !hdf5_available()) GTEST_SKIP() << "built without HDF5";
  }
};

TEST_P(Formats, AreReadBackAsTheyWereWritten) {
  const TemporaryFolder folder;
  const auto episodes = smooth_episodes();
  const fs::path path = folder.path() / GetParam().file;
  write(GetParam().name, path, episodes);
  const auto source = open_source(path);
  EXPECT_EQ(source->info().format, GetParam().name);
  ASSERT_EQ(source->episodes(), 3);
  for (int64_t e = 0; e < 3; ++e) {
    const Episode &wanted = episodes[static_cast<size_t>(e)], read = source->episode(e);
    EXPECT_EQ(read.id, wanted.id) << "held-out episodes must stay held out";
    ASSERT_EQ(read.length(), wanted.length());
    EXPECT_LE(mean_difference(read.frames, wanted.frames), GetParam().most_difference);
    EXPECT_TRUE(at::equal(read.columns.at("proprio"), wanted.columns.at("proprio")));
    EXPECT_TRUE(at::equal(read.columns.at("reward").flatten(), wanted.columns.at("reward")));
    const Tensor action = read.columns.at("action");
    EXPECT_TRUE(at::equal(action.slice(0, 0, -1), wanted.columns.at("action").slice(0, 0, -1)));
    if (GetParam().name == "lerobot")
      EXPECT_TRUE(at::equal(action[-1], action[-2])) << "LeRobot has an action in every row";
    else
      EXPECT_TRUE(at::isnan(action[-1]).all().item<bool>());
  }
}

TEST_P(Formats, KeepTheFactorsOfVariation) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / GetParam().file;
  auto episodes = smooth_episodes();
  for (auto& episode : episodes) {
    const double door = 30.0 + static_cast<double>(episode.id);
    episode.columns["variation.two_room.door_position"] = at::full({episode.length(), 3}, door, at::kFloat);
    episode.columns["variation.two_room.agent_radius"] = at::full({episode.length(), 1}, door / 4, at::kFloat);
  }
  write(GetParam().name, path, episodes);
  EpisodeDataset dataset({path});
  for (int64_t e = 0; e < 3; ++e)
    for (const char* name : {"variation.two_room.door_position", "variation.two_room.agent_radius"})
      EXPECT_TRUE(at::equal(dataset.column(e, name, 0, dataset.length(e)).flatten(),
                            episodes[static_cast<size_t>(e)].columns.at(name).flatten()))
          << name;
  dataset.hold_out({"two_room.door_position=39"});
  for (const int64_t e : dataset.episodes_of(Split::kTrain)) EXPECT_NE(dataset.id(e), 9u);
}

TEST_P(Formats, GiveTheSameClipsAsMemory) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / GetParam().file;
  write(GetParam().name, path, smooth_episodes());
  const EpisodeDataset memory(smooth_episodes()), cached({path}), streamed({path}, /*cache_bytes=*/0);
  const ClipShape shape{.frames = 2, .frameskip = 3, .columns = {"proprio"}};
  const auto clips = memory.clips(shape, Split::kAll);
  ASSERT_EQ(cached.clips(shape, Split::kAll).size(), clips.size());
  const ClipBatch wanted = memory.read(shape, clips), one = streamed.read(shape, clips),
                  two = streamed.read(shape, clips, /*threads=*/3), kept = cached.read(shape, clips);
  for (const auto* batch : {&one, &two, &kept}) {
    EXPECT_LE(mean_difference(batch->frames, wanted.frames), GetParam().most_difference);
    EXPECT_TRUE(at::equal(batch->columns.at("proprio"), wanted.columns.at("proprio")));
    EXPECT_TRUE(at::equal(batch->frames, one.frames));
  }
}

TEST_P(Formats, LeaveNothingBehindWithoutCommit) {
  const TemporaryFolder folder;
  {
    const auto sink = make_sink(*value_of(kSinkFormatNames, GetParam().name), folder.path() / GetParam().file);
    sink->add(smooth_episode(1, 5));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST_P(Formats, RefuseAnEpisodeWithOtherColumns) {
  const TemporaryFolder folder;
  const auto sink = make_sink(*value_of(kSinkFormatNames, GetParam().name), folder.path() / GetParam().file);
  sink->add(smooth_episode(1, 5));
  Episode other = smooth_episode(2, 5);
  other.columns.erase("reward");
  EXPECT_THROW(sink->add(other), Error);
}

INSTANTIATE_TEST_SUITE_P(All, Formats,
                         ::testing::Values(Format{"hdf5", "a.h5", 0}, Format{"npz", "a.npz", 0},
                                           Format{"folder", "a", 2}, Format{"video", "a", 3},
                                           Format{"lerobot", "a", 3}),
                         [](const auto& info) { return info.param.name; });

// --- NumPy ---------------------------------------------------------------------------------------------------------

std::string from_hex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

TEST(Numpy, FortranOrderIsReadAsTheSameArray) {
  std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
  std::string header = "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }";
  header.resize(0x75, ' ');
  bytes += header + "\n";
  for (const int32_t value : {0, 3, 1, 4, 2, 5}) bytes.append(reinterpret_cast<const char*>(&value), 4);
  EXPECT_TRUE(at::equal(parse_npy(bytes, "x"), at::arange(6, at::kInt).reshape({2, 3})));
}

TEST(Numpy, ArraysOfEveryTypeGoRound) {
  for (const auto dtype : {at::kBool, at::kByte, at::kShort, at::kInt, at::kLong, at::kFloat, at::kDouble})
    for (const auto& shape : std::vector<std::vector<int64_t>>{{}, {3}, {2, 3}, {0, 4}}) {
      const Tensor array = at::ones(shape, dtype);
      const Tensor read = parse_npy(npy_bytes(array), "x");
      EXPECT_EQ(read.scalar_type(), dtype);
      EXPECT_TRUE(at::equal(read, array));
    }
}

TEST(Numpy, CompressedArchivesAreUnpackedAndTextIsLeftOut) {
  // numpy 2: savez_compressed(b, action=arange(20, float32).reshape(10, 2), text=array(['a', 'b']))
  const TemporaryFolder folder;
  write_file(
      folder.path() / "a.npz",
      from_hex("504b03042d0000000800000021008fe5573affffffffffffffff0a001400616374696f6e2e6e707901001000d000000000"
               "0000007b000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f545294981"
               "79f5f94920a12774bcc294e058a17672416a402f91a86063a0a469a3a0ab50ae4022e063068b007120e4004c40d40bc"
               "00880f00f1032066706460100062052036006207200e00e204202e00e20620ee00e209403cc31100504b03042d000000"
               "080000002100a72fe0ecffffffffffffffff08001400746578742e6e70790100100088000000000000004b0000000000"
               "00009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e136aa8aea3a09e965f54529498179f5f94920a12774bcc29"
               "4e058a17672416a402f91a463a9a3a0ab50a1400ae4406068624200600504b01022d032d0000000800000021008fe557"
               "3a7b000000d00000000a0000000000000000000000800100000000616374696f6e2e6e7079504b01022d032d00000008"
               "0000002100a72fe0ec4b000000880000000800000000000000000000008001b7000000746578742e6e7079504b050600"
               "000000020002006e0000003c0100000000"));
  const TensorMap arrays = read_npz(folder.path() / "a.npz");
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_TRUE(at::equal(arrays.at("action"), at::arange(20, at::kFloat).reshape({10, 2})));
}

TEST(Numpy, DamageAtAnyPlaceIsRefusedOrHarmless) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.npz";
  const Tensor action = at::arange(20, at::kFloat).reshape({10, 2}), pixels = at::ones({10, 4, 4, 3}, at::kByte);
  write_npz(path, {{"action", action}, {"pixels", pixels}});
  const std::string whole = read_file(path);
  for (size_t cut = 0; cut < whole.size(); cut += 7) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, cut);
    EXPECT_THROW(read_npz(path), Error) << cut;
  }
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xFF);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    try {
      const TensorMap arrays = read_npz(path);
      if (arrays.contains("action")) {
        EXPECT_TRUE(at::equal(arrays.at("action"), action)) << at;
      }
      if (arrays.contains("pixels")) {
        EXPECT_TRUE(at::equal(arrays.at("pixels"), pixels)) << at;
      }
    } catch (const Error&) {
    }
  }
}

TEST(Npz, WhatUnpacksToFarMoreThanTheFileIsRefusedBeforeItIsUnpacked) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.npz";
  write_npz(path, {{"action", at::zeros({100'000}, at::kFloat)}});
  std::string bytes = read_file(path);
  const size_t entry = bytes.find("PK\x01\x02");
  bytes[entry + 10] = 8;  // packed, says the directory, and 300 MB in all
  const uint32_t claimed = 300'000'000;
  std::memcpy(&bytes[entry + 24], &claimed, sizeof claimed);
  write_file(path, bytes);
  const std::string message = message_of([&] { read_npz(path); });
  EXPECT_NE(message.find("would take 300.0 MB of memory"), std::string::npos) << message;
}

TEST(Npz, TheExampleOfVjepa2HasEpisodesFirst) {
  const TemporaryFolder folder;
  write_npz(folder.path() / "a.npz",
            {{"observations", at::ones({1, 2, 8, 8, 3}, at::kByte)}, {"states", at::ones({1, 2, 7})}});
  const auto source = open_source(folder.path() / "a.npz");
  ASSERT_EQ(source->episodes(), 1);
  EXPECT_EQ(source->length(0), 2);
  EXPECT_EQ(source->episode(0).columns.at("state").sizes(), (std::vector<int64_t>{2, 7}));
  EXPECT_EQ(EpisodeDataset(std::vector<fs::path>{folder.path() / "a.npz"}).action_size(), 0);
}

TEST(Npz, AFolderOfFilesIsOneEpisodeEach) {
  const TemporaryFolder folder;
  for (const int64_t length : {5, 8})
    write_npz(folder.path() / fmt::format("{}.npz", length),
              {{"image", at::full({length, 4, 4, 3}, length, at::kByte)}, {"action", at::ones({length, 2})}});
  const auto source = open_source(folder.path());
  ASSERT_EQ(source->episodes(), 2);
  EXPECT_EQ(source->length(1), 8);
  EXPECT_EQ(source->read(1, "pixels", 7, 1)[0][0][0][0].item<int64_t>(), 8);
}

TEST(Npz, FoldersInAFolderAreReadWhateverTheirFilesAreCalled) {
  const TemporaryFolder folder;
  for (const int64_t day : {1, 2, 10}) {
    const fs::path inner = folder.path() / fmt::format("day-{}", day);
    fs::create_directories(inner / "morning");
    write_npz(inner / "morning" / "0.npz",
              {{"pixels", at::full({3, 4, 4, 3}, day, at::kByte)}, {"action", at::ones({3, 2})}});
  }
  fs::create_directory_symlink(folder.path(), folder.path() / "day-1" / "loop");
  const auto source = open_source(folder.path());
  ASSERT_EQ(source->episodes(), 3);
  EXPECT_EQ(std::set<uint64_t>(source->info().ids.begin(), source->info().ids.end()).size(), 3u);
  for (int64_t e = 0; e < 3; ++e)
    EXPECT_EQ(source->info().names[static_cast<size_t>(e)],
              fmt::format("day-{}/morning/0.npz", source->read(e, "pixels", 0, 1)[0][0][0][0].item<int64_t>()));
}

TEST(Npz, FilesOfAnotherFormatBesideThemAreNamed) {
  const TemporaryFolder folder;
  for (const char* name : {"a.npz", "b.npz"})
    write_npz(folder / name, {{"pixels", at::ones({3, 4, 4, 3}, at::kByte)}, {"action", at::ones({3, 2})}});
  EXPECT_TRUE(open_source(folder.path())->info().left_out.empty());
  std::ofstream(folder / "c.parquet") << "PAR1";
  const auto left_out = open_source(folder.path())->info().left_out;
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_EQ(left_out.front().what, "c.parquet");
}

TEST(Npz, NamesCannotLeadOutOfAFolder) {
  // Names of columns become names of files where the set is converted.
  const TemporaryFolder folder;
  write_npz(folder.path() / "a.npz", {{"pixels", at::ones({2, 4, 4, 3}, at::kByte)},
                                      {"../../above", at::ones({2, 3})},
                                      {"/tmp/elsewhere", at::ones({2, 3})}});
  const auto source = open_source(folder.path() / "a.npz");
  EXPECT_EQ(source->info().columns.size(), 3u);
  for (const auto& column : source->info().columns)
    EXPECT_EQ(column.name.find_first_of("./"), std::string::npos) << column.name;
}

// --- DINO-WM -------------------------------------------------------------------------------------------------------

void save_torch(const fs::path& path, const Tensor& value) {
  const auto bytes = torch::jit::pickle_save(value);
  write_file(path, {bytes.data(), bytes.size()});
}

TEST(DinoWm, PushTIsReadAsItsOwnLoaderDoes) {
  const TemporaryFolder folder;
  for (const char* part : {"train", "val"}) {
    const fs::path root = folder.path() / part;
    fs::create_directories(root / "obses");
    save_torch(root / "states.pth", at::arange(2 * 6 * 5, at::kFloat).reshape({2, 6, 5}));
    save_torch(root / "velocities.pth", at::ones({2, 6, 2}) * 7);
    save_torch(root / "rel_actions.pth", at::full({2, 6, 2}, 50.0F));
    write_file(root / "seq_lengths.pkl", std::string("\x80\x04]\x94(K\x06K\x04"
                                                     "e.",
                                                     11));
    for (const int64_t e : {0, 1})
      write_video(root / "obses" / fmt::format("episode_{:03}.mp4", e),
                  smooth_episode(static_cast<uint64_t>(e), e == 0 ? 6 : 4).frames.permute({0, 3, 1, 2}).contiguous());
  }
  const auto source = open_source(folder.path());
  EXPECT_EQ(source->info().format, "dino_wm");
  ASSERT_EQ(source->episodes(), 4);  // train and val
  EXPECT_EQ(source->length(1), 4);
  const Episode read = source->episode(1);
  EXPECT_EQ(read.columns.at("state").sizes(), (std::vector<int64_t>{4, 7}));
  EXPECT_EQ(read.columns.at("state")[0][0].item<float>(), 30);
  EXPECT_EQ(read.columns.at("proprio")[2][3].item<float>(), 7);
  EXPECT_FLOAT_EQ(read.columns.at("action")[0][0].item<float>(), 0.5F);  // hundreds of pixels
  EXPECT_LE(mean_difference(read.frames, smooth_episode(1, 4).frames), 4);
}

TEST(DinoWm, WallKeepsPicturesAsTensors) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "obses");
  save_torch(folder.path() / "states.pth", at::ones({1, 3, 2}));
  save_torch(folder.path() / "actions.pth", at::full({1, 3, 2}, 0.25F));
  save_torch(folder.path() / "door_locations.pth", at::full({1, 1}, 30.0F));
  const Tensor pictures = at::arange(3 * 8 * 8 * 3).remainder(255).to(at::kByte).reshape({3, 8, 8, 3});
  save_torch(folder.path() / "obses" / "episode_000.pth", pictures);
  const Episode read = open_source(folder.path())->episode(0);
  EXPECT_TRUE(at::equal(read.frames, pictures));
  EXPECT_EQ(read.columns.at("action")[0][0].item<float>(), 0.25F);
  EXPECT_EQ(read.columns.at("door_locations")[2][0].item<float>(), 30);
}

// --- LeRobot -------------------------------------------------------------------------------------------------------

/// v2.1 with two cameras, as lerobot 0.3.3 lays it out.
void write_v21(const fs::path& root) {
  fs::create_directories(root / "meta");
  fs::create_directories(root / "data" / "chunk-000");
  write_file(root / "meta" / "info.json", R"({"codebase_version": "v2.1", "robot_type": "so100", "total_episodes": 2,
    "fps": 10, "chunks_size": 1000, "unknown_to_us": 1,
    "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
    "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
    "features": {"action": {"dtype": "float32", "shape": [2], "names": null},
      "observation.state": {"dtype": "float32", "shape": [3], "names": ["a", "b", "c"]},
      "observation.images.top": {"dtype": "video", "shape": [32, 32, 3], "names": ["height", "width", "channel"]},
      "observation.images.wrist": {"dtype": "video", "shape": [32, 32, 3], "names": ["height", "width", "channel"]},
      "timestamp": {"dtype": "float32", "shape": [1], "names": null},
      "frame_index": {"dtype": "int64", "shape": [1], "names": null},
      "episode_index": {"dtype": "int64", "shape": [1], "names": null},
      "index": {"dtype": "int64", "shape": [1], "names": null},
      "task_index": {"dtype": "int64", "shape": [1], "names": null}}})");
  write_file(root / "meta" / "episodes.jsonl",
             "{\"episode_index\": 0, \"tasks\": [\"push\"], \"length\": 12}\n"
             "{\"episode_index\": 1, \"tasks\": [\"pull\"], \"length\": 7}\n");
  int64_t index = 0;
  for (const int64_t e : {0, 1}) {
    const int64_t length = e == 0 ? 12 : 7;
    const Episode episode = smooth_episode(static_cast<uint64_t>(e), length);
    Table table;
    table.rows = length;
    table.numbers["action"] = at::nan_to_num(episode.columns.at("action"));
    table.numbers["observation.state"] = episode.columns.at("proprio");
    table.numbers["timestamp"] = at::arange(length, at::kFloat) / 10;
    table.numbers["frame_index"] = at::arange(length, at::kLong);
    table.numbers["episode_index"] = at::full({length}, e, at::kLong);
    table.numbers["index"] = at::arange(index, index + length, at::kLong);
    table.numbers["task_index"] = at::full({length}, e, at::kLong);
    write_parquet(root / "data" / "chunk-000" / fmt::format("episode_{:06}.parquet", e), table);
    index += length;
    for (const char* camera : {"top", "wrist"}) {
      const fs::path video = root / "videos" / "chunk-000" / (std::string("observation.images.") + camera) /
                             fmt::format("episode_{:06}.mp4", e);
      fs::create_directories(video.parent_path());
      Tensor frames = episode.frames.permute({0, 3, 1, 2}).contiguous();
      if (std::string_view(camera) == "wrist") frames = frames.flip(3).contiguous();
      write_video(video, frames, {.fps_numerator = 10, .gop = 2});
    }
  }
}

class LeRobot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!parquet_available()) GTEST_SKIP() << "built without Parquet";
    write_v21(folder_.path());
  }
  TemporaryFolder folder_;
};

TEST_F(LeRobot, V21IsReadByCamera) {
  const std::string several = message_of([&] { open_source(folder_.path()); });
  EXPECT_NE(several.find("pixels_top, pixels_wrist"), std::string::npos) << several;
  const auto top = open_source(folder_.path(), {.camera = "top"}),
             wrist = open_source(folder_.path(), {.camera = "wrist"});
  ASSERT_EQ(top->episodes(), 2);
  EXPECT_EQ(top->info().fps, 10);
  const Episode episode = top->episode(1);
  EXPECT_EQ(episode.task, "pull");
  EXPECT_LE(mean_difference(episode.frames, smooth_episode(1, 7).frames), 4);
  EXPECT_LE(mean_difference(wrist->episode(1).frames, smooth_episode(1, 7).frames.flip(2)), 4);
  EXPECT_TRUE(at::equal(episode.columns.at("proprio"), smooth_episode(1, 7).columns.at("proprio")));
  EXPECT_TRUE(episode.columns.contains("pixels_wrist"));
  EXPECT_FALSE(episode.columns.contains("index"));
}

TEST_F(LeRobot, V21BecomesV3AndKeepsBothCameras) {
  const TemporaryFolder out;
  const auto source = open_source(folder_.path(), {.camera = "top"});
  const auto sink = make_sink(SinkFormat::kLeRobot, out.path() / "v3", {.fps = 10});
  for (int64_t e = 0; e < 2; ++e) sink->add(source->episode(e));
  sink->commit();
  const auto read = open_source(out.path() / "v3");
  EXPECT_TRUE(read->has("pixels_wrist"));
  EXPECT_EQ(read->episode(0).task, "push");
  // The second episode begins inside the same file, at 1.2 s.
  const LeRobotMeta meta = read_lerobot_meta(out.path() / "v3");
  EXPECT_EQ(meta.version, "v3.0");
  EXPECT_DOUBLE_EQ(meta.episodes[1].videos.at("observation.images.pixels").from_s, 1.2);
  EXPECT_EQ(meta.episodes[1].data, meta.episodes[0].data);
  EXPECT_LE(mean_difference(read->episode(1).frames, smooth_episode(1, 7).frames), 5);
}

TEST_F(LeRobot, NewFilesAreBegunBeyondTheirSize) {
  const TemporaryFolder out;
  write("lerobot", out.path() / "v3", smooth_episodes(), {.data_file_mb = 0, .video_file_mb = 0});
  const LeRobotMeta meta = read_lerobot_meta(out.path() / "v3");
  EXPECT_NE(meta.episodes[1].data, meta.episodes[0].data);
  EXPECT_LE(mean_difference(open_source(out.path() / "v3")->episode(2).frames, smooth_episode(5, 9).frames), 4);
}

TEST_F(LeRobot, WindowsStopAtTheEpisodesEndsAndSaySo) {
  const auto source = open_source(folder_.path(), {.camera = "top"});
  const TensorMap window = read_window(*source, 1, 1, {{"proprio", {-0.2, -0.1, 0, 0.5, 0.6}}, {"pixels", {-0.2, 0}}});
  EXPECT_TRUE(at::equal(window.at("proprio").select(1, 0), at::tensor({0.0F, 0.0F, 1.0F, 6.0F, 6.0F})));
  EXPECT_TRUE(at::equal(window.at("proprio_is_pad"), at::tensor({1, 0, 0, 0, 1}).to(at::kBool)));
  EXPECT_EQ(window.at("pixels").sizes(), (std::vector<int64_t>{2, 3, 32, 32}));
  EXPECT_TRUE(at::equal(window.at("pixels_is_pad"), at::tensor({1, 0}).to(at::kBool)));
  EXPECT_THROW(read_window(*source, 1, 1, {{"proprio", {0.05}}}), DataError);  // half a row
}

TEST_F(LeRobot, DamageIsRefusedInOneLine) {
  const fs::path parquet = folder_.path() / "data" / "chunk-000" / "episode_000001.parquet";
  const std::string whole = read_file(parquet);
  for (const double share : {0.0, 0.5, 0.99}) {
    std::ofstream(parquet, std::ios::binary | std::ios::trunc)
        << whole.substr(0, static_cast<size_t>(share * static_cast<double>(whole.size())));
    const std::string message = message_of([&] { open_source(folder_.path(), {.camera = "top", .strict = true}); });
    EXPECT_NE(message.find("episode_000001.parquet"), std::string::npos) << message;
  }
  std::ofstream(parquet, std::ios::binary | std::ios::trunc)
      << read_file(folder_.path() / "data/chunk-000/episode_000000.parquet");
  const std::string foreign = message_of([&] { open_source(folder_.path(), {.camera = "top", .strict = true}); });
  EXPECT_NE(foreign.find("belongs to episode 0"), std::string::npos) << foreign;
  EXPECT_THROW(fill_path("../{video_key}", {{"video_key", "x"}}, {}), DataError);
  EXPECT_THROW(fill_path("{unknown}", {}, {}), DataError);
  const fs::path info = folder_.path() / "meta" / "info.json";
  const std::string sound = read_file(info);
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {R"({"codebase_version": 2, "fps": 10, "features": {}})", "codebase_version: expected a string, got 2"},
           {R"({"codebase_version": "v2.1", "fps": "x", "features": {}})", "fps: expected a number"},
           {R"({"codebase_version": "v2.1", "fps": 1e999, "features": {}})", "not valid JSON"},
           {R"({"codebase_version": "v2.1", "fps": 10, "features": 3})", "features: expected an object"},
           {R"({"codebase_version": "v2.1", "fps": 10, "features": {"a": {"dtype": "x", "shape": ["y"]}}})",
            "features: a: shape: expected a list of whole numbers"},
           {std::string(100'000, '['), "nested too deeply"}}) {
    write_file(info, text);
    const std::string message = message_of([&] { open_source(folder_.path()); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_NE(message.find("info.json"), std::string::npos) << message;
  }
  write_file(info, sound);
  for (const char* line : {R"({"episode_index": "x", "length": 3})", R"({"episode_index": 0})", "[]", "{"}) {
    write_file(folder_.path() / "meta" / "episodes.jsonl", std::string(line) + "\n");
    const std::string message = message_of([&] { open_source(folder_.path()); });
    EXPECT_NE(message.find("episodes.jsonl: line 1"), std::string::npos) << message;
  }
  write_file(info, R"({"codebase_version": "v4.0", "fps": 10, "features": {}})");
  EXPECT_NE(message_of([&] { open_source(folder_.path()); }).find("v4.0"), std::string::npos);
}

TEST_F(LeRobot, RowsWithoutANumberAreRefusedInOneLine) {
  const auto refusal_with = [&](const char* name, const std::string& camera,
                                const std::function<Tensor(int64_t)>& values_of) {
    write_v21(folder_.path());
    for (const char* file : {"episode_000000.parquet", "episode_000001.parquet"}) {
      const fs::path parquet = folder_.path() / "data" / "chunk-000" / file;
      Table table = read_parquet(parquet);
      table.numbers[name] = values_of(table.rows);
      write_parquet(parquet, table);
    }
    return message_of([&] { open_source(folder_.path(), {.camera = camera, .strict = true}); });
  };
  const std::string number =
      refusal_with("episode_index", "", [](int64_t rows) { return at::full({rows}, NAN, at::kDouble); });
  EXPECT_NE(number.find("row 0 has no 'episode_index'"), std::string::npos) << number;
  const std::string times = refusal_with("timestamp", "top", [](int64_t rows) { return at::zeros({rows, 2}); });
  EXPECT_NE(times.find("expected one 'timestamp' per row"), std::string::npos) << times;
}

TEST_F(LeRobot, TwoFeaturesOfOneNameLeaveTheSecondUnread) {
  const fs::path info = folder_.path() / "meta" / "info.json";
  std::string text = read_file(info);
  text.insert(text.find("\"action\""), R"("proprio": {"dtype": "video", "shape": [32, 32, 3]}, )");
  write_file(info, text);
  const auto source = open_source(folder_.path(), {.camera = "top"});
  bool told = false;
  for (const auto& column : source->info().unread)
    told = told || column.reason.find("is column 'proprio'") != std::string::npos;
  EXPECT_TRUE(told);
}

TEST_F(LeRobot, ManyFilmsOfManyEpisodesHaveOneBudget) {
  std::string features, lines;
  for (int i = 0; i < 1500; ++i) {
    features += fmt::format(R"({}"f{}": {{"dtype": "video", "shape": [1]}})", i == 0 ? "" : ", ", i);
    lines += fmt::format("{{\"episode_index\": {}, \"length\": 1}}\n", i);
  }
  write_file(folder_.path() / "meta" / "info.json",
             fmt::format(R"({{"codebase_version": "v2.1", "fps": 10, "data_path": "d", "video_path": "v/{{video_key}}",
                              "features": {{{}}}}})",
                         features));
  write_file(folder_.path() / "meta" / "episodes.jsonl", lines);
  const LeRobotMeta meta = read_lerobot_meta(folder_.path());
  ASSERT_FALSE(meta.damaged.empty());
  EXPECT_NE(meta.damaged.front().find("its episodes with their films would take"), std::string::npos);
  EXPECT_THROW(fill_path("{a}{a}", {{"a", std::string(5000, 'x')}}, {}), DataError);
}

TEST(FeatureStatistics, OfEpisodesTogetherAreThoseOfAllRows) {
  const Tensor all = at::randn({50, 3}, at::kDouble);
  const FeatureStatistics merged = merge_statistics(
                              {feature_statistics(all.slice(0, 0, 20)), feature_statistics(all.slice(0, 20))}),
                          whole = feature_statistics(all);
  for (const char* name : {"min", "max", "mean", "std"})
    EXPECT_TRUE(at::allclose(merged.at(name), whole.at(name))) << name;
  EXPECT_EQ(merged.at("count").item<int64_t>(), 50);
  EXPECT_TRUE(at::allclose(whole.at("q90"), at::quantile(all, 0.9, /*dim=*/0)));
}

// --- What is common to all -----------------------------------------------------------------------------------------

TEST(Planes, AreThoseOfPermute) {
  for (const int64_t pixels : {1, 15, 16, 17, 63, 64, 1000}) {
    const Tensor in = at::randint(256, {pixels, 3}).to(at::kByte), wanted = in.t().contiguous();
    Tensor out = at::zeros({3, pixels}, at::kByte);
    to_planes(in.const_data_ptr<uint8_t>(), pixels, out.data_ptr<uint8_t>());
    EXPECT_TRUE(at::equal(out, wanted)) << pixels;
  }
}

TEST(OpenSource, SaysWhatItExpectsAndHowToConvertLance) {
  const TemporaryFolder folder;
  EXPECT_NE(message_of([&] { open_source(folder.path()); }).find("expected HDF5"), std::string::npos);
  EXPECT_NE(message_of([&] { open_source(folder.path() / "absent"); }).find("no such"), std::string::npos);
  fs::create_directories(folder.path() / "set.lance" / "_versions");
  const std::string lance = message_of([&] { open_source(folder.path() / "set.lance"); });
  EXPECT_NE(lance.find("convert('"), std::string::npos) << lance;
}

TEST(OpenSource, NamesRecordingsOfOtherProgramsAndWhatToDo) {
  const TemporaryFolder folder;
  const auto expect = [&](const std::string& path, const char* said) {
    const std::string message = message_of([&] { open_source(folder / path); });
    EXPECT_NE(message.find(said), std::string::npos) << path << ": " << message;
  };
  for (const char* place : {"a/replay.zarr/data", "b/1.0.0", "c", "robot/meta", "robot/data", "robot/videos/top"})
    fs::create_directories(folder / place);
  for (const char* file :
       {"a/replay.zarr/.zgroup", "b/1.0.0/x-train.tfrecord-00000-of-00002", "c/x.mcap", "log.bag",
        "robot/meta/info.json", "robot/data/x.parquet", "robot/videos/top/0.mp4", "x.parquet", "x.mp4", "x.pkl"})
    write_file(folder / file, "{}");
  write_file(folder / "log.csv", "time,x\n");
  expect("a", "Zarr stores are not read here; convert once");
  expect("a/replay.zarr", "episode_ends=z['meta/episode_ends']");
  expect("b", "TensorFlow datasets (RLDS)");
  expect("b/1.0.0", "TensorFlow datasets (RLDS)");
  expect("c", "recordings of ROS");
  expect("log.bag", "recordings of ROS");
  expect("log.csv", "expected a list of the folders of DROID's episodes");
  for (const char* part : {"robot/data", "robot/data/x.parquet", "robot/videos/top", "robot/videos/top/0.mp4"})
    expect(part, "a part of the LeRobot set ");
  expect("x.parquet", "a single table; a LeRobot set is named by its folder");
  expect("x.mp4", "a film without actions");
  expect("x.pkl", "'.pkl' files are no episodes that are known");
  fs::remove_all(folder / "a"), fs::remove_all(folder / "b"), fs::remove_all(folder / "c");
  for (const char* file : {"log.bag", "x.parquet", "x.mp4", "x.pkl", "log.csv"}) fs::remove(folder / file);
  expect("", "1 LeRobot set lies in it: name each: robot");
  // What is read here is not taken for another's because of its neighbours.
  fs::create_directories(folder / "both" / "x.zarr");
  write_npz(folder / "both" / "a.npz", {{"pixels", at::ones({3, 4, 4, 3}, at::kByte)}, {"action", at::ones({3, 2})}});
  EXPECT_EQ(open_source(folder / "both")->episodes(), 1);
}

// --- Normalisation -------------------------------------------------------------------------------------------------

std::vector<Episode> noisy_episodes(double scale, double shift, int64_t size = 2) {
  std::vector<Episode> episodes;
  for (uint64_t id = 0; id < 20; ++id) {
    Episode episode = smooth_episode(id, 40, 4);
    episode.columns["action"] = at::randn({40, size}) * scale + shift;
    episodes.push_back(std::move(episode));
  }
  return episodes;
}

TEST(Actions, PercentilesGoToOneAndOutliersAreCut) {
  const EpisodeDataset dataset(noisy_episodes(3, 10));
  const ActionSpec spec = dataset.action_spec(1, ActionScaling::kPercentile);
  std::vector<Tensor> rows;
  for (const int64_t e : dataset.episodes_of(Split::kTrain)) rows.push_back(dataset.column(e, "action", 0, 40));
  const Tensor all = at::cat(rows).to(at::kDouble), low = at::quantile(all, 0.01, 0), high = at::quantile(all, 0.99, 0);
  EXPECT_TRUE(at::allclose(spec.normalise(high.unsqueeze(0)), at::ones({1, 2}, at::kDouble)));
  EXPECT_TRUE(at::allclose(spec.normalise(low.unsqueeze(0)), -at::ones({1, 2}, at::kDouble)));
  EXPECT_EQ(spec.normalise(all).abs().max().item<double>(), 1);
  EXPECT_TRUE(at::allclose(spec.to_environment(at::ones({1, 2}, at::kDouble)), high.unsqueeze(0)));
  const ActionSpec none = dataset.action_spec(1, ActionScaling::kNone);
  EXPECT_TRUE(at::equal(none.normalise(all), all));
}

TEST(Actions, OfOtherUnitsOrSizeAreRefusedWithTheNumbers) {
  const EpisodeDataset raw(noisy_episodes(3, 10)), again(noisy_episodes(3, 10)), normalised(noisy_episodes(1, 0)),
      large(noisy_episodes(300, 10)), wide(noisy_episodes(3, 10, 7));
  const ActionSpec spec = raw.action_spec(5);
  require_actions_fit(spec, again, "the model");
  for (const auto* dataset : {&normalised, &large}) {
    const std::string message = message_of([&] { require_actions_fit(spec, *dataset, "runs/a"); });
    EXPECT_NE(message.find("runs/a was trained on mean ("), std::string::npos) << message;
  }
  const std::string message = message_of([&] { require_actions_fit(spec, wide, "runs/a"); });
  EXPECT_NE(message.find("have 7 numbers, those of runs/a have 2"), std::string::npos) << message;
}

}  // namespace
}  // namespace foresee::data
