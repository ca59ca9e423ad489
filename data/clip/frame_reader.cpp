#include "data/clip/frame_reader.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <set>
#include <thread>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

// An open reader holds a decoder and its reference pictures.
constexpr size_t kMaxOpenReaders = 8;

int64_t decoded_bytes(const VideoInfo& info, int64_t short_side) {
  PictureSize size{info.height, info.width};
  if (short_side > 0) size = shrunk(size, short_side);
  return info.frame_count * 3 * size.height * size.width;
}

VideoOptions reader_options(const VideoSet& set, int64_t short_side) {
  VideoOptions options{.indexes = set.indexes, .colours = set.colours};
  if (short_side > 0) options.short_side = short_side;
  return options;
}

// Frames are asked for by numbers that the set's own look at the file gave.
void check_as_listed(const VideoReader& reader, const VideoFile& file) {
  if (reader.info().frame_count != file.info.frame_count)
    fail<DataError>("{}: changed since it was listed: {} frames, then {}", file.path.string(), file.info.frame_count,
                    reader.info().frame_count);
}

FrameCache::Video decode_whole(const VideoSet& set, size_t number, int64_t short_side) {
  VideoReader reader(set.files[number].path, reader_options(set, short_side));
  check_as_listed(reader, set.files[number]);
  const VideoInfo& info = reader.info();
  FrameCache::Video video;
  video.frames = at::empty({info.frame_count, 3, info.height, info.width}, at::kByte);
  video.undecodable.resize(static_cast<size_t>(info.frame_count));
  const int64_t bytes = 3 * info.height * info.width;
  for (int64_t i = 0; i < info.frame_count; ++i) {
    try {
      const Tensor frame = reader.frame(i);
      std::copy_n(frame.data_ptr<uint8_t>(), bytes, video.frames.data_ptr<uint8_t>() + i * bytes);
    } catch (const DataError& error) {
      video.undecodable[static_cast<size_t>(i)] = error.what();
    }
  }
  return video;
}

}  // namespace

std::shared_ptr<const FrameCache> FrameCache::make(const VideoSet& set, std::span<const FrameRange> ranges,
                                                   int64_t short_side, int64_t limit_mb, int64_t threads) {
  std::set<int64_t> wanted;
  for (const FrameRange& range : ranges) wanted.insert(range.video);
  int64_t bytes = 0;
  for (const int64_t video : wanted) bytes += decoded_bytes(set.files.at(static_cast<size_t>(video)).info, short_side);
  if (bytes > limit_mb << 20) return nullptr;

  auto cache = std::make_shared<FrameCache>();
  cache->videos.resize(set.files.size());
  const std::vector<int64_t> order(wanted.begin(), wanted.end());
  std::vector<std::exception_ptr> errors(order.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next++) < order.size();) {
      const auto video = static_cast<size_t>(order[i]);
      try {
        cache->videos[video] = decode_whole(set, video, short_side);
      } catch (const DataError& error) {
        cache->videos[video].unreadable = error.what();
      } catch (...) {
        errors[i] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int64_t i = 1; i < std::min<int64_t>(threads, static_cast<int64_t>(order.size())); ++i)
      workers.emplace_back(work);
    work();
  }
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return cache;
}

FrameReader::FrameReader(const VideoSet& set, int64_t short_side, std::shared_ptr<const FrameCache> cache)
    : set_(set), cache_(std::move(cache)), readers_(kMaxOpenReaders, reader_options(set, short_side)) {}

VideoReader& FrameReader::open(int64_t video) {
  const VideoFile& file = set_.files.at(static_cast<size_t>(video));
  try {
    VideoReader& reader = readers_.open(file.path);
    check_as_listed(reader, file);
    return reader;
  } catch (const DataError& error) {
    failures_[video].unreadable = error.what();
    throw;
  }
}

Tensor FrameReader::decode(int64_t video, std::span<const int64_t> indices) {
  if (const auto known = failures_.find(video); known != failures_.end()) {
    const Failures& failures = known->second;
    if (!failures.unreadable.empty()) fail<DataError>("{}", failures.unreadable);
    if (std::any_of(indices.begin(), indices.end(), [&](int64_t i) { return failures.frames.contains(i); }))
      fail<DataError>("{}", failures.reason);
  }
  VideoReader& reader = open(video);
  try {
    return reader.frames(indices);
  } catch (const DataError& error) {
    Failures& failures = failures_[video];
    if (failures.reason.empty()) failures.reason = error.what();
    failures.frames.insert(reader.failed_frames().begin(), reader.failed_frames().end());
    throw;
  }
}

Tensor FrameReader::frames(int64_t video, std::span<const int64_t> indices) {
  if (cache_ == nullptr) return decode(video, indices);
  const FrameCache::Video& cached = cache_->videos.at(static_cast<size_t>(video));
  if (!cached.unreadable.empty()) fail<DataError>("{}", cached.unreadable);
  const Tensor& all = cached.frames;
  Tensor out = at::empty({static_cast<int64_t>(indices.size()), 3, all.size(2), all.size(3)}, at::kByte);
  const int64_t bytes = out.numel() / std::max<int64_t>(1, out.size(0));
  for (size_t i = 0; i < indices.size(); ++i) {
    FORESEE_CHECK(indices[i] >= 0 && indices[i] < all.size(0), "expected a frame in [0, {}), got {}", all.size(0),
                  indices[i]);
    const auto& reason = cached.undecodable[static_cast<size_t>(indices[i])];
    if (reason) fail<DataError>("{}", *reason);
    std::copy_n(all.data_ptr<uint8_t>() + indices[i] * bytes, bytes,
                out.data_ptr<uint8_t>() + static_cast<int64_t>(i) * bytes);
  }
  return out;
}

}  // namespace foresee::data
