#pragma once

#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "jepa/io/state_dict.h"
#include "jepa/model/family/family.h"

namespace foresee {

/// A family of two numbers: a picture's mean red and green, which an action moves by a matrix. A goal is reached where
/// they are the goal's.
inline constexpr const char* kToyFamily = "toy";

struct ToyContext : Context {
  explicit ToyContext(Tensor now) : now(std::move(now)) {}
  int64_t batch() const override { return now.size(0); }
  std::unique_ptr<Context> rows(const Tensor& index) const override {
    return std::make_unique<ToyContext>(now.index_select(0, index));
  }
  Tensor now;  // float [B, 2]
};

class ToyWorldModel : public WorldModel {
 public:
  ToyWorldModel(const ModelFolder& folder, const ActionSpec& actions)
      : matrix_(folder.weights.at("matrix").clone()), actions_(actions), preprocess_(folder.preprocess) {}

  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }
  std::unique_ptr<Context> encode(const Observation& seen) const override {
    return std::make_unique<ToyContext>(colour(seen.frames.select(1, seen.frames.size(1) - 1)));
  }
  Tensor encode_goal(const Goal& goal) const override { return colour(goal.pictures); }
  Tensor rollout(const Context& context, const Tensor& actions) const override {
    const Tensor now = dynamic_cast<const ToyContext&>(context).now;
    return now.view({-1, 1, 1, 2}) + at::cumsum(at::matmul(actions, matrix_), 2);
  }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective) const override {
    const Tensor last = rollout(context, actions).select(2, actions.size(2) - 1);
    return (last - goal.unsqueeze(1)).square().sum(-1);
  }

 private:
  static Tensor colour(const Tensor& pictures) {  // [B, 3, H, W] -> [B, 2]
    return pictures.to(at::kFloat).div(255).mean({2, 3}).slice(1, 0, 2);
  }
  Tensor matrix_;  // [2, 2]
  ActionSpec actions_;
  Preprocess preprocess_;
};

struct ToyNetwork : torch::nn::Module {
  explicit ToyNetwork(const Tensor& matrix) { register_parameter("matrix", matrix.clone()); }
};

inline void write_toy_model(const std::filesystem::path& folder) {
  ModelFolder files{.family = kToyFamily, .model = nlohmann::json::object()};
  files.preprocess.size = 8;
  files.actions = ActionSpec{.size = 2, .low = {-1, -1}, .high = {1, 1}};
  files.weights = {{"matrix", at::eye(2) * 0.1}};
  save_model_folder(folder, files);
}

/// The one row that a new family needs.
inline Family toy_family() {
  Family family{.name = kToyFamily, .description = "two colours and a matrix"};
  family.recognise = [](const auto& path) {
    const auto config = peek_model_config(path);
    return config.is_object() && config.value("family", nlohmann::json()) == kToyFamily;
  };
  family.form = [](const auto&) { return "foresee"; };
  family.networks = [](const ModelSource& source) -> std::vector<std::shared_ptr<torch::nn::Module>> {
    return {std::make_shared<ToyNetwork>(load_model_folder(source.path, kToyFamily).weights.at("matrix"))};
  };
  family.make_world_model = [](const auto& path, const WorldModelOptions& options) -> std::unique_ptr<WorldModel> {
    const ModelFolder folder = load_model_folder(path, kToyFamily);
    return std::make_unique<ToyWorldModel>(folder, options.actions ? options.actions(2) : *folder.actions);
  };
  family.formats = {{"foresee", "this program", [](const ModelSource& source, const auto& out) {
                       const ModelFolder folder = load_model_folder(source.path, kToyFamily);
                       save_model_folder(out, folder);
                       return count_elements(folder.weights);
                     }}};
  return family;
}

}  // namespace foresee
