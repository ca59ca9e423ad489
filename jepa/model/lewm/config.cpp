#include "jepa/model/lewm/config.h"

#include <map>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/nn/transformer_bytes.h"

namespace foresee {
namespace {

struct VitSize {
  int64_t width, layers, heads, mlp;
};

// stable_pretraining.backbone.utils.vit_hf
const std::map<std::string, VitSize> kVitSizes{{"tiny", {192, 12, 3, 768}},
                                               {"small", {384, 12, 6, 1536}},
                                               {"base", {768, 12, 12, 3072}},
                                               {"large", {1024, 24, 16, 4096}},
                                               {"huge", {1280, 32, 16, 5120}}};

/// One nested object of a Hydra config, with typed access that names the place.
class Part {
 public:
  Part(const nlohmann::json& root, const char* key, const std::string& where) : where_(where + ": " + key) {
    if (!root.contains(key) || !root[key].is_object())
      fail<CheckpointError>("{}: expected an object (a LeWM config of stable-worldmodel)", where_);
    object_ = &root[key];
  }
  int64_t integer(const char* key) const {
    const auto found = object_->find(key);
    if (found == object_->end() || !found->is_number_integer() || found->get<int64_t>() < 1)
      fail<CheckpointError>("{}.{}: expected a positive integer", where_, key);
    return found->get<int64_t>();
  }
  int64_t integer(const char* key, int64_t fallback) const { return has(key) ? integer(key) : fallback; }
  double number(const char* key, double fallback) const {
    if (!has(key)) return fallback;
    if (!(*object_)[key].is_number()) fail<CheckpointError>("{}.{}: expected a number", where_, key);
    return (*object_)[key].get<double>();
  }
  std::string text(const char* key, const std::string& fallback) const {
    return has(key) && (*object_)[key].is_string() ? (*object_)[key].get<std::string>() : fallback;
  }

