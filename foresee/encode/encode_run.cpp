#include "foresee/encode/encode_run.h"

#include <algorithm>
#include <future>
#include <set>
#include <string>
#include <utility>

#include "data/clip/frame_reader.h"
#include "data/clip/video_names.h"
#include "data/picture/clip_input.h"
#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

// Files of a folder and below it that may be media. The log tells how many others there are.
void list_media_folder(const fs::path& folder, std::vector<fs::path>& out) {
  const data::VideoListing found = data::list_media_folder(folder, /*pictures_too=*/true);
  if (!found.left_out.empty()) log_info("{}", found.left_out.text());
  for (const auto& file : found.videos) out.push_back(file.path);
}

Tensor read_clip(data::FrameReader& reader, const MediaSet& media, const MediaClip& clip, const ClipPlan& plan) {
  const MediaFile& file = media.files[clip.file];
  const Tensor frames =
      file.video ? reader.frames(*file.video, clip.indices) : data::read_image(file.path).unsqueeze(0);
  const Tensor made = data::clip_input(frames, plan.pictures);
  return file.video ? made : made.repeat({1, plan.picture_frames, 1, 1});
}

/// Names a picture that cannot be read. @param reason  gets why.
bool is_broken_picture(const fs::path& path, std::string& reason) {
  if (!data::is_picture_name(path)) return false;
  try {
    data::check_image(path);
    return false;
  } catch (const DataError& error) {
    reason = error.what();
    log_warning("{}; it is left out", reason);
    return true;
  }
}

}  // namespace

MediaSet open_media(const std::vector<fs::path>& paths, int64_t threads, const JobControl& control) {
  std::vector<fs::path> listed;
  for (const auto& path : paths) {
    if (!fs::exists(path)) fail<DataError>("{}: does not exist", path.string());
    if (fs::is_directory(path)) {
      list_media_folder(path, listed);
    } else if (data::is_picture_name(path)) {
      listed.push_back(path);
    } else {
      for (const auto& [video, name] : data::list_videos({path})) listed.push_back(video);
    }
  }
  std::vector<fs::path> videos;
  for (const auto& path : listed)
    if (!data::is_picture_name(path)) videos.push_back(path);
  std::string last_broken;
  if (std::erase_if(listed, [&](const fs::path& path) { return is_broken_picture(path, last_broken); }) > 0 &&
      listed.empty())
    fail<DataError>("{}; nothing else is there to encode", last_broken);
  MediaSet media;
  if (!videos.empty()) media.videos = data::open_videos(videos, threads, control);
  for (const auto& path : listed) {
    MediaFile file{path, {}};
    if (!data::is_picture_name(path)) {
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
    const data::VideoFile& video = media.videos.files[static_cast<size_t>(*media.files[i].video)];
    for (auto& indices : data::pick_segments(video.frame_times(), video.info.average_fps, plan.segments))
      clips.push_back({i, std::move(indices)});
  }
  return clips;
}

bool for_each_batch(const MediaSet& media, const std::vector<MediaClip>& clips, const ClipPlan& plan, int64_t batch,
                    const std::function<void(const Tensor& clips, size_t first)>& encode, const JobControl& control,
                    std::set<size_t>* failed) {
  FORESEE_CHECK(batch > 0, "expected a batch of at least one clip, got {}", batch);
  data::VideoSet videos = media.videos;
  videos.colours = plan.colours;
  data::FrameReader reader(videos, /*short_side=*/0, nullptr);
  const auto end_of = [&](size_t first) {
    size_t end = first;
    while (end < clips.size() && end - first < static_cast<size_t>(batch) &&
           clips[end].indices.size() == clips[first].indices.size())
      ++end;
    return end;
  };
  struct Decoded {
    Tensor clips;
    std::vector<std::pair<size_t, std::string>> failures;  // clip, reason
  };
  const auto decode = [&](size_t first) {
    Decoded out;
    std::vector<Tensor> parts;
    for (size_t i = first, end = end_of(first); i < end; ++i) {
      try {
        parts.push_back(read_clip(reader, media, clips[i], plan));
      } catch (const DataError& error) {
        if (failed == nullptr) throw;
        const bool picture = clips[i].indices.empty();
        const int64_t frames = picture ? plan.picture_frames : static_cast<int64_t>(clips[i].indices.size());
        parts.push_back(at::zeros({3, frames, plan.pictures.size, plan.pictures.size}, at::kFloat));
        out.failures.emplace_back(i, error.what());
      }
    }
    out.clips = at::stack(parts);
    return out;
  };
  std::set<size_t> named;  // files
  std::future<Decoded> next = std::async(std::launch::async, decode, 0);
  for (size_t first = 0; first < clips.size();) {
    const Decoded now = next.get();
    const size_t after = end_of(first);
    if (after < clips.size()) next = std::async(std::launch::async, decode, after);
    for (const auto& [clip, reason] : now.failures) {
      failed->insert(clip);
      if (named.insert(clips[clip].file).second) log_warning("{}; its clips that need this get no result", reason);
      if (failed->size() == clips.size()) fail<DataError>("no clip can be read; the last: {}", reason);
    }
    encode(now.clips, first);
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
