#include "foresee/settings/job_output.h"

namespace foresee {

OutputRules job_output(const JobOptions& options, std::vector<std::filesystem::path> inputs,
                       std::vector<std::filesystem::path> input_folders) {
  if (options.settings.config) inputs.push_back(*options.settings.config);
  return {options.overwrite, std::move(inputs), std::move(input_folders)};
}

}  // namespace foresee
