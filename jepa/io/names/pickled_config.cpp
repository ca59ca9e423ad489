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

/// The module that was saved: the root itself, or the value that checkpoints keep it under.
const PickleValue* saved_module(const PtFile& file) {
  const PickleValue& root = file.root();
  if (module_state(root) != nullptr) return &root;
  for (const char* key : {"model", "module", "net"})
    if (const PickleValue* value = root.find(key); value != nullptr && module_state(*value) != nullptr) return value;
  return nullptr;
}

}  // namespace

nlohmann::json pickled_config(const PtFile& file) {
  const PickleValue* module = saved_module(file);
  const PickleValue* config = module == nullptr ? nullptr : module_state(*module)->find("config");
  if (config == nullptr || !config->is(Kind::kCall)) return nullptr;
  size_t left = 10'000;
  for (size_t i = 2; i < config->items.size(); ++i)
    if (config->items[i]->is(Kind::kDict)) return json_of(*config->items[i], left);
  return nullptr;
}

std::string pickled_class(const PtFile& file) {
  const PickleValue* module = saved_module(file);
  return module == nullptr ? "" : module->qualified_name();
}

}  // namespace foresee
