#include "jepa/model/family/foreign_model.h"

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/names/weight_file.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

nlohmann::json object_in(const fs::path& file) {
  try {
    auto object = read_json(file);
    return object.is_object() ? object : nlohmann::json::object();
  } catch (const std::exception&) {
    return nlohmann::json::object();
  }
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string adapter_text(const std::string& where, const std::string& kind, const std::string& base) {
  return fmt::format(
      "{}: an adapter{}, which holds changes of another model's weights{} and none of its own; merge it in Python and "
      "save the whole: PeftModel.from_pretrained(MODEL, ADAPTER).merge_and_unload().save_pretrained(NEW_FOLDER)",
      where, kind.empty() ? "" : " (" + kind + ")", base.empty() ? "" : ", those of " + base + ",");
}

bool has_adapter_tensors(const fs::path& file) {
  const WeightFile weights(file);
  for (const auto& [name, stored] : weights.names().stored)
    if (name.find(".lora_A.") != std::string::npos || name.find(".lora_B.") != std::string::npos) return true;
  return false;
}

}  // namespace

std::optional<std::string> foreign_model(const fs::path& path) try {
  const bool is_folder = fs::is_directory(path);
  const fs::path folder = is_folder ? path : folder_around(path);
  const auto adapter = object_in(folder / "adapter_config.json");
  const bool whole = is_folder && fs::exists(folder / "config.json");  // of a model that has an adapter beside it
  if (is_folder ? !adapter.empty() && !whole : has_adapter_tensors(path))
    return adapter_text(path.string(), text_of(adapter, "peft_type"), text_of(adapter, "base_model_name_or_path"));
  const fs::path file = folder / "config.json";
  const auto config = object_in(file);
  const std::string target = text_of(config, "_target_"), type = text_of(config, "model_type");
  if (!target.empty() && !target.ends_with(".LeWM") && !target.ends_with(".JEPA"))
    return fmt::format("{}: a model of class {}; of stable-worldmodel's models LeWM is read", file.string(), target);
  if (!type.empty() && type != "vjepa2")
    return fmt::format("{}: a model of transformers' family {}; of those vjepa2 is read", file.string(), type);
  return std::nullopt;
} catch (const std::exception&) {
  return std::nullopt;
}

void refuse_foreign_model(const fs::path& path) {
  if (const auto text = foreign_model(path)) fail<CheckpointError>("{}", *text);
}

}  // namespace foresee
