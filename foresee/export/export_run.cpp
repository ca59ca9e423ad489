#include "foresee/export/export_run.h"

#include <algorithm>

#include "foresee/imagine/frame_bank.h"
#include "foresee/train/lewm_data.h"
#include "foresee/train/recorded_sequences.h"
#include "jepa/core/api/request_error.h"
#include "jepa/core/error.h"
#include "jepa/core/files/output.h"
#include "jepa/io/manifest.h"
#include "jepa/io/model_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const ExportFormat& format_of(const Family& family, const std::string& name) {
  std::vector<std::string> names;
  for (const ExportFormat& format : family.formats) {
    if (format.name == name) return format;
    names.push_back(format.name);
  }
  fail<CheckpointError>("{} is not for models of family {} ({}), which is written as {}", name, family.name,
                        family.description, either_of(names));
}

/// What plans are judged by and shown with stays beside a model that plans (Note [Costs of training], Note [Frame
/// banks]).
void keep_beside(const fs::path& given, const fs::path& out) {
  const fs::path model = own_folder_of(given);
  if (!fs::is_directory(model) || !fs::exists(out / "actions.json")) return;
  for (const char* const name : {kTrainingCostsFile, kFrameBankFile})
    if (const fs::path file = resolve_model_folder(model) / name; fs::exists(file) && !fs::exists(out / name))
      fs::copy_file(file, out / name);
  if (fs::exists(out / kManifestFile)) write_manifest(out);
}

/// Frames of recorded episodes beside the model that was written (Note [Frame banks]). @returns how many.
int64_t add_frames(const std::vector<fs::path>& episodes, const fs::path& out, const JobControl& job) {
  const auto model = load_world_model(out);
  const data::EpisodeDataset dataset = open_episodes_of(model->picture_spec(), episodes);
  const FrameBank bank = spread_frames(collect_frames(*model, dataset, job), kMostKeptFrames);
  write_frame_bank(out, bank);
  return bank.pictures.size(0);
}

}  // namespace

std::vector<ModelFormat> export_formats() {
  std::vector<ModelFormat> all;
  for (const Family& family : families())
    for (const ExportFormat& format : family.formats) {
      auto found = std::find_if(all.begin(), all.end(), [&](const auto& known) { return known.name == format.name; });
      if (found == all.end())
        found = all.insert(all.end(), ModelFormat{.name = format.name, .meaning = format.meaning});
      found->families.push_back(family.name);
    }
  return all;
}

ExportResult export_model(const ExportRequest& request, const JobControl& job, const std::vector<Family>& known) {
  FORESEE_CHECK(!request.out.empty(), "expected a folder for the exported model");
  FORESEE_CHECK(request.model.empty() != request.preset.empty(),
                "expected a model or the name of a published one, and not both");
  std::vector<fs::path> inputs = request.bank;
  inputs.push_back(request.model);
  Output place = Output::folder(request.out, "model", {.overwrite = request.overwrite, .inputs = inputs});
  if (!request.bank.empty() && (request.format != "foresee" || request.model.empty()))
    throw RequestError(
        "bank",
        "export: a bank of frames lies beside a trained model in the form of this program (foresee): leave "
        "it out");
  const bool random = !request.preset.empty();
  const Family& family = random ? family_of_preset(request.preset, known) : family_of(request.model, known);
  const ExportFormat& format = format_of(family, request.format);
  if (job.stopping()) fail("stopped before anything was written");
  const ModelSource source{.path = request.model,
                           .preset = request.preset,
                           .seed = request.seed,
                           .read = request.read,
                           .transformers_names = request.transformers_names};
  ExportResult result{.family = family.name, .parameters = format.write(source, place.staged())};
  if (!request.bank.empty()) result.frames = add_frames(request.bank, place.staged(), job);
  if (!random) keep_beside(request.model, place.staged());
  place.commit();
  return result;
}

ExportResult export_model(const ExportRequest& request, const JobControl& job) {
  return export_model(request, job, families());
}

}  // namespace foresee