 private:
  bool has(const char* key) const { return object_->contains(key) && !(*object_)[key].is_null(); }
  std::string where_;
  const nlohmann::json* object_;
};

LewmVitConfig vit_from_swm(const Part& part, const std::string& where) {
  const std::string size = part.text("size", "tiny");
  const auto known = kVitSizes.find(size);
  if (known == kVitSizes.end()) fail<CheckpointError>("{}: encoder.size: unknown ViT size '{}'", where, size);
  LewmVitConfig vit;
  vit.image_size = part.integer("image_size", 224);
  vit.patch = part.integer("patch_size", 16);
  vit.width = part.integer("hidden_size", known->second.width);
  vit.layers = part.integer("num_hidden_layers", known->second.layers);
  vit.heads = part.integer("num_attention_heads", known->second.heads);
  vit.mlp = part.integer("intermediate_size", known->second.mlp);
  return vit;
}

}  // namespace

void LewmConfig::validate() const {
  if (vit.image_size % vit.patch != 0)
    fail<ConfigError>("vit.image_size: expected a multiple of patch {}, got {}", vit.patch, vit.image_size);
  if (vit.head_dim == 0 && vit.width % vit.heads != 0)
    fail<ConfigError>("vit.width: expected a multiple of heads {}, got {}", vit.heads, vit.width);
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  const double side = real(vit.image_size) / real(vit.patch), attention = real(predictor.heads * predictor.head_dim);
  const double predictor_block = real(predictor.width) * (4 * attention + 2.0 * real(predictor.mlp));
  const double layers = real(predictor.layers + predictor.prefix_layers);
  const double projections = 2.0 * real(embedding) * (real(projector_hidden) + real(prediction_hidden)) +
                             real(embedding) * real(embedding) * real(action_mlp_scale) * 2.0;
  check_memory(transformer_bytes(vit.width, vit.mlp, vit.layers) +
                   sizeof(float) * (layers * predictor_block + projections + side * side * real(vit.width)),
               "a model of these widths, layers and image_size");
}

void describe(Fields& f, LewmVitConfig& c) {
  f("image_size", c.image_size, "height and width of the pictures, pixels", {1, 16384});
  f("patch", c.patch, "height and width of a patch, pixels", {1, 1024});
  f("width", c.width, "width of a token", {1, 65536});
  f("layers", c.layers, "transformer blocks", {1, 1000});
  f("heads", c.heads, "attention heads", {1, 1024});
  f("mlp", c.mlp, "hidden width of the MLP", {1, 262144});
  f("head_dim", c.head_dim, "width of an attention head; 0: width / heads", {0, 4096});
  f("eps", c.eps, "of the norms", {0, 1});
}

void describe(Fields& f, LewmPredictorConfig& c) {
  f("frames", c.frames, "history window, frames", {1, 1000});
  f("width", c.width, "width of a token", {1, 65536});
  f("layers", c.layers, "transformer blocks", {1, 1000});
  f("heads", c.heads, "attention heads", {1, 1024});
  f("head_dim", c.head_dim, "width of an attention head", {1, 4096});
  f("mlp", c.mlp, "hidden width of the MLP", {1, 262144});
  f("dropout", c.dropout, "probability, of attention weights, attention output and MLP", {0, 0.99});
  f("embedding_dropout", c.embedding_dropout, "probability, of the embeddings with their positions", {0, 0.99});
  static constexpr std::pair<LewmPredictorKind, std::string_view> kKinds[] = {
      {LewmPredictorKind::kRecursive, "recursive"}, {LewmPredictorKind::kPrefix, "prefix"}};
  f.choice("kind", c.kind, kKinds,
           "recursive: LeWM, block after block; prefix: Fast-LeWM (arXiv 2606.26217), all horizons in one pass");
  static constexpr std::pair<LewmBlocks, std::string_view> kBlocks[] = {{LewmBlocks::kLewm, "lewm"},
                                                                        {LewmBlocks::kDit, "dit"}};
  f.choice("blocks", c.blocks, kBlocks,
           "lewm: attention and MLP begin with a norm of their own; dit: without, and qkv has a bias (torch-world)");
  f("prefix_layers", c.prefix_layers, "kind prefix: blocks of the causal transformer over state and actions",
    {1, 1000});
  f("horizon", c.horizon, "kind prefix: action blocks of one pass", {1, 1000});
}

void describe(Fields& f, LewmHeadsConfig& c) {
  f("inverse_hidden", c.inverse_hidden, "hidden width of the inverse-dynamics head; 0: none", {0, 65536});
  f("distance_hidden", c.distance_hidden, "hidden width of the distance head; 0: none", {0, 65536});
  f("decoder_width", c.decoder_width, "channels of the picture decoder's smallest grid; 0: none", {0, 4096});
}

void describe(Fields& f, LewmConfig& c) {
  f("vit", c.vit, "image encoder");
  f("predictor", c.predictor, "predictor over the history");
  f("embedding", c.embedding, "width of a frame's embedding", {1, 65536});
  f("projector_hidden", c.projector_hidden, "hidden width of the projection after the ViT", {1, 262144});
  f("prediction_hidden", c.prediction_hidden, "hidden width of the projection after the predictor", {1, 262144});
  f("action_block", c.action_block, "numbers in an action block: frame skip x action size", {1, 65536});
  f("action_smoothed", c.action_smoothed, "width of the first action layer", {1, 65536});
  f("action_mlp_scale", c.action_mlp_scale, "hidden width of the action embedder / embedding", {1, 64});
  f("proprioception", c.proprioception, "numbers of column 'proprio' that join a picture; 0: pictures alone",
    {0, 4096});
  f("heads", c.heads, "small networks on the embeddings, fitted afterwards");
}

LewmConfig lewm_config_from_swm(const nlohmann::json& object, const std::string& where) {
  if (!object.is_object()) fail<CheckpointError>("{}: expected an object", where);
  const Part encoder(object, "encoder", where), predictor(object, "predictor", where);
  const Part action(object, "action_encoder", where), projector(object, "projector", where);
  const Part prediction(object, "pred_proj", where);
  LewmConfig config;
  config.vit = vit_from_swm(encoder, where);
  config.predictor = {.frames = predictor.integer("num_frames"),
                      .width = predictor.integer("hidden_dim"),
                      .layers = predictor.integer("depth"),
                      .heads = predictor.integer("heads"),
                      .head_dim = predictor.integer("dim_head", 64),
                      .mlp = predictor.integer("mlp_dim"),
                      .dropout = predictor.number("dropout", 0.0),
                      .embedding_dropout = predictor.number("emb_dropout", 0.0)};
  config.embedding = projector.integer("output_dim");
  config.projector_hidden = projector.integer("hidden_dim");
  config.prediction_hidden = prediction.integer("hidden_dim");
  config.action_block = action.integer("input_dim");
  config.action_smoothed = action.integer("smoothed_dim", 10);
  config.action_mlp_scale = action.integer("mlp_scale", 4);
  for (const auto& [key, width] : {std::pair("predictor.input_dim", predictor.integer("input_dim")),
                                   std::pair("predictor.output_dim", predictor.integer("output_dim", config.embedding)),
                                   std::pair("pred_proj.input_dim", prediction.integer("input_dim")),
                                   std::pair("pred_proj.output_dim", prediction.integer("output_dim")),
                                   std::pair("action_encoder.emb_dim", action.integer("emb_dim"))})
    if (width != config.embedding)
      fail<CheckpointError>("{}: {}: expected the embedding's width {}, got {}", where, key, config.embedding, width);
  return parse_config<LewmConfig>(nlohmann::json(config_json(config)), where + ": as a model of ours");  // ranges
}

LewmConfig lewm_config(const nlohmann::json& object, const std::string& where) {
  return object.contains("_target_") ? lewm_config_from_swm(object, where)
                                     : parse_config<LewmConfig>(object, where + ": model");
}

nlohmann::ordered_json swm_config(const LewmConfig& config) {
  const LewmHeadsConfig& heads = config.heads;
  const char* const foreign = config.predictor.kind != LewmPredictorKind::kRecursive ? "predictor.kind prefix"
                              : !config.predictor.own_norms()                        ? "predictor.blocks dit"
                              : config.proprioception > 0                            ? "proprioception"
                              : heads.inverse_hidden + heads.distance_hidden + heads.decoder_width > 0 ? "heads"
                                                                                                       : nullptr;
  if (foreign)
    fail<ConfigError>("stable-worldmodel's LeWM has no {}: this model cannot be written in its format", foreign);
  using Json = nlohmann::ordered_json;
  const std::string module = "stable_worldmodel.wm.lewm.module.";
  const auto projector = [&](int64_t in, int64_t hidden) {
    return Json{{"_target_", module + "MLP"},
                {"input_dim", in},
                {"output_dim", config.embedding},
                {"hidden_dim", hidden},
                {"norm_fn", {{"_target_", "torch.nn.BatchNorm1d"}, {"_partial_", true}}}};
  };
  Json encoder{{"_target_", "stable_pretraining.backbone.utils.vit_hf"},
               {"size", "tiny"},
               {"patch_size", config.vit.patch},
               {"image_size", config.vit.image_size},
               {"pretrained", false},
               {"use_mask_token", false},
               {"hidden_size", config.vit.width},
               {"num_hidden_layers", config.vit.layers},
               {"num_attention_heads", config.vit.heads},
               {"intermediate_size", config.vit.mlp}};
  Json predictor{{"_target_", module + "Predictor"},
                 {"num_frames", config.predictor.frames},
                 {"input_dim", config.embedding},
                 {"hidden_dim", config.predictor.width},
                 {"output_dim", config.embedding},
                 {"depth", config.predictor.layers},
                 {"heads", config.predictor.heads},
                 {"mlp_dim", config.predictor.mlp},
                 {"dim_head", config.predictor.head_dim},
                 {"dropout", config.predictor.dropout},
                 {"emb_dropout", config.predictor.embedding_dropout}};
  Json actions{{"_target_", module + "Embedder"}, {"input_dim", config.action_block}, {"emb_dim", config.embedding}};
  if (config.action_smoothed != 10) actions["smoothed_dim"] = config.action_smoothed;
  if (config.action_mlp_scale != 4) actions["mlp_scale"] = config.action_mlp_scale;
  return {{"_target_", "stable_worldmodel.wm.lewm.LeWM"},
          {"encoder", encoder},
          {"predictor", predictor},
          {"action_encoder", actions},
          {"projector", projector(config.vit.width, config.projector_hidden)},
          {"pred_proj", projector(config.embedding, config.prediction_hidden)}};
}

}  // namespace foresee
