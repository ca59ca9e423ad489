// The one precompiled header, reused by every target. Sources still include what they use.
#pragma once
#include <fmt/format.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
