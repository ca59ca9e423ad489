#include "foresee/export/export_run.h"

#include <algorithm>

#include "foresee/train/recorded_sequences.h"
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

/// What plans are judged by stays beside a model that plans (Note [Costs of training]).
void keep_training_costs(const fs::path& given, const fs::path& out) {
  const fs::path model = own_folder_of(given);
  if (!fs::is_directory(model) || !fs::exists(out / "actions.json")) return;
  const fs::path file = resolve_model_folder(model) / kTrainingCostsFile;
  if (!fs::exists(file)) return;
  fs::copy_file(file, out / kTrainingCostsFile);
  if (fs::exists(out / kManifestFile)) write_manifest(out);
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
  Output place = Output::folder(request.out, "model", {.overwrite = request.overwrite, .inputs = {request.model}});
  const bool random = !request.preset.empty();
  const Family& family = random ? family_of_preset(request.preset, known) : family_of(request.model, known);
  const ExportFormat& format = format_of(family, request.format);
  if (job.stopping()) fail("stopped before anything was written");
  const ModelSource source{.path = request.model,
                           .preset = request.preset,
                           .seed = request.seed,
                           .read = request.read,
                           .transformers_names = request.transformers_names};
  const ExportResult result{.family = family.name, .parameters = format.write(source, place.staged())};
  if (!random) keep_training_costs(request.model, place.staged());
  place.commit();
  return result;
}

ExportResult export_model(const ExportRequest& request, const JobControl& job) {
  return export_model(request, job, families());
}

}  // namespace foresee
