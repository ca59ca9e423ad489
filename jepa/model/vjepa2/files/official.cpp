#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/text/name_list.h"
#include "jepa/io/names/pickled_config.h"
#include "jepa/model/family/foreign_model.h"
#include "jepa/model/vjepa2/files/readers.h"

namespace foresee {
namespace {

constexpr std::string_view kPatchKernel = "patch_embed.proj.weight";

/// V-JEPA 2.1 differs in positions, norms and tokenizer; its tensors give it away.
void refuse_later_version(const WeightFile& file) {
  constexpr std::string_view kLater[] = {"norms_block", "patch_embed_img", "predictor_proj_context", "ema_encoder"};
  for (const auto& [name, stored] : file.names().stored)
    for (const std::string_view part : kLater) {
      const size_t place = name.find(part);
      if (place == std::string::npos || (place > 0 && name[place - 1] != '.')) continue;
      fail<CheckpointError>(
          "{}: a V-JEPA 2.1 checkpoint (norms_block, patch_embed_img or ema_encoder), which is another architecture; "
          "V-JEPA 2 is read (vitl.pt, vith.pt, vitg.pt, vitg-384.pt, vjepa2-ac-vitg.pt and their probes)",
          file.path().string());
    }
}

/// Where the networks of a file lie: what stands before the names of their tensors.
struct Places {
  std::optional<std::string> encoder, target_encoder;
  std::string root;  // before "predictor."

