#include <CLI/CLI.hpp>

#include "foresee/export_model.h"
#include "jepa/core/error.h"
#include "tools/cli/command.h"
#include "tools/cli/options/model_options.h"
#include "tools/cli/options/request_flags.h"
#include "tools/cli/options/unused.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

int export_command(ExportRequest request, const CommonOptions& common) {
  if (!common.out) fail("--out DIR is missing: where the exported model goes");
  if (request.model.empty() == request.preset.empty())
    fail("expected one of --model PATH and --preset NAME (random weights)");
  request.out = *common.out;
  request.seed = common.seed;
  request.overwrite = common.overwrite;
  const ExportResult result = export_model(request, common.control);
  const std::string from = request.preset.empty() ? request.model.string() : request.preset;
  if (common.json)
    print_json({{"model", from},
                {"format", request.format},
                {"out", common.out->string()},
                {"parameters", result.parameters},
                {"frames", result.frames}});
  else
    print_line("{}: {} parameters written as {} to {}", from, result.parameters, request.format, common.out->string());
  return 0;
}

}  // namespace

Run setup_export(CLI::App& app, CommonOptions& common) {
  auto request = std::make_shared<ExportRequest>();
  std::vector<std::string> names;
  std::string meanings;
  for (const ModelFormat& format : export_formats()) {
    names.push_back(format.name);
    meanings += fmt::format("{}{} ({})", meanings.empty() ? "" : ", ", format.name, format.meaning);
  }
  app.add_option("--model", request->model,
                 "What to export: a folder of ours, of Hugging Face or of stable-worldmodel, a run, Meta's .pt");
  app.add_option("--preset", request->preset, "Random weights (--seed) of a named model instead: vit_large, vitg, ...");
  app.add_option("--format", request->format, meanings)->required()->check(CLI::IsMember(names));
  app.add_option("--names", request->transformers_names,
                 "swm: names of the tensors as transformers of this major version has them; 4 for older programs")
      ->check(CLI::IsMember({4, 5}))
      ->capture_default_str();
  app.add_option("--bank", request->bank,
                 "foresee: recorded episodes, frames of which go along to show what the model imagines")
      ->option_text("SET...");
  add_overwrite(app, common);
  add_vjepa2_options(app, request->read);
  return [=, &app, &common] {
    if (request->format != "swm") refuse_given(app, {"--names"}, "only --format swm has names of two versions");
    if (request->preset.empty())
      refuse_given(app, {"--seed"}, "only --preset draws weights");
    else
      refuse_given(app,
                   {"--weights", "--heads", "--predictor-heads", "--action-heads", "--probe-heads", "--image-size",
                    "--frames", "--classifier"},
                   "a preset has its own sizes");
    return naming_flags({{"bank", "--bank SET"}}, [&] { return export_command(*request, common); });
  };
}

}  // namespace foresee::tools
