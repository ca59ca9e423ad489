#include "foresee/evaluate/feature_clips.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "data/video/scene/render.h"
#include "foresee/encode/encode_plan.h"
#include "foresee/encode/encode_run.h"
#include "foresee/evaluate/results.h"
#include "foresee/train/probe/clip_identity.h"
#include "foresee/train/probe/labelled_clips.h"
#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

/// The model's number of frames, evenly from the first of a file to its last.
std::vector<int64_t> whole_clip(int64_t length, int64_t frames) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < frames; ++i)
    indices.push_back(frames > 1 ? (length - 1) * i / (frames - 1) : (length - 1) / 2);
  return indices;
}

/// Files of a list in the order in which they are used, with their classes.
struct ListedFiles {
  std::vector<fs::path> paths;
  std::vector<int64_t> classes;
  int64_t train = 0;  // the first so many are fitted
};

ListedFiles split_files(const LabelledClips& listed) {
  std::vector<ClipIdentity> clips;
  for (const fs::path& path : listed.paths) clips.push_back(clip_identity(path));
  const std::vector<bool> tests = clips_apart(clips, listed.folder, [](uint64_t key) { return key % 3 == 0; });
  ListedFiles out;
  for (const bool test : {false, true}) {
    for (size_t i = 0; i < listed.paths.size(); ++i) {
      if (tests[i] != test) continue;
      out.paths.push_back(listed.paths[i]);
      out.classes.push_back(listed.classes[i]);
    }
    if (!test) out.train = static_cast<int64_t>(out.paths.size());
  }
  return out;
}

ClipPlan plan_of(const Vjepa2Weights& weights) {
  const VideoEncoderConfig& encoder = weights.config.encoder;
  ClipPlan plan;
  plan.segments.frames = plan.picture_frames = encoder.frames;
  plan.pictures = with_size(or_transform(weights.preprocess, PictureTransform::kOfficialTensor), encoder.image_size);
  plan.colours = colours_of(plan.pictures);
  return plan;
}

constexpr int64_t kClipsOfVideo = 150;         // at most
constexpr int64_t kFewestOfVideo = 3;          // two to fit and one to test
constexpr int64_t kBackwards = 1, kOrder = 2;  // columns of the questions

/// Clips of one video that do not overlap, in the order of time.
std::vector<std::vector<int64_t>> windows_of(const data::VideoInfo& info, int64_t frames) {
  const int64_t step = frames_apart(info.average_fps), length = frames * step;
  std::vector<std::vector<int64_t>> windows;
  for (int64_t first = 0; first + length <= info.frame_count; first += length) {
    windows.emplace_back();
    for (int64_t i = 0; i < frames; ++i) windows.back().push_back(first + i * step);
  }
  return windows;
}

/// What was drawn for each clip. @param clips  float [B, 3, T, S, S]. @param classes  int64 [B, 3].
Tensor turned(const Tensor& clips, const Tensor& classes) {
  std::vector<Tensor> out;
  for (int64_t i = 0; i < clips.size(0); ++i) {
    Tensor clip = clips[i];  // [3, T, S, S]
    if (classes[i][kBackwards].item<int64_t>() == 1) clip = clip.flip(1);
    if (classes[i][kOrder].item<int64_t>() == 1) clip = clip.roll(clip.size(1) / 2, 1);
    out.push_back(clip);
  }
  return at::stack(out);
}

}  // namespace

int64_t frames_apart(double video_fps, double fps) { return std::max<int64_t>(1, std::llround(video_fps / fps)); }

FeatureClips scene_clips(const Vjepa2Weights& weights, int64_t train, int64_t test, int64_t batch, uint64_t seed) {
  FeatureClips out{.origin = fmt::format("scenes of the generator, seed {}", seed), .train = train, .test = test};
  const auto factors = data::scene_factors();
  for (const auto& factor : factors) {
    const auto classes = static_cast<int64_t>(factor.values.size());
    out.questions.push_back({std::string(factor.name), classes, 1.0 / static_cast<double>(classes)});
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < train + test; ++i) {
    const data::SceneFactors drawn = data::draw_factors(seed, i);
    for (const auto& factor : factors) values.push_back(drawn.*factor.member);
  }
  out.classes = at::tensor(values, at::kLong).view({train + test, static_cast<int64_t>(factors.size())});
  const VideoEncoderConfig& encoder = weights.config.encoder;
  const data::SceneSize size{encoder.frames, encoder.image_size, encoder.image_size};
  out.for_each = [=, clips = train + test, preprocess = weights.preprocess](const auto& take,
                                                                            const JobControl& control) {
    for (int64_t first = 0; first < clips; first += batch) {
      if (control.stopping()) return false;
      std::vector<Tensor> drawn;
      for (int64_t i = first; i < std::min(first + batch, clips); ++i)
        drawn.push_back(data::render_scene(data::draw_factors(seed, i), seed, i, size));
      take(preprocess.normalise(at::stack(drawn)).transpose(1, 2).contiguous(), first);  // [B, 3, T, S, S]
    }
    return true;
  };
  return out;
}

