#include "tools/cli/train/probe_run.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include "data/episode/split.h"
#include "foresee/encode/encode_run.h"
#include "foresee/train/latent_cache.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/progress.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/model/vjepa2/inference_encoder.h"
#include "jepa/model/vjepa2/models.h"
#include "tools/cli/train/train_result.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

std::optional<int64_t> class_number(const std::string& label) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), value);
  if (error != std::errc() || end != label.data() + label.size() || value < 0) return std::nullopt;
  return value;
}

uint64_t name_hash(const std::string& text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

/// Everything that decides the result, as it is written into the run folder.
struct ProbeRunConfig {
  std::string family = "vjepa2-probe";
  int64_t seed = 0;
  std::vector<std::string> data;
  std::string encoder, encoder_weights;
  ProbeRecipe recipe;
};

void describe(Fields& f, ProbeRunConfig& c) {
  f("family", c.family, "what is trained");
  f("seed", c.seed, "of weights and order of clips");
  f("data", c.data, "lists of clips with classes");
  f("encoder", c.encoder, "where the frozen encoder came from");
  f("encoder_weights", c.encoder_weights, "fingerprint of its weights");
  describe(f, c.recipe);
}

/// Encodes the clips that are not in `folder` yet.
void encode_missing(const LatentFolder& folder, const MediaSet& media, const ClipPlan& plan,
                    const InferenceEncoder& encoder, const JobControl& control) {
  std::vector<MediaClip> missing;
  for (const MediaClip& clip : plan_clips(media, plan))
    if (!folder.has(static_cast<int64_t>(clip.file))) missing.push_back(clip);
  if (missing.empty()) return;
  log_info("encoding {} clips into {}", missing.size(), folder.path().string());
  Progress progress(control, "encode", static_cast<int64_t>(missing.size()), "clips");
  for_each_batch(
      media, missing, plan, /*batch=*/1,
      [&](const Tensor& clips, size_t first) {
        folder.save(static_cast<int64_t>(missing[first].file), encoder.forward(clips)[0]);
        progress.update(static_cast<int64_t>(first) + 1);
      },
      control);
  progress.finish();
}

ProbeBatch batch_of(const LatentFolder& tokens, const std::vector<int64_t>& classes, const std::vector<size_t>& clips) {
  std::vector<Tensor> rows;
  std::vector<int64_t> wanted;
  for (const size_t clip : clips) {
    rows.push_back(tokens.features(static_cast<int64_t>(clip)));
    wanted.push_back(classes[clip]);
  }
  return {at::stack(rows), torch::tensor(wanted, at::kLong)};
}

/// Shuffled batches of the clips that are not held out, and the others. @param classes  of each of `media`'s files.
ProbeData probe_data(std::shared_ptr<const LatentFolder> tokens, const MediaSet& media, std::vector<int64_t> classes,
                     std::vector<std::string> labels, const ProbeRecipe& recipe, uint64_t seed) {
  std::vector<size_t> train, held;
  for (size_t i = 0; i < media.files.size(); ++i)
    (data::held_out(name_hash(media.files[i].path.filename().string())) ? held : train).push_back(i);
  const auto count = static_cast<int64_t>(train.size());
  const int64_t batch = std::min(recipe.train.batch, count);
  if (count == 0) fail<DataError>("no clip is left to train on: all {} are held out by their names", held.size());
  if (held.empty()) log_warning("none of {} clips is held out: training goes on without evaluation", count);
  log_info("{} clips of {} classes, {} held out", count, labels.size(), held.size());
  ProbeData out;
  out.labels = std::move(labels);
  out.batch = [=](int64_t step) {
    const int64_t per_epoch = count / batch;
    const auto order = Random(seed, Stream::kDataOrder, static_cast<uint64_t>(step / per_epoch)).permutation(count);
    std::vector<size_t> chosen;
    for (int64_t i = 0; i < batch; ++i)
      chosen.push_back(train[static_cast<size_t>(order[static_cast<size_t>(step % per_epoch * batch + i)])]);
    return batch_of(*tokens, classes, chosen);
  };
  for (size_t first = 0; first < held.size(); first += static_cast<size_t>(batch)) {
    const std::vector<size_t> some(
        held.begin() + static_cast<std::ptrdiff_t>(first),
        held.begin() + static_cast<std::ptrdiff_t>(std::min(held.size(), first + static_cast<size_t>(batch))));
    out.held_out.push_back([=] { return batch_of(*tokens, classes, some); });
  }
  return out;
}

LabelledClips read_lists(const std::vector<std::string>& lists) {
  if (lists.size() != 1) fail("expected one list of labelled clips: --data LIST ('PATH LABEL' a line)");
  return read_labelled_clips(lists.front());
}

}  // namespace

void describe(Fields& f, ProbeRecipe& r) {
  f("probe", r.probe, "architecture; width and classes are taken from encoder and list");
  f("train", r.train, "optimizer");
  f("loop", r.loop, "steps, checkpoints, evaluation");
  f("frames", r.frames, "of a clip", {2, 4096});
  f("frame_step", r.frame_step, "frames of the video from one of a clip to the next", {1, 10000});
}

