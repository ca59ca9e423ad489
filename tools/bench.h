#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace foresee::tools {

/// Environment steps a second on one thread: without pictures, with 224 x 224 and with 64 x 64 pictures, each step
/// under a random action. Every rate is the median of several repetitions, with the slowest and fastest.
/// @returns {"env", "threads", "repetitions", "steps": {"per_s", "low", "high", "peer_per_s", "ratio"}, "rendered_224",
/// "rendered_64"}
nlohmann::ordered_json bench_env(const std::string& env, uint64_t seed);

}  // namespace foresee::tools
