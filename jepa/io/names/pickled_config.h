#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "jepa/io/pt_file.h"

namespace foresee {

/// The members of the object "config" of a pickled module, or of one inside it: what transformers keeps of an
/// architecture. Texts, numbers, lists and dicts; what else there is comes as null. Null where the file is no pickled
/// module or none has a config of that class.
/// @param class_name  how the class's name ends: "VJEPA2Config".
nlohmann::json pickled_config(const PtFile& file, std::string_view class_name);

/// The class of the module that a file of torch.save(model) holds; empty where it is none.
std::string pickled_class(const PtFile& file);

}  // namespace foresee