  std::string predictor() const { return root + "predictor."; }
};

/// @throws CheckpointError where there are several encoders and no names to tell them apart.
Places places_of(const WeightFile& file) {
  Places places;
  const std::vector<std::string> found = file.names().before(kPatchKernel);
  std::vector<std::string> others;
  const auto take = [&](std::optional<std::string>& encoder, const std::string& place, std::string_view part) {
    if (encoder) others.push_back(place);
    encoder = place;
    places.root = place.substr(0, place.size() - part.size());
  };
  for (const std::string& place : found) {
    if (place == "target_encoder." || place.ends_with(".target_encoder."))
      take(places.target_encoder, place, "target_encoder.");
    else if (place == "encoder." || place.ends_with(".encoder."))
      take(places.encoder, place, "encoder.");
    else
      others.push_back(place);
  }
  if (found.size() == 1 && others.size() == 1) {  // an encoder alone, whatever it is called
    places.encoder = places.root = others.front();
    others.clear();
  }
  if (!others.empty())
    fail<CheckpointError>("{}: {} encoders, expected encoder, target_encoder or one alone: {}", file.path().string(),
                          found.size(), fmt::join(found, ", "));
  return places;
}

bool has_actions(const WeightFile& file, const std::string& root) {
  return file.has(root + "predictor.action_encoder.weight");
}

/// An action predictor whose frozen encoder was left out, as jepa-wms saves it.
bool lacks_its_encoder(const WeightFile& file) {
  return !file.names().before("action_encoder.weight").empty() &&
         !file.names().before("predictor_embed.weight").empty() && file.names().before(kPatchKernel).empty();
}

/// A network's tensors. The position tables of files before RoPE are not used, as upstream.
TensorMap network(const WeightFile& file, const std::string& place) {
  TensorMap tensors = file.tensors(place);
  tensors.erase("pos_embed");
  tensors.erase("predictor_pos_embed");
  return tensors;
}

ProbeWeights read_probe(const WeightFile& file, const Vjepa2ReadOptions& options) {
  const std::string source = file.path().string();
  const auto place = [](int64_t index) { return fmt::format("classifiers.{}.", index); };
  int64_t count = 0;
  while (file.has(place(count))) ++count;
  if (count == 0) fail<CheckpointError>("{}: expected a list of classifiers with tensors", source);
  if (options.classifier < 0 || options.classifier >= count)
    fail<CheckpointError>("{}: classifier {} of {}", source, options.classifier, count);
  ProbeWeights probe;
  probe.tensors = network(file, place(options.classifier));
  probe.sizes = probe_sizes(probe.tensors, options.probe_heads, source);
  return probe;
}

/// The encoder that is read.
struct ChosenEncoder {
  std::string place;  // before the names of its tensors
  std::string taken;  // as Vjepa2Weights::taken
};

/// By the rule of taken_encoder. An encoder alone that is called neither is taken whatever is wanted.
ChosenEncoder chosen_encoder(const WeightFile& file, const Places& places, const Vjepa2ReadOptions& options) {
  const bool named = places.encoder && (*places.encoder == "encoder." || places.encoder->ends_with(".encoder."));
  if (places.encoder && !places.target_encoder && !named) return {*places.encoder, ""};
  const bool trained_on = options.trained_on || has_actions(file, places.root);
  const EncoderKey key =
      taken_encoder(options.weights, places.encoder.has_value(), places.target_encoder.has_value(), trained_on);
  const bool target = key == EncoderKey::kTargetEncoder;
  const std::string name = target ? "target_encoder" : "encoder";
  const auto& place = target ? places.target_encoder : places.encoder;
  if (!place) fail<CheckpointError>("{}: no {}; it holds {}", file.path().string(), name, file.summary());
  if (places.encoder && places.target_encoder)
    log_info("{}: {} is taken, of encoder and target_encoder (its moving average)", file.path().string(), name);
  return {*place, name};
}

[[noreturn]] void refuse_unknown(const WeightFile& file) {
  const std::string where = file.path().string();
  refuse_foreign_model(file.path());
  if (lacks_its_encoder(file))
    fail<CheckpointError>(
        "{}: an action predictor without its encoder, which is frozen and stays in a file of its own; that file cannot "
        "be given beside this one: join them in Python: torch.save({{'encoder': torch.load(ENCODER)['target_encoder'], "
        "'predictor': torch.load(THIS)['predictor']}}, NEW_PATH)",
        where);
  const std::string module = file.pt() == nullptr ? "" : pickled_class(*file.pt());
  if (!module.empty())
    fail<CheckpointError>("{}: a whole pickled module of class {}, and no encoder of V-JEPA 2 in it; got {}", where,
                          module, file.summary());
  fail<CheckpointError>(
      "{}: not a checkpoint of V-JEPA 2: expected tensors of encoder, target_encoder or classifiers, got {}", where,
      file.summary());
}

/// Whether patches and blocks of an encoder stand in one place: networks of other libraries have such patches, too.
bool has_encoder(const BareNames& names) {
  for (const std::string& place : names.before(kPatchKernel))
    if (names.has(place + "blocks.0.")) return true;
  return false;
}

}  // namespace

Vjepa2Content official_content(const WeightFile& file) {
  if (file.has("classifiers.0.")) return Vjepa2Content::kVideo;
  if (lacks_its_encoder(file)) return Vjepa2Content::kActions;
  if (has_huggingface_names(file.names())) return Vjepa2Content::kVideo;
  if (!has_encoder(file.names()) && !file.has("ema_encoder.")) return Vjepa2Content::kNone;
  const auto places = file.names().before("predictor.action_encoder.weight");
  return places.empty() ? Vjepa2Content::kVideo : Vjepa2Content::kActions;
}

PictureSpec official_pictures(const std::filesystem::path& path, const Vjepa2ReadOptions& options) {
  // Meta's files do not hold the size of training crops, but the names of those at 384 px do.
  const int64_t guessed = path.stem().string().find("384") != std::string::npos ? 384 : 256;
  const PictureSpec spec{.size = options.image_size.value_or(guessed),
                         .colours = "swscale"};  // of the video reader that upstream's training used
  return with_transform(spec, PictureTransform::kOfficial);
}

Vjepa2Weights read_official(const std::filesystem::path& path, const Vjepa2ReadOptions& options, Vjepa2Parts parts) {
  const WeightFile file(path);
  refuse_later_version(file);
  file.say_wrappings();
  const bool probe = file.has("classifiers.0.");
  if (!probe && has_huggingface_names(file.names())) return read_huggingface_file(file, options, parts);
  Vjepa2Weights weights{.source = path.string(), .format = "official"};
  weights.preprocess = official_pictures(path, options);
  weights.config.encoder.image_size = weights.preprocess.size;
  weights.config.encoder.frames = options.frames.value_or(64);  // torch.hub's num_frames
  if (probe) {
    weights.probe = read_probe(file, options);
    return weights;
  }

  const Places places = places_of(file);
  if (!places.encoder && !places.target_encoder) refuse_unknown(file);
  const ChosenEncoder chosen = chosen_encoder(file, places, options);
  weights.taken = chosen.taken;
  weights.average = places.target_encoder.has_value();
  weights.encoder = network(file, chosen.place);
  set_encoder_sizes(weights.config.encoder, weights.encoder, options.heads, weights.source);
  const bool alone = places.encoder && places.encoder->empty();  // torch.save of an encoder's state dict
  if (alone || parts == Vjepa2Parts::kEncoder || !file.has(places.predictor())) return weights;
  if (has_actions(file, places.root)) {
    weights.action_predictor = network(file, places.predictor());
    weights.action_sizes =
        stack_sizes(weights.action_predictor, "predictor_blocks", options.action_heads, "action_heads", weights.source);
  } else {
    weights.predictor = network(file, places.predictor());
    set_predictor_sizes(weights.config.predictor, weights.predictor, options.predictor_heads, weights.source);
  }
  return weights;
}

}  // namespace foresee
