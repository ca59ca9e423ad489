#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"

namespace foresee {

struct InspectRequest {
  std::filesystem::path path{};  // .safetensors or .pt file, model folder (any program's), run folder
};

/// One tensor, by what a file's header says of it.
struct TensorInfo {
  std::string name;
  std::string dtype;           // PyTorch's name: "float32"
  std::vector<int64_t> shape;  // empty: a single number
  std::string file;            // name of the file that holds it
};

/// A number or text that lies beside the tensors of a .pt file.
using InspectedValue = std::variant<bool, int64_t, double, std::string>;

/// What the headers of one or several files say.
struct InspectResult {
  std::string family;       // of the models that this library knows; empty: none of them
  std::string description;  // of that family, for people
  std::string declared;     // what config.json calls the model, as JSON; empty where there is none
  std::string pictures;     // how pictures become the input of the model, as JSON; empty where it is not known
  std::vector<TensorInfo> tensors;
  std::vector<std::pair<std::string, InspectedValue>> values;  // by dotted key
  std::vector<std::pair<std::string, std::string>> metadata;   // of .safetensors files
  std::vector<std::string> foreign;  // objects of .pt files that stay unread: "args: argparse.Namespace"
  int64_t elements = 0, bytes = 0;   // of all tensors
};

/// Lists what weight files hold. No tensor's data is read, and nothing in a file is run.
/// @throws CheckpointError for a path that is no weight file or holds none, or that is damaged; Error when stopped.
FORESEE_API InspectResult inspect(const InspectRequest& request, const JobControl& job = {});

}  // namespace foresee
