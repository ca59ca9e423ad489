#include "jepa/model/vjepa2/vjepa2.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

struct EncoderSizes {
  std::string_view name;
  int64_t width, depth, heads;
  double mlp_ratio;
};

// facebookresearch/vjepa2 src/models/vision_transformer.py. Both gigantic constructors misspell the ratio's keyword
// ("mpl_ratio"), so that their 64/13 never acts and the default of 4 does.
constexpr std::array<EncoderSizes, 10> kEncoders{{
    {"vit_synthetic", 1, 1, 1, 4.0},
    {"vit_tiny", 192, 12, 3, 4.0},
    {"vit_small", 384, 12, 6, 4.0},
    {"vit_base", 768, 12, 12, 4.0},
    {"vit_large", 1024, 24, 16, 4.0},
    {"vit_huge", 1280, 32, 16, 4.0},
    {"vit_giant", 1408, 40, 16, 48.0 / 11.0},
    {"vit_giant_xformers", 1408, 40, 22, 48.0 / 11.0},
    {"vit_gigantic", 1664, 48, 16, 4.0},
    {"vit_gigantic_xformers", 1664, 48, 26, 4.0},
}};

constexpr PublishedModel kPublished[] = {
    // https://dl.fbaipublicfiles.com/vjepa2/NAME.pt
    {"vitl", "vit_large", 256, 64, false},
    {"vith", "vit_huge", 256, 64, false},
    {"vitg", "vit_giant_xformers", 256, 64, false},
    {"vitg-384", "vit_giant_xformers", 384, 64, false},
    {"vjepa2-ac-vitg", "vit_giant_xformers", 256, 64, false},
    // torch.hub
    {"vjepa2_vit_large", "vit_large", 256, 64, false},
    {"vjepa2_vit_huge", "vit_huge", 256, 64, false},
    {"vjepa2_vit_giant", "vit_giant_xformers", 256, 64, false},
    {"vjepa2_vit_giant_384", "vit_giant_xformers", 384, 64, false},
    {"vjepa2_ac_vit_giant", "vit_giant_xformers", 256, 64, false},
    // https://huggingface.co/facebook/NAME
    {"vjepa2-vitl-fpc64-256", "vit_large", 256, 64, true},
    {"vjepa2-vith-fpc64-256", "vit_huge", 256, 64, true},
    {"vjepa2-vitg-fpc64-256", "vit_giant_xformers", 256, 64, true},
    {"vjepa2-vitg-fpc64-384", "vit_giant_xformers", 384, 64, true},
    {"vjepa2-vitl-fpc16-256-ssv2", "vit_large", 256, 16, true},
    {"vjepa2-vitg-fpc64-384-ssv2", "vit_giant_xformers", 384, 64, true},
    {"vjepa2-vitl-fpc32-256-diving48", "vit_large", 256, 32, true},
    {"vjepa2-vitg-fpc32-384-diving48", "vit_giant_xformers", 384, 32, true},
};

}  // namespace

void describe(Fields& f, Vjepa2Config& c) {
  f("encoder", c.encoder, "the video transformer");
  f("predictor", c.predictor, "predicts masked tokens from context tokens");
}

VideoEncoderConfig video_encoder_preset(const std::string& name) {
  for (const auto& sizes : kEncoders) {
    if (sizes.name != name) continue;
    VideoEncoderConfig config;
    config.width = sizes.width;
    config.depth = sizes.depth;
    config.heads = sizes.heads;
    config.mlp_ratio = sizes.mlp_ratio;
    return config;
  }
  fail<ConfigError>("unknown encoder '{}'{}", name, suggestion(name, video_encoder_presets()));
}

std::vector<std::string> video_encoder_presets() {
  std::vector<std::string> names;
  for (const auto& sizes : kEncoders) names.emplace_back(sizes.name);
  return names;
}

std::optional<int64_t> video_encoder_heads(int64_t width, int64_t depth) {
  const auto published = [](const EncoderSizes& sizes) {
    return std::any_of(std::begin(kPublished), std::end(kPublished),
                       [&](const PublishedModel& model) { return model.encoder == sizes.name; });
  };
  std::optional<int64_t> heads;
  int64_t found = 0;
  for (const auto& sizes : kEncoders) {
    if (sizes.width != width || sizes.depth != depth) continue;
    if (published(sizes)) return sizes.heads;
    heads = sizes.heads;
    ++found;
  }
  return found == 1 ? heads : std::nullopt;
}

std::span<const PublishedModel> published_models() { return kPublished; }

Vjepa2Config vjepa2_preset(const std::string& name) {
  std::string bare = name.starts_with("facebook/") ? name.substr(9) : name;
  if (bare.ends_with(".pt")) bare.resize(bare.size() - 3);
  Vjepa2Config config;
  for (const auto& sizes : kEncoders)
    if (sizes.name == bare) {
      config.encoder = video_encoder_preset(bare);
      return config;
    }
  for (const auto& model : kPublished) {
    if (model.name != bare) continue;
    config.encoder = video_encoder_preset(std::string(model.encoder));
    config.encoder.image_size = model.image_size;
    config.encoder.frames = model.frames;
    if (model.hugging_face) config.encoder = config.encoder.hugging_face();
    return config;
  }
  fail<ConfigError>("unknown V-JEPA 2 model '{}'{}", name, suggestion(bare, vjepa2_presets()));
}

std::vector<std::string> vjepa2_presets() {
  std::vector<std::string> names = video_encoder_presets();
  for (const auto& model : kPublished) names.emplace_back(model.name);
  return names;
}

}  // namespace foresee