FeatureClips listed_clips(const Vjepa2Weights& weights, const fs::path& list, int64_t batch,
                          const JobControl& control) {
  const LabelledClips listed = read_labelled_clips(list);
  const ListedFiles files = split_files(listed);
  const auto media = std::make_shared<const MediaSet>(open_media(files.paths, /*threads=*/1, control));
  stop_where_asked(control);
  std::map<fs::path, size_t> places;
  for (size_t i = 0; i < files.paths.size(); ++i) places.emplace(files.paths[i], i);
  FeatureClips out{.origin = fmt::format("clips of {}, each seen whole", list.string())};
  std::vector<MediaClip> clips;
  std::vector<int64_t> classes;
  for (size_t i = 0; i < media->files.size(); ++i) {  // those that open
    const auto place = places.find(media->files[i].path);
    if (place == places.end())
      fail<DataError>("{}: a clip has to be a video or a picture", media->files[i].path.string());
    const auto& video = media->files[i].video;
    const auto frames = weights.config.encoder.frames;
    clips.push_back({i, video ? whole_clip(media->videos.files[static_cast<size_t>(*video)].info.frame_count, frames)
                              : std::vector<int64_t>()});
    classes.push_back(files.classes[place->second]);
    ++(static_cast<int64_t>(place->second) < files.train ? out.train : out.test);
  }
  const auto names = static_cast<int64_t>(listed.labels.size());
  if (names < 2) fail<DataError>("{}: all clips have one label, expected two or more", list.string());
  if (out.train < 2 || out.test < 1)
    fail<DataError>("{}: {} clips to fit probes on and {} to test them on; a list needs more clips", list.string(),
                    out.train, out.test);
  out.classes = at::tensor(classes, at::kLong).unsqueeze(1);
  const Tensor tested = out.classes.select(1, 0).narrow(0, out.train, out.test);
  out.questions.push_back({"label", names, tested.bincount().max().item<double>() / static_cast<double>(out.test)});
  out.for_each = [media, clips, plan = plan_of(weights), batch](const auto& take, const JobControl& job) {
    return for_each_batch(
        *media, clips, plan, batch,
        [&](const Tensor& frames, size_t first) { take(frames, static_cast<int64_t>(first)); }, job);
  };
  return out;
}

FeatureClips unlabelled_clips(const Vjepa2Weights& weights, const fs::path& folder, int64_t batch, uint64_t seed) {
  const auto media = std::make_shared<const MediaSet>(open_media({folder}, /*threads=*/1));
  std::vector<std::pair<size_t, std::vector<std::vector<int64_t>>>> videos;  // file, windows
  size_t fewest = kClipsOfVideo;
  for (size_t i = 0; i < media->files.size(); ++i) {
    if (!media->files[i].video) continue;
    const auto& info = media->videos.files[static_cast<size_t>(*media->files[i].video)].info;
    auto windows = windows_of(info, weights.config.encoder.frames);
    if (static_cast<int64_t>(windows.size()) < kFewestOfVideo) continue;
    fewest = std::min(fewest, windows.size());
    videos.emplace_back(i, std::move(windows));
  }
  if (videos.size() < 2)
    fail<DataError>("{}: expected two or more videos of {} clips of {} frames each, found {}", folder.string(),
                    kFewestOfVideo, weights.config.encoder.frames, videos.size());
  FeatureClips out{.origin = fmt::format("clips of the {} videos in {}", videos.size(), folder.string())};
  std::vector<MediaClip> clips;
  std::vector<int64_t> classes;
  const Random random(seed, Stream::kEvalStarts);
  const size_t fitted = std::max<size_t>(2, fewest * 2 / 3);
  for (const bool test : {false, true})
    for (size_t video = 0; video < videos.size(); ++video)
      for (size_t i = test ? fitted : 0; i < (test ? fewest : fitted); ++i) {
        const auto& windows = videos[video].second;
        const auto draw = static_cast<uint64_t>(2 * clips.size());
        clips.push_back({videos[video].first, windows[i * windows.size() / fewest]});
        for (const int64_t value : {static_cast<int64_t>(video), random.integer(draw, 2), random.integer(draw + 1, 2)})
          classes.push_back(value);
        ++(test ? out.test : out.train);
      }
  out.classes = at::tensor(classes, at::kLong).view({-1, 3});
  const auto count = static_cast<int64_t>(videos.size());
  out.questions = {{"video", count, 1.0 / static_cast<double>(count)}, {"backwards", 2, 0.5}, {"order", 2, 0.5}};
  out.for_each = [media, clips, plan = plan_of(weights), batch, known = out.classes](const auto& take,
                                                                                     const JobControl& control) {
    return for_each_batch(
        *media, clips, plan, batch,
        [&](const Tensor& frames, size_t first) {
          const auto place = static_cast<int64_t>(first);
          take(turned(frames, known.narrow(0, place, frames.size(0))), place);
        },
        control);
  };
  return out;
}

}  // namespace foresee
