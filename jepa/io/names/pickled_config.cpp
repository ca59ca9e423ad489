#include "jepa/io/names/pickled_config.h"

namespace foresee {
namespace {

using Kind = PickleValue::Kind;

/// @param left  values that may still be made: a value may appear in many places.
nlohmann::json json_of(const PickleValue& value, size_t& left) {
  if (left == 0) return nullptr;
  --left;
  switch (value.kind) {
    case Kind::kBool:
      return value.integer != 0;
    case Kind::kInt:
      return value.integer;
    case Kind::kFloat:
      return value.real;
    case Kind::kString:
      return std::string(value.text);
    case Kind::kList:
    case Kind::kTuple: {
      nlohmann::json list = nlohmann::json::array();
      for (const PickleValue* item : value.items) list.push_back(json_of(*item, left));
      return list;
    }
    case Kind::kDict: {
      nlohmann::json object = nlohmann::json::object();
      for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const PickleValue& key = *value.items[i];
        if (key.is(Kind::kString)) object[std::string(key.text)] = json_of(*value.items[i + 1], left);
        if (key.is(Kind::kInt)) object[std::to_string(key.integer)] = json_of(*value.items[i + 1], left);
      }
      return object;
    }
    default:
      return nullptr;
  }
}

/// The module that was saved: the root itself, or the first one in the dict that checkpoints keep it in.
const PickleValue* saved_module(const PtFile& file) {
  const PickleValue& root = file.root();
  if (module_state(root) != nullptr) return &root;
  if (root.is(Kind::kDict))
    for (size_t i = 1; i < root.items.size(); i += 2)
      if (module_state(*root.items[i]) != nullptr) return root.items[i];
  return nullptr;
}

/// The object "config" of that class, of the module or of the first one below it that has one: wrappers have none.
/// @param left  modules that may still be looked at: one may appear in many places.
const PickleValue* find_config(const PickleValue& module, std::string_view class_name, size_t& left) {
  const PickleValue* state = left == 0 ? nullptr : module_state(module);
  if (state == nullptr) return nullptr;
  --left;
  const PickleValue* config = state->find("config");
  if (config != nullptr && config->is(Kind::kCall) && config->qualified_name().ends_with(class_name)) return config;
  const PickleValue* members = state->find("_modules");
  if (!members->is(Kind::kDict)) return nullptr;
  for (size_t i = 1; i < members->items.size(); i += 2)
    if (const PickleValue* found = find_config(*members->items[i], class_name, left)) return found;
  return nullptr;
}

}  // namespace

nlohmann::json pickled_config(const PtFile& file, std::string_view class_name) {
  const PickleValue* module = saved_module(file);
  size_t modules = 10'000, values = 10'000;
  const PickleValue* config = module == nullptr ? nullptr : find_config(*module, class_name, modules);
  if (config == nullptr) return nullptr;
  for (size_t i = 2; i < config->items.size(); ++i)
    if (config->items[i]->is(Kind::kDict)) return json_of(*config->items[i], values);
  return nullptr;
}

std::string pickled_class(const PtFile& file) {
  const PickleValue* module = saved_module(file);
  return module == nullptr ? "" : module->qualified_name();
}

}  // namespace foresee