LabelledClips read_labelled_clips(const fs::path& list) {
  std::stringstream lines(read_file(list));
  std::vector<std::string> labels;
  LabelledClips out;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const size_t last = line.find_last_not_of(" \t\r");
    if (last == std::string::npos) continue;
    line.resize(last + 1);
    const size_t gap = line.find_last_of(" ,\t");
    const size_t end = gap == std::string::npos ? std::string::npos : line.find_last_not_of(" ,\t", gap);
    if (end == std::string::npos)
      fail<DataError>("{}: line {}: expected 'PATH LABEL', got '{}'", list.string(), number, line);
    const fs::path path = line.substr(0, end + 1);
    out.paths.push_back(path.is_absolute() ? path : list.parent_path() / path);
    labels.push_back(line.substr(gap + 1));
  }
  if (labels.empty()) fail<DataError>("{}: no clips: expected 'PATH LABEL' a line", list.string());
  if (std::all_of(labels.begin(), labels.end(), [](const auto& label) { return class_number(label).has_value(); })) {
    constexpr int64_t kMostClasses = 100000;
    int64_t most = 0;
    for (const auto& label : labels) {
      out.classes.push_back(*class_number(label));
      most = std::max(most, out.classes.back());
    }
    if (most >= kMostClasses) fail<DataError>("{}: class {} is beyond {}", list.string(), most, kMostClasses - 1);
    for (int64_t i = 0; i <= most; ++i) out.labels.push_back(std::to_string(i));
    return out;
  }
  const std::set<std::string> names(labels.begin(), labels.end());
  out.labels.assign(names.begin(), names.end());
  for (const auto& label : labels) out.classes.push_back(std::distance(names.begin(), names.find(label)));
  return out;
}

int train_probe(const ProbeTrainOptions& options, const CommonOptions& common) {
  if (options.encoder.empty()) fail("expected a video encoder: --encoder PATH");
  if (!common.out) fail("expected a run folder: --out RUN");
  const LabelledClips listed = read_lists(options.data);
  Vjepa2ReadOptions read = options.read;
  if (read.weights == EncoderKey::kDefault && fs::is_regular_file(options.encoder))
    read.weights = EncoderKey::kTargetEncoder;  // as upstream's frozen evaluations
  Vjepa2Weights weights = read_vjepa2(options.encoder, read);
  const std::shared_ptr<VideoEncoder> encoder = make_encoder(weights);

  ProbeRunConfig config;
  config.seed = static_cast<int64_t>(common.seed);
  config.data = options.data;
  config.encoder = options.encoder.string();
  config.encoder_weights = weights_fingerprint(*encoder);
  ProbeConfig& probe = config.recipe.probe;  // what is known comes first: the reader checks heads against the width
  probe.width = encoder->config.width;
  probe.classes = {static_cast<int64_t>(listed.labels.size())};
  config = parse_config(layered_config(nlohmann::json::object(), common), "train", config);
  if (options.steps) config.recipe.loop.steps = *options.steps;
  if (options.checkpoint_every) config.recipe.loop.checkpoint_every = *options.checkpoint_every;
  if (config.recipe.probe.width != encoder->config.width)
    fail<ConfigError>("probe.width: expected {} (the encoder's), got {}", encoder->config.width,
                      config.recipe.probe.width);
  RunFolder run(*common.out, config_json(config));

  const MediaSet media = open_media(listed.paths, /*threads=*/1);
  std::map<fs::path, int64_t> class_of;
  for (size_t i = 0; i < listed.paths.size(); ++i) class_of.emplace(listed.paths[i], listed.classes[i]);
  std::vector<int64_t> classes;
  nlohmann::ordered_json names = nlohmann::ordered_json::array();
  for (const auto& file : media.files) {
    const auto found = class_of.find(file.path);
    if (found == class_of.end()) fail<DataError>("{}: a clip has to be a video or a picture", file.path.string());
    classes.push_back(found->second);
    names.push_back(file.path.string());
  }
  ClipPlan plan;
  plan.segments = {.frames = config.recipe.frames, .frame_step = config.recipe.frame_step};
  plan.picture_frames = config.recipe.frames;
  plan.size = encoder->config.image_size;
  plan.transform = data::PublishedTransform::kOfficial;
  for (size_t i = 0; i < 3; ++i) {
    plan.normalisation.mean[i] = weights.preprocess.mean[i];
    plan.normalisation.std[i] = weights.preprocess.std[i];
  }
  const nlohmann::ordered_json identity{{"encoder", config.encoder_weights},
                                        {"frames", config.recipe.frames},
                                        {"frame_step", config.recipe.frame_step},
                                        {"size", plan.size},
                                        {"clips", names}};
  const InferenceEncoder fast(encoder, Precision::kFloat32);
  const auto tokens = std::make_shared<const LatentFolder>(
      options.latents.empty() ? *common.out / "latents" : options.latents, "clip", identity);
  encode_missing(*tokens, media, plan, fast, common.control);
  const auto seed = static_cast<uint64_t>(config.seed);
  weights.probe.reset();
  ProbeTask task(config.recipe.probe, config.recipe.train,
                 probe_data(tokens, media, std::move(classes), listed.labels, config.recipe, seed), std::move(weights),
                 config.recipe.loop.steps, seed);
  return finish_training(task, config.recipe.loop, run, config.recipe.train.batch * config.recipe.frames, common);
}

}  // namespace foresee::tools
