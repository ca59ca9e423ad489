#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/read_options.h"

namespace foresee {

/// A form in which models are written for this library or for others.
struct ModelFormat {
  std::string name;                   // "hf", "official", "swm", "foresee"
  std::string meaning;                // whose form it is
  std::vector<std::string> families;  // whose models it can hold
};
/// Every form, each once.
FORESEE_API std::vector<ModelFormat> export_formats();

/// What is written, and where.
struct ExportRequest {
  std::filesystem::path model{};  // model folder, run folder or published file; or else
  std::string preset{};           // a published model's name: its networks with random weights, as training begins
  std::string format{};           // a name of export_formats()
  std::filesystem::path out{};    // folder that is made
  ReadOptions read{};             // what the model's file does not say
  uint64_t seed = 0;              // of a preset's weights
  bool overwrite = false;         // an earlier result of this library may be replaced
  std::vector<std::filesystem::path> bank{};  // "foresee", of a model that plans: recorded episodes, frames of which go
                                              // along to show what it imagines; none: those that lie beside it
  int64_t transformers_names = 5;  // "swm": tensors have the names of transformers 5, or 4 for older programs
};

/// What was written.
struct ExportResult {
  std::string family;      // of the model
  int64_t parameters = 0;  // numbers written, of all networks
  int64_t frames = 0;      // that were put beside them (ExportRequest::bank)
};

/// Writes a model in another form. The folder is there whole or not at all.
/// @throws CheckpointError for a model that cannot be read or that the form cannot hold; OutputExists where something
/// is at the place; UnknownSizeError where ReadOptions has to say more; RequestError "bank" where it does not fit;
/// DataError for episodes that cannot be read; Error for a request that is incomplete.
FORESEE_API ExportResult export_model(const ExportRequest& request, const JobControl& job = {});

}  // namespace foresee
