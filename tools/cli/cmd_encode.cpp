#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>

#include "foresee/encode/array_writer.h"
#include "foresee/encode/encode_run.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/progress.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2/inference_encoder.h"
#include "jepa/model/vjepa2/models.h"
#include "tools/cli/command.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct EncodeOptions {
  fs::path model;
  std::vector<fs::path> inputs;
  std::string pool = "clip", precision = "fp32", preprocess = "auto", sampling = "segments", weights = "default";
  std::vector<int64_t> layers;
  std::optional<fs::path> classify, labels;
  int64_t top = 5, batch = 1, clips = 1, frame_step = 0;
  std::optional<int64_t> frames, picture_frames, size, heads, probe_heads;
  double fps = 4;
};

template <class E, size_t N>
E chosen(const std::pair<E, std::string_view> (&names)[N], const std::string& text) {
  for (const auto& [value, name] : names)
    if (name == text) return value;
  fail<InternalError>("unknown name '{}'", text);
}

template <class E, size_t N>
CLI::IsMember one_of(const std::pair<E, std::string_view> (&names)[N], const char* more = nullptr) {
  std::vector<std::string> all;
  if (more != nullptr) all.emplace_back(more);
  for (const auto& [value, name] : names) all.emplace_back(name);
  return CLI::IsMember(all);
}

ClipPlan clip_plan(const EncodeOptions& options, const Vjepa2Weights& weights) {
  const VideoEncoderConfig& encoder = weights.config.encoder;
  ClipPlan plan;
  plan.segments = {.frames = options.frames.value_or(encoder.frames),
                   .segments = options.clips,
                   .fps = options.fps,
                   .frame_step = options.frame_step,
                   .sampling = chosen(data::kClipSamplingNames, options.sampling)};
  plan.picture_frames = options.picture_frames.value_or(encoder.tubelet_size);
  plan.size = options.size.value_or(weights.preprocess.size);
  if (plan.size % encoder.patch_size != 0)
    fail("--size {}: expected a multiple of the model's patches of {} px", plan.size, encoder.patch_size);
  for (const int64_t frames : {plan.segments.frames, plan.picture_frames})
    if (frames % encoder.tubelet_size != 0)
      fail("{} frames: expected a multiple of the {} frames of a token of this model", frames, encoder.tubelet_size);
  if (encoder.position_grid == PositionGrid::kImageSize && plan.size != encoder.image_size)
    log_warning("this model takes positions from its own size of {} px: at {} px they are wrong, as in transformers",
                encoder.image_size, plan.size);
  std::string transform = options.preprocess;
  if (transform == "auto")
    transform = weights.format == "huggingface" ? "huggingface"
                : weights.format == "official"  ? "official"
                                                : "official_tensor";
  plan.transform = chosen(data::kPublishedTransformNames, transform);
  std::copy_n(weights.preprocess.mean.begin(), 3, plan.normalisation.mean.begin());
  std::copy_n(weights.preprocess.std.begin(), 3, plan.normalisation.std.begin());
  return plan;
}

/// A classifier and what its classes are called.
struct Classifier {
  std::shared_ptr<AttentiveProbe> probe;
  std::vector<std::string> labels;  // of the first output; may be empty
};

Classifier read_classifier(const EncodeOptions& options, const Vjepa2Weights& model) {
  const bool same = fs::exists(*options.classify) && fs::equivalent(*options.classify, options.model);
  const Vjepa2Weights own =
      same ? Vjepa2Weights{} : read_vjepa2(*options.classify, {.probe_heads = options.probe_heads});
  const auto& weights = same ? model.probe : own.probe;
  if (!weights) fail<CheckpointError>("{}: holds no classifier", options.classify->string());
  Classifier classifier{make_probe(*weights, options.classify->string()), weights->labels};
  if (classifier.probe->config.width != model.config.encoder.width)
    fail<CheckpointError>("{}: made for features of {}, the model gives {}", options.classify->string(),
                          classifier.probe->config.width, model.config.encoder.width);
  if (options.labels) {
    std::ifstream file(*options.labels);
    if (!file) fail<DataError>("{}: cannot be read", options.labels->string());
    classifier.labels.clear();
    for (std::string line; std::getline(file, line);) classifier.labels.push_back(line);
  }
  return classifier;
}

