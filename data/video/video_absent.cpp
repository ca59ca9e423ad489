// What data/video is in a build without FFmpeg.
#include "data/video/backend.h"
#include "data/video/encode.h"
#include "data/video/index/index_cache.h"
#include "data/video/reader.h"
#include "data/video/sniff.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {
[[noreturn]] void absent(const std::filesystem::path& path) {
  fail("{}: this build has no video (FORESEE_VIDEO=OFF)", path.string());
}
}  // namespace

PictureSize shrunk(PictureSize size, int64_t) { return size; }

struct VideoReader::Impl {};
VideoReader::VideoReader(const std::filesystem::path& path, VideoOptions) { absent(path); }
VideoReader::~VideoReader() = default;
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;
const VideoInfo& VideoReader::info() const { absent({}); }
const DecodeCounters& VideoReader::counters() const { absent({}); }
const std::set<int64_t>& VideoReader::failed_frames() const { absent({}); }
Tensor VideoReader::frame(int64_t) { absent({}); }
Tensor VideoReader::frames(std::span<const int64_t>) { absent({}); }
std::vector<double> VideoReader::starts_s() const { absent({}); }
double VideoReader::start_s(int64_t) const { absent({}); }
double VideoReader::stop_s(int64_t) const { absent({}); }
int64_t VideoReader::index_at(double) const { absent({}); }

std::optional<FileStamp> stamp_of(const std::filesystem::path&) { return std::nullopt; }
struct VideoIndexCache::Impl {};
VideoIndexCache::VideoIndexCache(int64_t) {}
VideoIndexCache::~VideoIndexCache() = default;
std::shared_ptr<const FrameIndex> VideoIndexCache::get(const FileStamp& file, bool,
                                                       const std::function<FrameIndex()>&) {
  absent(file.path);
}
int64_t VideoIndexCache::made() const { return 0; }
int64_t VideoIndexCache::kept() const { return 0; }
bool looks_like_video(const std::filesystem::path&) { return false; }

std::string video_backend() { return {}; }

struct VideoWriter::Impl {};
VideoWriter::VideoWriter(const std::filesystem::path& path, int64_t, int64_t, EncodeOptions) { absent(path); }
VideoWriter::~VideoWriter() = default;
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;
void VideoWriter::write(const Tensor&, std::optional<int64_t>) { absent({}); }
void VideoWriter::finish() { absent({}); }
void write_video(const std::filesystem::path& path, const Tensor&, const EncodeOptions&) { absent(path); }

}  // namespace foresee::data
