#include "tools/cli/options/model_options.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace foresee::tools {

void add_vjepa2_options(CLI::App& app, ReadOptions& options) {
  const std::map<std::string, EncoderKey> keys{{"encoder", EncoderKey::kEncoder},
                                               {"target_encoder", EncoderKey::kTargetEncoder}};
  const std::string group = "What Meta's .pt files do not say";
  app.add_option(
         "--weights", options.weights,
         "Which encoder: encoder (default for pretraining files) or target_encoder (the moving average; default "
         "for action-conditioned files)")
      ->transform(CLI::CheckedTransformer(keys))
      ->group(group);
  app.add_option("--heads", options.heads, "Attention heads of an encoder of unpublished size")->group(group);
  app.add_option("--predictor-heads", options.predictor_heads, "... of the masked predictor")->group(group);
  app.add_option("--action-heads", options.action_heads, "... of the action-conditioned predictor")->group(group);
  app.add_option("--probe-heads", options.probe_heads, "... of the attentive probe (published ones: 16)")->group(group);
  app.add_option("--image-size", options.image_size,
                 "Side of training crops, px (256; 384 where the file's name says so)")
      ->group(group);
  app.add_option("--frames", options.frames, "Frames of a training clip (64)")->group(group);
  app.add_option("--classifier", options.classifier, "Which classifier of a probe file, from 0")
      ->capture_default_str()
      ->group(group);
}

}  // namespace foresee::tools
