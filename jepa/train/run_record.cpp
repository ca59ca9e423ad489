#include "jepa/train/run_record.h"

#include <nlohmann/json.hpp>

namespace foresee {

void describe(Fields& f, RunOrigin& o) {
  f("family", o.family, "what is trained");
  if (o.preset) f("preset", *o.preset, "where the defaults come from");
  f("seed", o.seed, "of everything random");
  f(o.data_key, o.data, "files that are learned from");
  if (o.encoder) f("encoder", *o.encoder, "where the frozen encoder came from");
  if (o.encoder_weights) f("encoder_weights", *o.encoder_weights, "fingerprint of its weights");
}

RunOrigin read_origin(const nlohmann::json& settings, const std::string& where, const RunOrigin& defaults) {
  auto known = nlohmann::json::object();
  const auto all = config_json(defaults);
  for (const auto& [key, value] : all.items())
    if (settings.contains(key)) known[key] = settings[key];
  return parse_config(known, where, defaults);
}

}  // namespace foresee
