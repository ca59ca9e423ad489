#include "jepa/model/lewm/rollout.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int64_t kTile = 80;  // candidates; their modulations of three actions fill about 2 MB

Affine fixed(const Affine& a) {
  return {a.weight.defined() ? a.weight.detach().clone() : Tensor(),
          a.bias.defined() ? a.bias.detach().clone() : Tensor()};
}

Tensor transposed(const Tensor& weight) { return weight.detach().t().contiguous(); }  // [out, in] -> [in, out]

Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias) { return at::addmm(bias, x, weight); }

}  // namespace

LewmRollout::LewmRollout(const Lewm& model) : config_(model->config.predictor) {
  FORESEE_CHECK(model->predictor.has_value(), "expected a predictor that goes block after block");
  FORESEE_CHECK(model->vit.cls.is_cpu() && model->vit.cls.scalar_type() == at::kFloat,
                "expected a float32 model on the CPU, got {}", describe(model->vit.cls));
  const torch::NoGradGuard no_grad;
  const LewmPredictor& predictor = *model->predictor;
  smooth_ = fixed({model->action_weight.squeeze(2), model->action_bias});
  action_in_ = fixed(model->action_in);
  action_out_ = fixed(model->action_out);
  condition_ = fixed(predictor.condition_projection);
  input_ = fixed(predictor.input_projection);
  output_ = fixed(predictor.output_projection);
  positions_ = predictor.positions.detach()[0].clone();
  std::vector<Tensor> weights, biases;
  for (const AdaLnBlock& block : predictor.blocks) {
    weights.push_back(block.adaln.weight.detach());
    biases.push_back(block.adaln.bias.detach());
    blocks_.emplace_back(block, static_cast<int64_t>(blocks_.size()));
  }
  modulation_weight_ = transposed(at::cat(weights));
  modulation_bias_ = at::cat(biases);
  norm_weight_ = predictor.norm.weight.detach().clone();
  norm_bias_ = predictor.norm.bias.detach().clone();
  head_in_ = model->prediction_projector.folded_input();
  head_out_ = fixed(model->prediction_projector.output);
}

LewmRollout::Prefix LewmRollout::Prefix::rows(const Tensor& index) const {
  Prefix out{embeddings.index_select(0, index), past.index_select(0, index), {}};
  for (const Tensor& layer : projections) out.projections.push_back(layer.index_select(0, index));
  return out;
}

Tensor LewmRollout::modulations(const Tensor& actions) const {
  Tensor c = action_out_.linear(at::silu(action_in_.linear(smooth_.linear(actions))));
  if (condition_.weight.defined()) c = condition_.linear(c);
  return affine(at::silu_(c), modulation_weight_, modulation_bias_);
}

Tensor LewmRollout::input(const Tensor& embedding, int64_t position) const {
  const Tensor x = embedding + positions_[position];
  return input_.weight.defined() ? input_.linear(x) : x;
}

/// Runs new tokens (the newest last) behind those whose projections are known, and adds theirs to the known ones.
/// @param tokens  [N, width] each; overwritten. @returns the newest token after the last block.
Tensor LewmRollout::advance(std::vector<Tensor> tokens, std::span<const Tensor> modulation, Projections& known) const {
  const int64_t n = tokens.front().size(0), older = (static_cast<int64_t>(tokens.size()) - 1) * n;
  Tensor x = older == 0 ? tokens.front() : at::cat(tokens);  // [T * N, width]
  auto scratch = blocks_.front().scratch(x);
  for (size_t l = 0; l < blocks_.size(); ++l)  // the newest alone matters after the last block
    blocks_[l].forward(x, modulation, known[l], /*newest_alone=*/l + 1 == blocks_.size(), scratch);
  return x.narrow(0, older, n);
}

Tensor LewmRollout::head(const Tensor& x) const {
  Tensor y = at::layer_norm(x, {x.size(1)}, norm_weight_, norm_bias_, config_.last_eps(), /*cudnn_enable=*/false);
  if (output_.weight.defined()) y = output_.linear(y);
  Tensor hidden = head_in_.linear(y);
  return head_out_.linear(at::gelu_(hidden));
}

