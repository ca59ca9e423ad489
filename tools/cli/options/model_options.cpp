#include "tools/cli/options/model_options.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace foresee::tools {

void add_vjepa2_options(CLI::App& app, ReadOptions& options) {
  const std::string group = "What a model's files do not say";
  const auto add = [&](const char* flag, auto& value, const char* meaning) -> CLI::Option* {
    return app.get_option_no_throw(flag) != nullptr ? nullptr : app.add_option(flag, value, meaning)->group(group);
  };
  const auto add_flag = [&](const char* flag, bool& value, const char* meaning) {
    if (app.get_option_no_throw(flag) == nullptr) app.add_flag(flag, value, meaning)->group(group);
  };
  const std::map<std::string, EncoderKey> keys{{"encoder", EncoderKey::kEncoder},
                                               {"target_encoder", EncoderKey::kTargetEncoder}};
  if (CLI::Option* const weights =
          add("--weights", options.weights,
              "Which encoder: encoder (default for pretraining files) or target_encoder (the moving average; default "
              "for action-conditioned files)"))
    weights->transform(CLI::CheckedTransformer(keys));
  add("--heads", options.heads, "Attention heads of an encoder of unpublished size");
  add("--predictor-heads", options.predictor_heads, "... of the masked predictor");
  add("--action-heads", options.action_heads, "... of the action-conditioned predictor");
  add("--probe-heads", options.probe_heads, "... of the attentive probe (published ones: 16)");
  add("--image-size", options.image_size, "Side of training crops, px (256; 384 where the file's name says so)");
  add("--frames", options.frames, "Frames of a training clip (64)");
  if (CLI::Option* const classifier =
          add("--classifier", options.classifier, "Which classifier of a probe file, from 0"))
    classifier->capture_default_str();
  add_flag("--use-extrinsics", options.use_extrinsics,
           "An action-conditioned file was trained with the camera's pose (the published one was not)");
  add_flag("--allow-nan", options.allow_nan, "Use weights that hold NaN or infinity");
}

}  // namespace foresee::tools
