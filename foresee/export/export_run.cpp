#include "foresee/export/export_run.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/files/output.h"

namespace foresee {
namespace {

const ExportFormat& format_of(const Family& family, const std::string& name) {
  std::vector<std::string> names;
  for (const ExportFormat& format : family.formats) {
    if (format.name == name) return format;
    names.push_back(format.name);
  }
  fail<CheckpointError>("{} is not for models of family {} ({}), which is written as {}", name, family.name,
                        family.description, either_of(names));
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
  place.commit();
  return result;
}

ExportResult export_model(const ExportRequest& request, const JobControl& job) {
  return export_model(request, job, families());
}

}  // namespace foresee