LewmRollout::Prefix LewmRollout::prefix(const Tensor& embeddings, const Tensor& actions) const {
  const torch::NoGradGuard no_grad;
  const int64_t batch = embeddings.size(0), frames = embeddings.size(1);
  FORESEE_CHECK(frames >= 1 && frames <= config_.frames, "expected 1 to {} frames, got {}", config_.frames,
                describe(embeddings));
  Prefix out{embeddings.contiguous(), at::empty({batch, 0, modulation_bias_.size(0)}, embeddings.options()), {}};
  if (frames == 1) return out;
  FORESEE_CHECK(actions.defined() && actions.dim() == 3 && actions.size(0) == batch && actions.size(1) == frames - 1,
                "expected the {} action blocks between {} frames", frames - 1, frames);
  std::vector<Tensor> tokens, modulation;
  for (int64_t t = 0; t + 1 < frames; ++t) {
    tokens.push_back(input(embeddings.select(1, t), t));
    modulation.push_back(modulations(actions.select(1, t)));
  }
  Projections known(blocks_.size());
  advance(std::move(tokens), modulation, known);
  for (const auto& layer : known) out.projections.push_back(at::stack(layer, 1));
  out.past = at::stack(modulation, 1);
  return out;
}

/// Candidates [begin, end) of all problems, laid end to end.
void LewmRollout::run_tile(const Prefix& prefix, const Tensor& actions, int64_t begin, int64_t end, bool all,
                           Tensor& out) const {
  const int64_t candidates = actions.size(1), horizon = actions.size(2), window = config_.frames;
  const Tensor row = at::arange(begin, end, at::kLong).div_(candidates, "floor");
  const Tensor blocks = actions.flatten(0, 1).slice(0, begin, end);  // [n, H, A]
  const Prefix own = prefix.rows(row);
  const int64_t history = own.embeddings.size(1);
  std::vector<Tensor> states = own.embeddings.unbind(1), modulation = own.past.unbind(1);
  Projections known(blocks_.size());
  for (size_t l = 0; l < own.projections.size(); ++l) known[l] = own.projections[l].unbind(1);
  for (int64_t step = 0; step < horizon; ++step) {
    modulation.push_back(modulations(blocks.select(1, step)));
    if (static_cast<int64_t>(modulation.size()) > window) modulation.erase(modulation.begin());
    const int64_t length = history + step;  // frames known before this step
    Tensor x;
    if (length <= window) {
      x = advance({input(states.back(), length - 1)}, std::span(modulation).last(1), known);
    } else {
      std::vector<Tensor> tokens;
      for (int64_t t = 0; t < window; ++t) tokens.push_back(input(states[static_cast<size_t>(length - window + t)], t));
      Projections fresh(blocks_.size());
      x = advance(std::move(tokens), modulation, fresh);
    }
    states.push_back(head(x));
    if (all) out.slice(0, begin, end).select(1, step).copy_(states.back());
  }
  if (!all) out.slice(0, begin, end).copy_(states.back());
}

Tensor LewmRollout::run(const Prefix& prefix, const Tensor& actions, bool all) const {
  FORESEE_CHECK(actions.dim() == 4 && actions.size(0) == prefix.embeddings.size(0) && actions.size(2) >= 1 &&
                    actions.size(3) == smooth_.weight.size(1),
                "expected actions [{}, K, H, {}], got {}", prefix.embeddings.size(0), smooth_.weight.size(1),
                describe(actions));
  const torch::NoGradGuard no_grad;
  const Tensor blocks = actions.to(at::kFloat).contiguous();
  const int64_t problems = actions.size(0), candidates = actions.size(1), total = problems * candidates;
  const int64_t width = prefix.embeddings.size(2), horizon = actions.size(2), threads = at::get_num_threads();
  Tensor out = at::empty(all ? std::vector<int64_t>{total, horizon, width} : std::vector<int64_t>{total, width},
                         prefix.embeddings.options());
  const int64_t rounds = std::max<int64_t>(1, (total + kTile * threads - 1) / (kTile * threads));
  const int64_t tile = std::max<int64_t>(1, (total + rounds * threads - 1) / (rounds * threads));
  at::parallel_for(0, (total + tile - 1) / tile, 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard also_here;  // a property of the thread
    for (int64_t i = begin; i < end; ++i) run_tile(prefix, blocks, i * tile, std::min(total, (i + 1) * tile), all, out);
  });
  return all ? out.view({problems, candidates, horizon, width}) : out.view({problems, candidates, width});
}

Tensor LewmRollout::predictions(const Prefix& prefix, const Tensor& actions) const {
  return run(prefix, actions, /*all=*/true);
}

Tensor LewmRollout::last_prediction(const Prefix& prefix, const Tensor& actions) const {
  return run(prefix, actions, /*all=*/false);
}

}  // namespace foresee
