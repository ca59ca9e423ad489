// The one precompiled header, reused by every target. Sources still include what they use. Everything in it costs every
// file: GCC instantiates the templates of its inline functions anew each time.
#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "jepa/core/torch.h"

// Compiled once, in instances.cpp.
extern template class nlohmann::basic_json<>;
extern template class nlohmann::basic_json<nlohmann::ordered_map>;
