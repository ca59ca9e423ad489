#include "foresee/inspect/inspect_run.h"

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/io/model_folder.h"
#include "jepa/io/names/weight_folder.h"
#include "jepa/io/safetensors.h"
#include "jepa/model/family/foreign_model.h"

namespace foresee {
namespace fs = std::filesystem;

namespace {

/// What config.json calls the model. @throws DataError where it is no JSON or made to do harm.
void add_declaration(InspectResult& result, const fs::path& config) {
  if (!fs::exists(config)) return;
  const auto object = read_json(config);
  for (const char* key : {"family", "model_type", "_target_"})
    if (object.is_object() && object.contains(key)) result.declared = object[key].dump();
}

void add_missing_shards(InspectResult& result, const fs::path& folder) {
  try {
    for (const std::string& file : missing_shards(folder))
      result.notes.push_back(fmt::format("{}: the index names {}, which is not there", folder.string(), file));
  } catch (const Error& error) {
    result.notes.emplace_back(error.what());
  }
}

/// Names the frames that lie beside a model; they are no weights.
void add_frame_bank(InspectResult& result, const fs::path& folder) {
  const fs::path file = folder / kFrameBankFile;
  if (!fs::exists(file)) return;
  const auto metadata = SafetensorsFile(file).metadata();
  const auto origin = metadata.find("origin");
  result.notes.push_back(fmt::format("{} shows what it imagines: {}", kFrameBankFile,
                                     origin == metadata.end() ? "of unknown origin" : origin->second));
}

/// As JSON. What cannot be done with pictures is named in a warning: the rest is listed all the same.
std::string pictures_of(const Family& family, const fs::path& path) {
  if (!family.pictures) return "";
  try {
    return preprocess_json(family.pictures({.path = path})).dump();
  } catch (const Error& error) {
    log_warning("{}", error.what());
    return "";
  }
}

}  // namespace

InspectResult inspect(const InspectRequest& request, const JobControl& job, const std::vector<Family>& known) {
  const LogEachLineOnce once;  // its file is read once for each family, and again for each option
  const fs::path& path = request.path;
  InspectResult result;
  if (fs::is_directory(path)) {
    const fs::path folder = resolve_model_folder(path);
    for (const auto& file : weight_files(folder)) {
      if (job.stopping()) fail("stopped before {} was read", file.string());
      add_file(result, file);
    }
    add_declaration(result, folder / "config.json");
    add_missing_shards(result, folder);
    add_frame_bank(result, folder);
  } else {
    if (!fs::exists(path)) fail<CheckpointError>("{}: no such file or folder", path.string());
    add_file(result, path);
  }
  for (const Family& family : known)
    if (family.recognise(path)) result.openings.push_back(opening_of(family, path));
  if (const Family* family = find_family(path, known)) {
    result.family = family->name;
    result.description = family->description;
    result.pictures = pictures_of(*family, path);
  } else if (const auto text = foreign_model(path)) {
    result.notes.push_back(*text);
  }
  return result;
}

InspectResult inspect(const InspectRequest& request, const JobControl& job) {
  return inspect(request, job, families());
}

}  // namespace foresee
