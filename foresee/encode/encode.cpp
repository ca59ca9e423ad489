#include "foresee/encode.h"

#include <fmt/ranges.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "foresee/encode/array_writer.h"
#include "foresee/encode/classifier.h"
#include "foresee/encode/encode_plan.h"
#include "foresee/encode/names.h"
#include "foresee/settings/device.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/threads.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/memory.h"
#include "jepa/core/text/json_text.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/model/vjepa2/models.h"
#include "jepa/model/vjepa2/packed_encoder.h"
#include "jepa/nn/activation_bytes.h"

namespace foresee {
namespace {

void check_request(const EncodeRequest& request) {
  FORESEE_CHECK(request.out || request.in_memory || request.classifier,
                "expected a file for the embeddings, embeddings in memory, or a classifier");
  FORESEE_CHECK(request.top > 0 && request.clips > 0 && request.batch > 0 && request.fps.value_or(1) > 0 &&
                    request.frame_step >= 0,
                "expected at least one class, one clip per video, one clip at a time and a positive rate");
}

Output claim(const EncodeRequest& request) {
  return Output::file(
      *request.out, format_of_extension(array_path(*request.out)),
      job_output(request.options, {request.model, request.classifier.value_or(""), request.labels.value_or("")},
                 request.inputs));
}

/// Refuses a batch that cannot fit into memory, before the network is made. On a GPU its own allocator says so.
void check_batch(const EncodeRequest& request, const VideoEncoderConfig& encoder, const ClipPlan& plan) {
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  const double frames = real(request.batch) * real(std::max(plan.segments.frames, plan.picture_frames));
  const double size = real(plan.pictures.size), side = size / real(encoder.patch_size), pixels = 3.0 * size * size;
  check_memory(
      2 * sizeof(float) * frames * pixels + forward_bytes(frames / real(encoder.tubelet_size) * side * side,
                                                          encoder.width, encoder.mlp_ratio * real(encoder.width)),
      fmt::format("{} clips at a time of {} frames of {} px", request.batch, plan.segments.frames, plan.pictures.size));
}

/// What a file of embeddings says of them.
std::map<std::string, std::string> metadata_of(const EncodeRequest& request, const EncodeResult& result,
                                               const MediaSet& media, const std::vector<MediaClip>& clips) {
  auto rows = nlohmann::ordered_json::array();
  for (const auto& clip : clips)
    rows.push_back({{"path", media.files[clip.file].path.string()}, {"frames", clip.indices}});
  return {{"model", request.model.string()},
          {"weights", result.weights},
          {"transform", result.transform},
          {"pool", std::string(name_of(kEncodePoolingNames, request.pooling))},
          {"precision", std::string(name_of(kEncodePrecisionNames, request.precision))},
          {"layers", fmt::format("{}", fmt::join(request.layers, ","))},
          {"rows", json_text(rows)}};
}

std::vector<EncodeResult::Input> inputs_of(const MediaSet& media, const std::vector<MediaClip>& clips,
                                           const std::optional<Votes>& votes, int64_t top) {
  std::vector<EncodeResult::Input> inputs;
  for (size_t i = 0, row = 0; i < media.files.size(); ++i) {
    size_t rows = 0;
    while (row + rows < clips.size() && clips[row + rows].file == i) ++rows;
    inputs.push_back(
        {.path = media.files[i].path, .first_row = static_cast<int64_t>(row), .rows = static_cast<int64_t>(rows)});
    if (votes) inputs.back().classes = votes->top(i, top);
    row += rows;
  }
  return inputs;
}

}  // namespace

EncodeResult encode(const EncodeRequest& request, const JobControl& control) {
  check_request(request);
  const bool keeps_rows = request.out || request.in_memory;
  std::optional<Output> place;
  if (request.out) place.emplace(claim(request));
  const JobThreads threads(request.options.threads);
  const at::Device device = job_device(request.options.device);
  std::optional<Classifier> classifier;
  if (request.classifier) classifier = read_classifier(request);
  const Vjepa2Weights weights = read_vjepa2(request.model, read_options(request, classifier), Vjepa2Parts::kEncoder);
  const VideoEncoderConfig config = weights.config.encoder;
  if (classifier) check_classifier(request, *classifier, weights);
  const ClipPlan plan = clip_plan(request, weights, classifier);
  if (device.is_cpu()) check_batch(request, config, plan);
  if (!request.layers.empty()) check_levels(request.layers, config.depth);

  MediaSet media;
  try {
    media = open_media(request.inputs, std::max<int64_t>(1, request.options.threads), control);
  } catch (const Interrupted&) {
    return {.format = weights.format, .stopped = true};
  }
  const std::vector<MediaClip> clips = plan_clips(media, plan);
  EncodeResult result{.format = weights.format,
                      .weights = weights.taken,
                      .transform = rule_name(plan.pictures),
                      .clips = static_cast<int64_t>(clips.size()),
                      .frames = plan.segments.frames,
                      .size = plan.pictures.size};
  if (keeps_rows) result.shape = embedding_shape(request, config, plan, clips);

  const auto encoder = make_encoder(weights);
  encoder->to(device);
  if (classifier) classifier->probe->to(device);
  const PackedEncoder fast(encoder, same_name(kPrecisionNames, kEncodePrecisionNames, request.precision));
  std::optional<ArrayWriter> writer;
  if (place) writer.emplace(place->staged(), result.shape, "embeddings", metadata_of(request, result, media, clips));
  std::optional<Votes> votes;
  if (classifier) votes.emplace(*classifier, media.files.size());

  std::set<size_t> failed;
  Progress progress(control, "encode", result.clips, "clips");
  const auto begin = std::chrono::steady_clock::now();
  const auto encode_batch = [&](const Tensor& batch, size_t first) {
    const torch::NoGradGuard no_grad;
    const Tensor input = batch.to(device);
    std::vector<Tensor> levels =
        request.layers.empty() ? std::vector<Tensor>{fast.forward(input)} : fast.forward_levels(input, request.layers);
    if (votes) {
      const auto logits = classifier->probe->forward(join_levels(levels));
      for (int64_t row = 0; row < input.size(0); ++row)
        if (const size_t clip = first + static_cast<size_t>(row); !failed.contains(clip))
          votes->add(clips[clip].file, logits, row);
    }
    if (keeps_rows) {
      for (Tensor& level : levels) level = pooled(level, input.size(2) / config.tubelet_size, request.pooling);
      const Tensor rows = request.layers.empty() ? levels.front() : at::stack(levels, 1);
      for (auto clip = failed.lower_bound(first);
           clip != failed.end() && *clip < first + static_cast<size_t>(rows.size(0)); ++clip)
        rows[static_cast<int64_t>(*clip - first)].fill_(std::numeric_limits<float>::quiet_NaN());
      if (writer) writer->append(rows);
      if (request.in_memory) append_values(result.embeddings.values, rows);
    }
    progress.update(static_cast<int64_t>(first) + input.size(0));
  };
  result.stopped = !for_each_batch(media, clips, plan, request.batch, encode_batch, control, &failed);
  if (result.stopped) return result;
  result.failed_rows.assign(failed.begin(), failed.end());
  progress.finish();
  if (writer) {
    writer->finish();
    place->commit();
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (request.in_memory) result.embeddings.shape = result.shape;
  result.inputs = inputs_of(media, clips, votes, request.top);
  return result;
}

}  // namespace foresee
