#pragma once

#include <filesystem>
#include <string>

namespace foresee::report {

/// A model card of an evaluation: YAML metadata with `model-index` as Hugging Face reads it, then the table, the flags,
/// what was held out and where the numbers come from, in Markdown.
/// @throws Error where the folder is no evaluation, or its protocol has no rates.
std::string model_card(const std::filesystem::path& evaluation);

}  // namespace foresee::report
