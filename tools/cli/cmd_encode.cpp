#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "foresee/encode.h"
#include "foresee/encode/names.h"
#include "jepa/core/error.h"
#include "tools/cli/command.h"
#include "tools/cli/options/enum_option.h"
#include "tools/cli/options/hints.h"
#include "tools/cli/options/model_options.h"
#include "tools/cli/options/unused.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

using nlohmann::ordered_json;

ordered_json classes_json(const std::vector<EncodeResult::Classes>& outputs) {
  ordered_json all;
  for (const auto& [output, top] : outputs) {
    ordered_json& rows = all[output] = ordered_json::array();
    for (const auto& found : top) {
      ordered_json row{{"class", found.index}};
      if (found.label) row["label"] = *found.label;
      row["probability"] = found.probability;
      rows.push_back(std::move(row));
    }
  }
  return all;
}

ordered_json result_json(const EncodeRequest& request, const EncodeResult& result) {
  ordered_json json{{"model", request.model.string()},
                    {"format", result.format},
                    {"weights", result.weights},
                    {"transform", result.transform},
                    {"precision", name_of(kEncodePrecisionNames, request.precision)},
                    {"clips", result.clips},
                    {"frames", result.frames},
                    {"size", result.size},
                    {"seconds", result.seconds},
                    {"clips_per_s", static_cast<double>(result.clips) / result.seconds}};
  if (request.out)
    json.update({{"out", request.out->string()},
                 {"pool", name_of(kEncodePoolingNames, request.pooling)},
                 {"layers", request.layers},
                 {"shape", result.shape}});
  json["failed_rows"] = result.failed_rows;
  json["inputs"] = ordered_json::array();
  for (const auto& input : result.inputs) {
    ordered_json file{{"path", input.path.string()}, {"first_row", input.first_row}, {"rows", input.rows}};
    if (request.classifier) file["classes"] = classes_json(input.classes);
    json["inputs"].push_back(std::move(file));
  }
  return json;
}

void print_result(const EncodeRequest& request, const EncodeResult& result) {
  for (const auto& input : result.inputs) {
    if (request.classifier) print_line("{}", input.path.string());
    for (const auto& [output, top] : input.classes)
      for (const auto& found : top)
        print_line("  {:6.2f} %  {}{}", 100 * found.probability, input.classes.size() > 1 ? output + " " : "",
                   found.label.value_or(fmt::format("class {}", found.index)));
  }
  if (request.out)
    print_line("{}: embeddings [{}], {} clips of {} files in {:.1f} s", request.out->string(),
               fmt::join(result.shape, ", "), result.clips, result.inputs.size(), result.seconds);
}

int run_encode(EncodeRequest request, const CommonOptions& common) {
  request.out = common.out;
  request.options = job_options(common);
  if (!request.out && !request.classifier) fail("expected a file for the result: --out FILE (.safetensors or .npy)");
  const EncodeResult result = with_hints({{"different numbers of tokens", "--pool clip, --picture-frames N"},
                                          {"multiple of the model's patches", "--size N"}},
                                         [&] { return encode(request, common.control); });
  if (result.stopped) fail("interrupted: nothing was written");
  if (common.json)
    print_json(result_json(request, result));
  else
    print_result(request, result);
  return 0;
}

}  // namespace

Run setup_encode(CLI::App& app, CommonOptions& common) {
  const auto o = std::make_shared<EncodeRequest>();
  const auto number = [&](const char* flag, auto& value, const char* doc) {
    return app.add_option(flag, value, doc)->check(CLI::PositiveNumber)->check(CLI::Range(0, 1'000'000));
  };
  app.add_option("--model", o->model, "Model folder, run, Hugging Face folder or Meta's .pt")
      ->required()
      ->option_text("PATH");
  app.add_option("--input", o->inputs, "Videos, pictures, folders of them, lists of videos")
      ->required()
      ->option_text("PATH...");
  add_overwrite(app, common);
  add_choice(app, "--pool", o->pooling, kEncodePoolingNames,
             "Rows of the result: every token, the mean of each time step, or of the clip");
  app.add_option("--layers", o->layers,
                 "Features behind these blocks, 0 the first, instead of the output; comma between")
      ->delimiter(',');
  app.add_option("--classify", o->classifier,
                 "Prints the top classes of this probe (Hugging Face classifier or Meta's .pt)")
      ->option_text("PATH");
  app.add_option("--labels", o->labels, "Names of the classes, one a line")->option_text("FILE");
  number("--top", o->top, "How many classes")->capture_default_str();
  add_choice(app, "--precision", o->precision, kEncodePrecisionNames, "fp32 or bf16");
  number("--batch", o->batch, "Clips at a time")->capture_default_str();
  number("--frames", o->frames, "Frames of a clip; default: as trained");
  number("--picture-frames", o->picture_frames,
         "Frames that a picture is repeated to; default: as trained, else one token's");
  number("--clips", o->clips, "Clips of a video, from equal parts of it")->capture_default_str();
  number("--fps", o->fps, "Rate of a clip, Hz; default: the one that was trained on, else 4");
  number("--frame-step", o->frame_step, "Frames of the video between two of a clip, instead of --fps");
  add_choice(app, "--sampling", o->sampling, kEncodeSamplingNames,
             "time: by the times of the frames; segments: frames counted as Meta's evaluations; stride: a step apart");
  add_choice(app, "--colours", o->colours, kEncodeColoursNames,
             "Whose arithmetic of colours; auto: what the weights saw, swscale for published ones");
  number("--size", o->size, "Pixels, side of the input; default: the model's");
  add_choice(app, "--preprocess", o->preprocess, kEncodePreprocessNames,
             "Whose transform; auto: as the model folder or the classifier says");
  add_choice(app, "--weights", o->weights, kEncodeWeightsNames,
             "Which encoder of one of Meta's files; default: the one that the classifier was trained on, else encoder");
  number("--heads", o->heads, "Attention heads of an encoder of another size than the published ones");
  number("--probe-heads", o->probe_heads, "Attention heads of a probe");
  add_vjepa2_options(app, o->read);
  return [o, &app, &common] {
    if (!o->classifier) refuse_given(app, {"--labels", "--top", "--probe-heads"}, "they are of --classify");
    if (!common.out) refuse_given(app, {"--pool", "--overwrite"}, "without --out no embeddings are written");
    if (app.count("--frame-step") > 0) refuse_given(app, {"--fps"}, "--frame-step takes its place");
    return run_encode(*o, common);
  };
}

}  // namespace foresee::tools