/// Class probabilities of every file: the mean over its clips, as V-JEPA 2 averages views.
class Votes {
 public:
  Votes(const Classifier& classifier, size_t files) : classifier_(classifier), sums_(files), counts_(files) {}

  void add(size_t file, const std::vector<Tensor>& logits, int64_t row) {
    for (size_t o = 0; o < logits.size(); ++o) {
      const Tensor probabilities = logits[o][row].softmax(-1).cpu();
      if (sums_[file].size() <= o)
        sums_[file].push_back(probabilities);
      else
        sums_[file][o].add_(probabilities);
    }
    ++counts_[file];
  }

  /// {"linear": [{"class", "label", "probability"}, ...]} of one file.
  ordered_json top(size_t file, int64_t count) const {
    ordered_json all;
    for (size_t o = 0; o < sums_[file].size(); ++o) {
      const Tensor mean = sums_[file][o] / counts_[file];
      const auto [values, classes] = mean.topk(std::min<int64_t>(count, mean.size(0)));
      ordered_json rows = ordered_json::array();
      for (int64_t i = 0; i < values.size(0); ++i) {
        const auto index = classes[i].item<int64_t>();
        ordered_json row{{"class", index}};
        if (o == 0 && static_cast<size_t>(index) < classifier_.labels.size())
          row["label"] = classifier_.labels[static_cast<size_t>(index)];
        row["probability"] = values[i].item<double>();
        rows.push_back(std::move(row));
      }
      all[classifier_.probe->config.outputs[o]] = std::move(rows);
    }
    return all;
  }

 private:
  const Classifier& classifier_;
  std::vector<std::vector<Tensor>> sums_;  // [file][output]
  std::vector<int64_t> counts_;
};

void print_classes(const fs::path& path, const ordered_json& classes) {
  fmt::print("{}\n", path.string());
  for (const auto& [output, rows] : classes.items())
    for (const auto& row : rows)
      fmt::print("  {:6.2f} %  {}{}\n", 100 * row["probability"].get<double>(),
                 classes.size() > 1 ? output + " " : std::string(),
                 row.contains("label") ? row["label"].get<std::string>()
                                       : fmt::format("class {}", row["class"].get<int64_t>()));
}

/// What a row of the output is, but for the number of rows.
std::vector<int64_t> row_shape(const VideoEncoderConfig& encoder, const ClipPlan& plan, int64_t frames, Pooling pooling,
                               size_t levels) {
  const int64_t steps = frames / encoder.tubelet_size, side = plan.size / encoder.patch_size;
  std::vector<int64_t> shape;
  if (levels > 0) shape.push_back(static_cast<int64_t>(levels));
  if (pooling == Pooling::kToken) shape.push_back(steps * side * side);
  if (pooling == Pooling::kFrame) shape.push_back(steps);
  shape.push_back(encoder.width);
  return shape;
}

