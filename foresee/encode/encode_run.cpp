#include "foresee/encode/encode_run.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <future>

#include "data/clip/clip_reader.h"
#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

std::string lower_case_extension(const fs::path& path) {
  std::string text = path.extension().string();
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

template <size_t N>
bool has_extension(const fs::path& path, const std::array<std::string_view, N>& known) {
  return std::find(known.begin(), known.end(), lower_case_extension(path)) != known.end();
}

constexpr std::array<std::string_view, 5> kPictures{".png", ".jpg", ".jpeg", ".bmp", ".webp"};
constexpr std::array<std::string_view, 6> kVideos{".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v"};

void list_media_folder(const fs::path& folder, std::vector<fs::path>& out) {
  std::vector<fs::path> found;
  std::error_code code;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, code), end; at != end;
       at.increment(code)) {
    std::error_code ignored;
    if ((has_extension(at->path(), kPictures) || has_extension(at->path(), kVideos)) && at->is_regular_file(ignored))
      found.push_back(at->path());
  }
  if (code) fail<DataError>("{}: {}", folder.string(), code.message());
  if (found.empty())
    fail<DataError>("{}: no video and no picture in this folder (looked for mp4 mov mkv avi webm m4v png jpg bmp webp)",
                    folder.string());
  std::sort(found.begin(), found.end());
  out.insert(out.end(), found.begin(), found.end());
}

Tensor read_clip(data::ClipReader& reader, const MediaSet& media, const MediaClip& clip, const ClipPlan& plan) {
  const MediaFile& file = media.files[clip.file];
  const Tensor frames =
      file.video ? reader.frames(*file.video, clip.indices) : data::read_image(file.path).unsqueeze(0);
  const Tensor made = data::published_clip(frames, plan.size, plan.transform, plan.normalisation);
  return file.video ? made : made.repeat({1, plan.picture_frames, 1, 1});
}

}  // namespace

MediaSet open_media(const std::vector<fs::path>& paths, int64_t threads) {
  std::vector<fs::path> listed;
  for (const auto& path : paths) {
    if (!fs::exists(path)) fail<DataError>("{}: does not exist", path.string());
    if (fs::is_directory(path)) {
      list_media_folder(path, listed);
    } else if (has_extension(path, kPictures)) {
      listed.push_back(path);
    } else {
      for (const auto& [video, name] : data::list_videos({path})) listed.push_back(video);
    }
  }
  std::vector<fs::path> videos;
  for (const auto& path : listed)
    if (!has_extension(path, kPictures)) videos.push_back(path);
  MediaSet media;
  if (!videos.empty()) media.videos = data::open_videos(videos, threads);
  for (const auto& path : listed) {
    MediaFile file{path, {}};
    if (!has_extension(path, kPictures)) {
      const auto& opened = media.videos.files;
      const auto at = std::find_if(opened.begin(), opened.end(), [&](const auto& video) { return video.path == path; });
      if (at == opened.end()) continue;  // broken: open_videos has said so
      file.video = at - opened.begin();
    }
    media.files.push_back(std::move(file));
  }
  return media;
}

std::vector<MediaClip> plan_clips(const MediaSet& media, const ClipPlan& plan) {
  std::vector<MediaClip> clips;
  for (size_t i = 0; i < media.files.size(); ++i) {
    if (!media.files[i].video) {
      clips.push_back({i, {}});
      continue;
    }
    const data::VideoInfo& info = media.videos.files[static_cast<size_t>(*media.files[i].video)].info;
    for (auto& indices : data::segment_indices(info.frame_count, info.average_fps, plan.segments))
      clips.push_back({i, std::move(indices)});
  }
  return clips;
}

bool for_each_batch(const MediaSet& media, const std::vector<MediaClip>& clips, const ClipPlan& plan, int64_t batch,
                    const std::function<void(const Tensor& clips, size_t first)>& encode, const JobControl& control) {
  FORESEE_CHECK(batch > 0, "expected a batch of at least one clip, got {}", batch);
  data::ClipReader reader(media.videos, /*short_side=*/0, nullptr);
  const auto end_of = [&](size_t first) {
    size_t end = first;
    while (end < clips.size() && end - first < static_cast<size_t>(batch) &&
           clips[end].indices.size() == clips[first].indices.size())
      ++end;
    return end;
  };
  const auto decode = [&](size_t first) {
    std::vector<Tensor> parts;
    for (size_t i = first, end = end_of(first); i < end; ++i) parts.push_back(read_clip(reader, media, clips[i], plan));
    return at::stack(parts);
  };
  std::future<Tensor> next = std::async(std::launch::async, decode, 0);
  for (size_t first = 0; first < clips.size();) {
    const Tensor now = next.get();
    const size_t after = end_of(first);
    if (after < clips.size()) next = std::async(std::launch::async, decode, after);
    encode(now, first);
    if (control.stopping()) {
      if (next.valid()) next.wait();
      return false;
    }
    first = after;
  }
  return true;
}

Tensor pooled(const Tensor& tokens, int64_t steps, EncodeRequest::Pooling pooling) {
  FORESEE_CHECK(tokens.dim() == 3 && steps > 0 && tokens.size(1) % steps == 0,
                "expected tokens of {} time steps, got {}", steps, describe(tokens));
  switch (pooling) {
    case EncodeRequest::Pooling::kToken:
      return tokens;
    case EncodeRequest::Pooling::kFrame:
      return tokens.unflatten(1, {steps, -1}).mean(2);
    case EncodeRequest::Pooling::kClip:
      return tokens.mean(1);
  }
  fail<InternalError>("unknown pooling");
}

void append_values(std::vector<float>& values, const Tensor& rows) {
  const Tensor flat = rows.cpu().to(at::kFloat).contiguous();
  const float* data = flat.const_data_ptr<float>();
  values.insert(values.end(), data, data + flat.numel());
}

}  // namespace foresee
