#include "tools/demo/feature_picture.h"

#include <algorithm>

#include "data/clip/clip.h"
#include "data/picture/transform.h"
#include "data/video/reader.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2/vjepa2.h"
#include "tools/report/pca.h"

namespace foresee::tools {
namespace {

constexpr int64_t kEnlarged = 2;  // the shown clip is so many times the size of training clips: a finer grid of patches

/// The clip that the pictures show, as the network sees it. @returns float [1, 3, T, size, size].
Tensor last_clip(const std::filesystem::path& video, const VideoEncoderConfig& config,
                 const data::Normalisation& normalisation, int64_t size) {
  data::VideoReader reader(video);
  const data::ClipConfig clip{.frames = config.frames};
  const int64_t count = reader.info().frame_count;
  const int64_t begin = std::max<int64_t>(0, count - data::clip_span(reader.info().average_fps, clip));
  RandomSequence random(Random(0, Stream::kCrop));
  const auto indices = data::clip_indices(begin, count, reader.info().average_fps, clip, random);
  return data::evaluation_clip(reader.frames(indices), size, size, normalisation).unsqueeze(0);
}

/// Frames of a normalised clip as they were. @param clip  float [3, T, S, S]. @returns uint8 [T, 3, S, S].
Tensor visible(const Tensor& clip, const Preprocess& preprocess) {
  const Tensor mean = torch::tensor(preprocess.mean, at::kFloat).view({3, 1, 1, 1});
  const Tensor std = torch::tensor(preprocess.std, at::kFloat).view({3, 1, 1, 1});
  return ((clip * std + mean) * 255).round().clamp(0, 255).to(at::kByte).transpose(0, 1).contiguous();
}

report::PictureRow colour_row(const VideoEncoder& encoder, const Tensor& clip, std::string label) {
  const at::NoGradGuard no_grad;
  const TokenGrid grid = encoder.config.tubelet().grid(clip);
  const Tensor tokens = encoder.forward(clip);  // [1, N, D]
  const Tensor colours = report::pca_picture(tokens.view({grid.time, grid.height, grid.width, tokens.size(2)}));
  report::PictureRow row{.label = std::move(label), .pictures = {}, .pixels = true};
  for (int64_t t = 0; t < grid.time; ++t)
    row.pictures.push_back(report::make_picture(colours[t], fmt::format("{}, time step {}", row.label, t)));
  return row;
}

}  // namespace

std::vector<report::PictureRow> feature_rows(const std::filesystem::path& run, const std::filesystem::path& video,
                                             uint64_t seed) {
  const LoadedVideoEncoder trained = load_video_encoder(run);
  const VideoEncoderConfig& config = trained.encoder->config;
  VideoEncoder untrained(config);
  untrained.initialise(seed);

  data::Normalisation normalisation;
  std::copy_n(trained.preprocess.mean.begin(), 3, normalisation.mean.begin());
  std::copy_n(trained.preprocess.std.begin(), 3, normalisation.std.begin());
  const Tensor clip = last_clip(video, config, normalisation, kEnlarged * config.image_size);
  const Tensor frames = visible(clip[0], trained.preprocess);

  report::PictureRow seen{.label = fmt::format("the last seconds of {}", video.filename().string()), .pictures = {}};
  for (int64_t t = 0; t < frames.size(0); t += config.tubelet_size)
    seen.pictures.push_back(report::make_picture(frames[t], fmt::format("frame {} of the clip", t)));
  return {std::move(seen), colour_row(untrained, clip, "features before training"),
          colour_row(*trained.encoder, clip, "features after training")};
}

}  // namespace foresee::tools