int encode(const EncodeOptions& options, const CommonOptions& common) {
  if (!common.out && !options.classify) fail("expected a file for the result: --out FILE (.safetensors or .npy)");
  std::optional<Output> place;
  if (common.out)
    place.emplace(
        Output::file(*common.out, format_of_extension(array_path(*common.out)),
                     output_rules(common, {options.model, options.classify.value_or(""), options.labels.value_or("")},
                                  options.inputs)));
  const at::Device device(resolve_device(common));
  const Vjepa2Weights weights = read_vjepa2(options.model, {.weights = chosen(kEncoderKeyNames, options.weights),
                                                            .heads = options.heads,
                                                            .probe_heads = options.probe_heads});
  const VideoEncoderConfig config = weights.config.encoder;
  const ClipPlan plan = clip_plan(options, weights);
  const Pooling pooling = chosen(kPoolingNames, options.pool);
  if (!options.layers.empty()) check_levels(options.layers, config.depth);
  std::optional<Classifier> classifier;
  if (options.classify) classifier = read_classifier(options, weights);

  const MediaSet media = open_media(options.inputs, std::max<int64_t>(1, common.threads));
  const std::vector<MediaClip> clips = plan_clips(media, plan);
  const bool pictures = std::any_of(clips.begin(), clips.end(), [](const auto& clip) { return clip.indices.empty(); });
  const bool videos = std::any_of(clips.begin(), clips.end(), [](const auto& clip) { return !clip.indices.empty(); });
  if (common.out && pictures && videos && pooling != Pooling::kClip && plan.picture_frames != plan.segments.frames)
    fail(
        "videos of {} and pictures of {} frames give different numbers of tokens: use --pool clip, --picture-frames "
        "{}, "
        "or two runs",
        plan.segments.frames, plan.picture_frames, plan.segments.frames);

  auto encoder = make_encoder(weights);
  encoder->to(device);
  if (classifier) classifier->probe->to(device);
  const InferenceEncoder fast(encoder, chosen(kPrecisionNames, options.precision));
  std::optional<ArrayWriter> writer;
  std::vector<int64_t> shape =
      row_shape(config, plan, videos ? plan.segments.frames : plan.picture_frames, pooling, options.layers.size());
  shape.insert(shape.begin(), static_cast<int64_t>(clips.size()));
  if (common.out) {
    ordered_json rows = ordered_json::array();
    for (const auto& clip : clips)
      rows.push_back({{"path", media.files[clip.file].path.string()}, {"frames", clip.indices}});
    writer.emplace(place->staged(), shape, "embeddings",
                   std::map<std::string, std::string>{{"model", options.model.string()},
                                                      {"pool", options.pool},
                                                      {"precision", options.precision},
                                                      {"layers", fmt::format("{}", fmt::join(options.layers, ","))},
                                                      {"rows", rows.dump()}});
  }

  std::optional<Votes> votes;
  if (classifier) votes.emplace(*classifier, media.files.size());
  Progress progress(common.control, "encode", static_cast<int64_t>(clips.size()), "clips");
  const auto begin = std::chrono::steady_clock::now();
  for_each_batch(
      media, clips, plan, options.batch,
      [&](const Tensor& batch, size_t first) {
        const torch::NoGradGuard no_grad;
        const Tensor input = batch.to(device);
        const int64_t steps = input.size(2) / config.tubelet_size;
        std::vector<Tensor> levels = options.layers.empty() ? std::vector<Tensor>{fast.forward(input)}
                                                            : fast.forward_levels(input, options.layers);
        if (votes) {
          const auto logits = classifier->probe->forward(join_levels(levels));
          for (int64_t row = 0; row < input.size(0); ++row)
            votes->add(clips[first + static_cast<size_t>(row)].file, logits, row);
        }
        if (writer) {
          for (Tensor& level : levels) level = pooled(level, steps, pooling);
          writer->append(options.layers.empty() ? levels.front() : at::stack(levels, 1));
        }
        progress.update(static_cast<int64_t>(first) + input.size(0));
      },
      common.control);
  progress.finish();
  if (writer) {
    writer->finish();
    place->commit();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  ordered_json result{{"model", options.model.string()},
                      {"format", weights.format},
                      {"precision", options.precision},
                      {"clips", clips.size()},
                      {"frames", plan.segments.frames},
                      {"size", plan.size},
                      {"seconds", seconds},
                      {"clips_per_s", static_cast<double>(clips.size()) / seconds}};
  if (writer) {
    result["out"] = common.out->string();
    result["pool"] = options.pool;
    result["layers"] = options.layers;
    result["shape"] = shape;
  }
  ordered_json files = ordered_json::array();
  for (size_t i = 0, row = 0; i < media.files.size(); ++i) {
    size_t rows = 0;
    while (row + rows < clips.size() && clips[row + rows].file == i) ++rows;
    ordered_json file{{"path", media.files[i].path.string()}, {"first_row", row}, {"rows", rows}};
    if (votes) file["classes"] = votes->top(i, options.top);
    row += rows;
    files.push_back(std::move(file));
  }
  result["inputs"] = std::move(files);
  if (common.json) {
    print_json(result);
    return 0;
  }
  if (votes)
    for (size_t i = 0; i < media.files.size(); ++i) print_classes(media.files[i].path, result["inputs"][i]["classes"]);
  if (writer)
    fmt::print("{}: embeddings [{}], {} clips of {} files in {:.1f} s\n", common.out->string(), fmt::join(shape, ", "),
               clips.size(), media.files.size(), seconds);
  return 0;
}

}  // namespace

