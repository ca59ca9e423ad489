#include "jepa/train/masked/official_checkpoint.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/weights.h"

namespace foresee {
namespace {

using Kind = PickleValue::Kind;

std::optional<int64_t> whole_number(const PickleValue* value) {
  if (value == nullptr || !value->is(Kind::kInt)) return std::nullopt;
  return value->integer;
}

std::optional<double> number(const PickleValue* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is(Kind::kFloat)) return value->real;
  if (value->is(Kind::kInt)) return static_cast<double>(value->integer);
  return std::nullopt;
}

const PickleValue& member(const PtFile& file, const PickleValue& dict, const char* key, Kind kind, const char* where) {
  const PickleValue* value = dict.find(key);
  if (value == nullptr || !value->is(kind))
    fail<CheckpointError>("{}: expected '{}' in {}, got {}", file.path().string(), key, where,
                          value == nullptr ? "nothing" : value->describe());
  return *value;
}

// Names of our parameters by the file's number.
std::vector<std::pair<int64_t, std::string>> numbered(const PtFile& file, const PickleValue& optimizer,
                                                      const std::vector<ParameterGroup>& groups) {
  const auto& stored = member(file, optimizer, "param_groups", Kind::kList, "the optimizer").items;
  if (stored.size() != groups.size())
    fail<CheckpointError>("{}: expected an optimizer of {} parameter groups, got {}", file.path().string(),
                          groups.size(), stored.size());
  std::vector<std::pair<int64_t, std::string>> names;
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto& parameters = member(file, *stored[g], "params", Kind::kList, "a parameter group").items;
    if (parameters.size() != groups[g].parameters.size())
      fail<CheckpointError>("{}: optimizer group {}: expected {} parameters, got {}: another architecture",
                            file.path().string(), g, groups[g].parameters.size(), parameters.size());
    for (size_t p = 0; p < parameters.size(); ++p)
      names.emplace_back(whole_number(parameters[p]).value_or(-1), groups[g].parameters[p].first);
  }
  return names;
}

}  // namespace

OfficialProgress official_progress(const PtFile& file) {
  const PickleValue& root = file.root();
  return {.epoch = whole_number(root.find("epoch")),
          .loss = number(root.find("loss")),
          .learning_rate = number(root.find("lr")),
          .batch_size = whole_number(root.find("batch_size")),
          .world_size = whole_number(root.find("world_size"))};
}

TensorMap official_optimizer_state(const PtFile& file, const std::vector<ParameterGroup>& groups) {
  const PickleValue& optimizer = member(file, file.root(), "opt", Kind::kDict, "the file");
  const PickleValue& states = member(file, optimizer, "state", Kind::kDict, "the optimizer");
  TensorMap state;
  for (const auto& [index, name] : numbered(file, optimizer, groups)) {
    const PickleValue* moments = states.find(index);
    if (moments == nullptr) continue;
    for (const char* moment : {"exp_avg", "exp_avg_sq"}) {
      const PickleValue* value = moments->find(moment);
      if (value == nullptr) fail<CheckpointError>("{}: opt.state.{} has no {}", file.path().string(), index, moment);
      state[name + "." + moment] = file.tensor(*value, fmt::format("opt.state.{}.{}", index, moment));
    }
    const PickleValue* step = moments->find("step");  // a number in PyTorch before 1.12, a tensor since
    if (step == nullptr) fail<CheckpointError>("{}: opt.state.{} has no step", file.path().string(), index);
    const auto count = number(step);
    state[name + ".step"] =
        count ? at::scalar_tensor(*count, at::kFloat) : file.tensor(*step, fmt::format("opt.state.{}.step", index));
  }
  return state;
}

OfficialProgress resume_official(const std::filesystem::path& path, MaskedPretrainer& trainer) {
  const VideoEncoderConfig& encoder = trainer.encoder().config;
  Vjepa2ReadOptions options;
  options.heads = encoder.heads;
  options.predictor_heads = trainer.predictor().config.heads;
  options.image_size = encoder.image_size;
  options.frames = encoder.frames;
  for (const EncoderKey key : {EncoderKey::kEncoder, EncoderKey::kTargetEncoder}) {
    options.weights = key;
    const Vjepa2Weights weights = read_vjepa2(path, options);
    if (weights.encoder.empty() || weights.predictor.empty())
      fail<CheckpointError>("{}: expected a pretraining file, with encoder, predictor and target_encoder",
                            path.string());
    const bool target = key == EncoderKey::kTargetEncoder;
    load_state_dict(target ? trainer.target_encoder() : trainer.encoder(), weights.encoder,
                    path.string() + (target ? ": target_encoder" : ": encoder"));
    if (!target) load_state_dict(trainer.predictor(), weights.predictor, path.string() + ": predictor");
  }
  const PtFile file(path);
  trainer.optimizer().load_state(official_optimizer_state(file, trainer.optimizer().groups()));
  return official_progress(file);
}

}  // namespace foresee
