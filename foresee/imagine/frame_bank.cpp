#include "foresee/imagine/frame_bank.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "foresee/train/lewm_data.h"
#include "foresee/train/recorded_sequences.h"
#include "jepa/core/api/request_error.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kEncodedAtOnce = 16;
constexpr int64_t kMostNumbers = int64_t{1} << 25;  // of all encodings together: 128 MiB
constexpr int64_t kPairs = 128;                     // that `step` is the median of

/// Pairs of frames one block apart, the first ones of which become the bank.
class FramePairs {
 public:
  FramePairs(const WorldModel& model, const data::EpisodeDataset& dataset) : model_(model), dataset_(dataset) {
    shape_ = {.frames = 2, .frameskip = model.action_spec().block, .columns = {}};
    if (model.state_spec().of_goal) shape_.columns.push_back(state_column(dataset, model.state_spec()));
    const auto all = dataset.clips(shape_, data::Split::kAll);
    const auto total = static_cast<int64_t>(all.size()), wanted = std::min(total, kMostFrames);
    for (int64_t i = 0; i < wanted; ++i) clips_.push_back(all[static_cast<size_t>(i * total / wanted)]);
    clips_ = dataset.readable(shape_, std::move(clips_));
    if (clips_.empty())
      fail<DataError>("no frames to compare with: {}", dataset.why_few_clips(shape_, data::Split::kAll));
  }

  int64_t count() const { return static_cast<int64_t>(clips_.size()); }
  /// Keeps so many, evenly spread.
  void thin(int64_t wanted) {
    std::vector<data::EpisodeClip> kept;
    for (int64_t i = 0; i < wanted; ++i) kept.push_back(clips_[static_cast<size_t>(i * count() / wanted)]);
    clips_ = std::move(kept);
  }
  /// Frame 0 or 1 of pairs [first, first + count). @returns a bank without step and origin.
  FrameBank read(int64_t first, int64_t count, int64_t frame) const {
    const data::ClipBatch batch =
        dataset_.read(shape_, std::span(clips_).subspan(static_cast<size_t>(first), static_cast<size_t>(count)));
    FrameBank out{.pictures = batch.frames.select(1, frame).contiguous(), .latents = {}, .origin = {}};
    if (!shape_.columns.empty())
      out.states = batch.columns.at(shape_.columns.front()).flatten(2).select(1, frame).to(at::kFloat);
    out.latents = encode_pictures(model_, out.pictures, out.states).flatten(1);
    return out;
  }

 private:
  const WorldModel& model_;
  const data::EpisodeDataset& dataset_;
  data::ClipShape shape_;
  std::vector<data::EpisodeClip> clips_;
};

FrameBank rows_of(const FrameBank& bank, const Tensor& index) {
  FrameBank out{.pictures = bank.pictures.index_select(0, index),
                .latents = bank.latents.index_select(0, index),
                .step = bank.step,
                .origin = bank.origin};
  if (bank.states.defined()) out.states = bank.states.index_select(0, index);
  return out;
}

}  // namespace

Tensor encode_pictures(const WorldModel& model, const Tensor& pictures, const Tensor& states) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < pictures.size(0); first += kEncodedAtOnce) {
    Goal goal(pictures.slice(0, first, first + kEncodedAtOnce));
    if (states.defined()) goal.state = states.slice(0, first, first + kEncodedAtOnce);
    parts.push_back(model.encode_goal(goal).to(at::kCPU, at::kFloat));
  }
  return at::cat(parts);
}

Tensor latent_distances(const Tensor& a, const Tensor& b) {
  constexpr int64_t kExact = 2;  // without a product of matrices: the distance of a latent from itself is 0
  const Tensor rows = a.flatten(1), others = b.flatten(1);
  FORESEE_CHECK(rows.size(1) == others.size(1), "expected encodings of {} numbers, got {}", others.size(1),
                rows.size(1));
  return at::cdist(rows, others, 2.0, kExact) / std::sqrt(static_cast<double>(rows.size(1)));
}

FrameBank collect_frames(const WorldModel& model, const data::EpisodeDataset& dataset, const JobControl& control) {
  FramePairs pairs(model, dataset);
  const int64_t numbers = pairs.read(0, 1, 0).latents.size(1);
  if (const int64_t most = std::max<int64_t>(1, kMostNumbers / numbers); most < pairs.count()) pairs.thin(most);
  const int64_t total = pairs.count();
  const int64_t every = std::max<int64_t>(1, total / kPairs);  // so many frames for each pair
  std::vector<Tensor> pictures, latents, states, steps;
  Progress progress(control, "frames", total, "frames");
  for (int64_t first = 0; first < total; first += kEncodedAtOnce) {
    if (control.stopping()) fail<Interrupted>("interrupted");
    const int64_t count = std::min(kEncodedAtOnce, total - first);
    const FrameBank part = pairs.read(first, count, 0);
    pictures.push_back(part.pictures);
    latents.push_back(part.latents);
    if (part.states.defined()) states.push_back(part.states);
    for (int64_t i = 0; i < count; ++i)
      if ((first + i) % every == 0)
        steps.push_back(
            latent_distances(part.latents.slice(0, i, i + 1), pairs.read(first + i, 1, 1).latents).flatten());
    progress.update(first + count);
  }
  progress.finish();
  FrameBank bank{.pictures = at::cat(pictures), .latents = at::cat(latents), .origin = {}};
  if (!states.empty()) bank.states = at::cat(states);
  bank.step = at::cat(steps).median().item<double>();
  bank.origin = fmt::format("{} frames of {} recorded episodes", total, dataset.episodes());
  return bank;
}

FrameBank spread_frames(const FrameBank& bank, int64_t count) {
  const int64_t total = bank.latents.size(0);
  if (count >= total) return bank;
  Tensor nearest = at::full({total}, std::numeric_limits<float>::infinity());
  std::vector<int64_t> chosen{0};
  while (static_cast<int64_t>(chosen.size()) < count) {
    const Tensor last = bank.latents.slice(0, chosen.back(), chosen.back() + 1);
    nearest = at::minimum(nearest, latent_distances(bank.latents, last).select(1, 0));
    chosen.push_back(nearest.argmax().item<int64_t>());
  }
  FrameBank out = rows_of(bank, torch::tensor(chosen, at::kLong));
  out.origin = fmt::format("{} of {}", count, bank.origin);
  return out;
}

FrameBank frames_for(const WorldModel& model, const fs::path& path, const std::vector<fs::path>& data,
                     const JobControl& control) {
  if (!data.empty()) return collect_frames(model, open_episodes_of(model.picture_spec(), data), control);
  if (const fs::path folder = own_folder_of(path); fs::is_directory(folder))
    if (auto bank = read_frame_bank(resolve_model_folder(folder), model)) return *bank;
  throw RequestError("data",
                     fmt::format("{}: no {} lies beside this model, so there are no real frames to show what it "
                                 "imagines; give recorded episodes, or export the model with frames",
                                 path.string(), kFrameBankFile));
}

}  // namespace foresee