Run setup_encode(CLI::App& app, CommonOptions& common) {
  auto o = std::make_shared<EncodeOptions>();
  app.add_option("--model", o->model, "Model folder, run, Hugging Face folder or Meta's .pt")
      ->required()
      ->option_text("PATH");
  app.add_option("--input", o->inputs, "Videos, pictures, folders of them, lists of videos")
      ->required()
      ->option_text("PATH...");
  add_overwrite(app, common);
  app.add_option("--pool", o->pool, "Rows of the result: every token, the mean of each time step, or of the clip")
      ->check(one_of(kPoolingNames))
      ->capture_default_str();
  app.add_option("--layers", o->layers,
                 "Features behind these blocks, 0 the first, instead of the output; comma between")
      ->delimiter(',');
  app.add_option("--classify", o->classify,
                 "Prints the top classes of this probe (Hugging Face classifier or Meta's .pt)")
      ->option_text("PATH");
  app.add_option("--labels", o->labels, "Names of the classes, one a line")->option_text("FILE");
  app.add_option("--top", o->top, "How many classes")->check(CLI::Range(1, 1000000))->capture_default_str();
  app.add_option("--precision", o->precision, "fp32 or bf16")->check(one_of(kPrecisionNames))->capture_default_str();
  app.add_option("--batch", o->batch, "Clips at a time")->check(CLI::Range(1, 65536))->capture_default_str();
  app.add_option("--frames", o->frames, "Frames of a clip; default: the model's")->check(CLI::Range(1, 4096));
  app.add_option("--picture-frames", o->picture_frames, "Frames that a picture is repeated to; default: one token's")
      ->check(CLI::Range(1, 4096));
  app.add_option("--clips", o->clips, "Clips of a video, from equal parts of it")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--fps", o->fps, "Rate of a clip, Hz")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--frame-step", o->frame_step, "Frames of the video between two of a clip, instead of --fps")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--sampling", o->sampling, "segments: as Meta's evaluations; stride: exactly a step apart")
      ->check(one_of(data::kClipSamplingNames))
      ->capture_default_str();
  app.add_option("--size", o->size, "Pixels, side of the input; default: the model's")->check(CLI::Range(1, 16384));
  app.add_option("--preprocess", o->preprocess, "Whose transform; auto: of the code that the weights come from")
      ->check(one_of(data::kPublishedTransformNames, "auto"))
      ->capture_default_str();
  app.add_option("--weights", o->weights, "Which encoder of one of Meta's files")
      ->check(one_of(kEncoderKeyNames))
      ->capture_default_str();
  app.add_option("--heads", o->heads, "Attention heads of an encoder of another size than the published ones")
      ->check(CLI::PositiveNumber);
  app.add_option("--probe-heads", o->probe_heads, "Attention heads of a probe")->check(CLI::PositiveNumber);
  return [o, &common] { return encode(*o, common); };
}

}  // namespace foresee::tools
