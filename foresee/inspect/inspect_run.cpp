#include "foresee/inspect/inspect_run.h"

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/io/model_folder.h"

namespace foresee {
namespace fs = std::filesystem;

namespace {

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
  const fs::path& path = request.path;
  InspectResult result;
  if (fs::is_directory(path)) {
    const fs::path folder = resolve_model_folder(path);
    for (const auto& file : weight_files(folder)) {
      if (job.stopping()) fail("stopped before {} was read", file.string());
      add_file(result, file);
    }
    if (const auto config = folder / "config.json"; fs::exists(config)) {
      const auto object = read_json(config);
      for (const char* key : {"family", "model_type", "_target_"})
        if (object.is_object() && object.contains(key)) result.declared = object[key].dump();
    }
  } else {
    if (!fs::exists(path)) fail<CheckpointError>("{}: no such file or folder", path.string());
    add_file(result, path);
  }
  if (const Family* family = find_family(path, known)) {
    result.family = family->name;
    result.description = family->description;
    result.pictures = pictures_of(*family, path);
  }
  return result;
}

InspectResult inspect(const InspectRequest& request, const JobControl& job) {
  return inspect(request, job, families());
}

}  // namespace foresee
