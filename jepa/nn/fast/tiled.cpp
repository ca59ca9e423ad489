#include "jepa/nn/fast/tiled.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

// Gradients of parameters are summed along lanes: lane i owns tiles i, i + kLanes, ... in this order, and the lanes are
// summed in order. So the sums are the same whatever the number of threads.
constexpr int64_t kLanes = 16;

/// Backward of all tiles; owns their graphs.
struct TiledBackward : torch::autograd::Node {
  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override;
  std::string name() const override { return "foresee::TiledBackward"; }
  void release_variables() override { outputs.clear(); }

  std::vector<Tensor> outputs;  // of the tiles, each the end of its graph
  std::vector<Tensor> parameters;
  int64_t tile = 1;
};

// A tensor that may be added to: `x` itself where nothing else holds its memory.
Tensor owned(Tensor x) {
  if (!x.defined() || (x.use_count() == 1 && x.storage().use_count() == 1 && x.is_contiguous())) return x;
  return x.clone(at::MemoryFormat::Contiguous);
}

torch::autograd::variable_list TiledBackward::apply(torch::autograd::variable_list&& gradients) {
  const auto count = static_cast<int64_t>(outputs.size()), lanes = std::min(kLanes, count);
  FORESEE_CHECK(count > 0, "the graph of the tiles is gone: backward ran twice");
  if (!gradients[0].defined()) return torch::autograd::variable_list(parameters.size());
  std::vector<torch::autograd::variable_list> sums(static_cast<size_t>(lanes));
  at::parallel_for(0, lanes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t lane = begin; lane < end; ++lane)
      for (int64_t i = lane; i < count; i += lanes) {
        Tensor output = std::exchange(outputs[static_cast<size_t>(i)], Tensor());
        const Tensor gradient = gradients[0].narrow(0, i * tile, output.size(0));
        auto found = torch::autograd::grad({output}, parameters, {gradient}, /*retain_graph=*/false,
                                           /*create_graph=*/false, /*allow_unused=*/true);
        auto& sum = sums[static_cast<size_t>(lane)];
        if (sum.empty()) {
          for (Tensor& gradient_of : found) sum.push_back(owned(std::move(gradient_of)));
          continue;
        }
        for (size_t p = 0; p < found.size(); ++p)
          if (found[p].defined()) sum[p].add_(found[p]);
      }
  });
  outputs.clear();
  auto& total = sums.front();
  at::parallel_for(0, static_cast<int64_t>(total.size()), 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;
    for (int64_t p = begin; p < end; ++p)
      for (int64_t lane = 1; lane < lanes; ++lane)
        if (total[static_cast<size_t>(p)].defined())
          total[static_cast<size_t>(p)].add_(sums[static_cast<size_t>(lane)][static_cast<size_t>(p)]);
  });
  return total;
}

}  // namespace

Tensor tiled(const Tensor& input, const std::vector<Tensor>& parameters, int64_t tile,
             const std::function<Tensor(const Tensor&)>& network, Kernel kernel) {
  FORESEE_CHECK(tile >= 1 && !input.requires_grad(), "expected tiles of 1 or more rows and an input without gradient");
  const int64_t rows = input.size(0), count = (rows + tile - 1) / tile;
  if (!takes_fused(kernel, input.is_cpu(), "a batch on the CPU", input) || count < 2) return network(input);
  const bool grad = at::GradMode::is_enabled();
  std::vector<Tensor> outputs(static_cast<size_t>(count)), values(static_cast<size_t>(count));
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    const at::AutoGradMode mode(grad);  // a property of the thread
    for (int64_t i = begin; i < end; ++i) {
      const size_t at = static_cast<size_t>(i);
      outputs[at] = network(input.narrow(0, i * tile, std::min(tile, rows - i * tile)));
      values[at] = outputs[at].detach();
    }
  });
  Tensor joined = at::cat(values);
  if (!grad) return joined;
  const auto node = std::make_shared<TiledBackward>();
  torch::autograd::edge_list edges;
  for (const Tensor& parameter : parameters) edges.push_back(torch::autograd::impl::gradient_edge(parameter));
  node->set_next_edges(std::move(edges));
  node->outputs = std::move(outputs);
  node->parameters = parameters;
  node->tile = tile;
  torch::autograd::impl::set_gradient_edge(joined, {node, node->add_input_metadata(joined)});
  return joined;
}

}  // namespace foresee
