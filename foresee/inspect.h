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

/// What to look at.
struct InspectRequest {
  std::filesystem::path path{};  // .safetensors or .pt file, model folder (any program's), run folder
};

/// One tensor of a file.
struct TensorInfo {
  std::string name;               // as the file has it
  std::string dtype;              // PyTorch's name: "float32"; of one that is not read, what the file says, or empty
  std::vector<int64_t> shape;     // empty: a single number, or not known
  std::string file;               // name of the file that holds it
  std::string unread{};           // why it is not read: "a quantised tensor, which is not read"; empty: it is
  int64_t nan = 0, infinite = 0;  // how many of its numbers are not finite
};

/// A family whose models a path could be opened as.
struct Opening {
  std::string family;
  std::vector<std::string> options{};  // members of ReadOptions that have to be given: "heads"
  std::string problem{};               // why it does not open even so; empty: it does
};

/// A number or text that lies beside the tensors of a .pt file.
using InspectedValue = std::variant<bool, int64_t, double, std::string>;

/// What the headers of one or several files say.
struct InspectResult {
  std::string family;               // of the models that this library knows; empty: none of them
  std::string description;          // of that family, for people
  std::string declared;             // what config.json calls the model, as JSON; empty where there is none
  std::string pictures;             // how pictures become the model's input, as JSON; empty where it is not known
  std::vector<TensorInfo> tensors;  // in the order of the file
  std::vector<std::pair<std::string, InspectedValue>> values;  // by dotted key
  std::vector<std::pair<std::string, std::string>> metadata;   // of .safetensors files
  std::vector<std::string> foreign;  // objects of .pt files that stay unread: "args: argparse.Namespace"
  int64_t elements = 0, bytes = 0;   // of all tensors that are read
  std::vector<Opening> openings;     // families that recognise the path
  std::vector<std::string> notes;    // what there is to say of it: files that are absent, wrappings, an adapter
};

/// Lists what weight files hold: every tensor, also of kinds that are not read, and how many of its numbers are not
/// finite. Nothing in a file is run.
/// @throws CheckpointError for a path that is no weight file or holds none, or that is damaged, or whose tensors would
/// take far more memory than their file; Error when stopped.
FORESEE_API InspectResult inspect(const InspectRequest& request, const JobControl& job = {});

}  // namespace foresee
