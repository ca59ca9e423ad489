#include "foresee/evaluate/quality/reading.h"

#include <algorithm>
#include <numeric>

#include "foresee/evaluate/results.h"
#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"

namespace foresee {
namespace {

constexpr int64_t kAtOnce = 32;  // clips
constexpr uint64_t kClips = 1;   // draws

/// One episode at the model's cadence.
data::ClipBatch read_episode(const data::EpisodeDataset& dataset, int64_t episode, int64_t block,
                             const std::vector<std::string>& columns) {
  const data::ClipShape shape{.frames = dataset.length(episode) / block, .frameskip = block, .columns = columns};
  const data::EpisodeClip clip{episode, 0};
  return dataset.read(shape, {&clip, 1});
}

/// Encodings of its pictures, on the CPU.
Tensor encoded_pictures(const WorldModel& model, const SequenceReader& reader, const data::ClipBatch& batch) {
  const Tensor own = reader.columns.empty() ? Tensor() : batch.columns.at(reader.columns.front()).flatten(2).squeeze(0);
  const Tensor pictures = batch.frames.squeeze(0);
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < pictures.size(0); first += kAtOnce) {
    Goal goal(pictures.slice(0, first, first + kAtOnce));
    if (model.state_spec().of_goal) goal.state = own.slice(0, first, first + kAtOnce);
    parts.push_back(model.encode_goal(goal).to(at::kCPU, at::kFloat));
  }
  return at::cat(parts);
}

}  // namespace

Tensor encoded_rows(const WorldModel& model, const SequenceReader& reader, int64_t episode) {
  const at::NoGradGuard no_grad;
  return encoded_pictures(model, reader, read_episode(*reader.dataset, episode, reader.rows, reader.columns));
}

SeenEpisodes see_episodes(const WorldModel& model, const data::EpisodeDataset& dataset,
                          const std::vector<int64_t>& episodes, const data::TrainedEpisodes& trained,
                          const std::string& state, const JobControl& control) {
  const at::NoGradGuard no_grad;
  const SequenceReader reader = sequence_reader(model, dataset);
  std::vector<std::string> columns = reader.columns;
  if (!state.empty() && std::find(columns.begin(), columns.end(), state) == columns.end()) columns.push_back(state);
  SeenEpisodes out;
  std::vector<Tensor> latents, actions, states, held_out;
  out.first.push_back(0);
  Progress progress(control, "encode", static_cast<int64_t>(episodes.size()), "episodes");
  for (const int64_t episode : episodes) {
    stop_where_asked(control);
    if (dataset.length(episode) < 2 * reader.rows) continue;
    const data::ClipBatch batch = read_episode(dataset, episode, reader.rows, columns);
    const auto column = [&](const std::string& name) { return batch.columns.at(name).flatten(2).squeeze(0); };
    latents.push_back(picture_features(encoded_pictures(model, reader, batch)).to(at::kDouble));
    actions.push_back(reader.blocks(batch).squeeze(0).to(at::kCPU, at::kDouble));
    if (actions.back().size(0) < latents.back().size(0))  // of poses: nothing leaves the last row
      actions.back() = at::constant_pad_nd(actions.back(), {0, 0, 0, 1});
    if (!state.empty()) states.push_back(column(state).to(at::kDouble));
    const bool apart =
        trained.known() ? !trained.hold(data::content_of(dataset, episode)) : data::held_out(dataset.id(episode));
    held_out.push_back(at::full({latents.back().size(0)}, apart, at::kBool));
    out.first.push_back(out.first.back() + latents.back().size(0));
    out.in_dataset.push_back(episode);
    progress.update(static_cast<int64_t>(out.in_dataset.size()));
  }
  progress.finish();
  if (latents.empty())
    fail<DataError>("eval: no episode has {} rows, which two action blocks of the model take", 2 * reader.rows);
  out.latents = at::cat(latents), out.actions = at::cat(actions), out.held_out = at::cat(held_out);
  if (!states.empty()) out.states = at::cat(states);
  return out;
}

Tensor clip_rows(const SeenEpisodes& seen, int64_t history, int64_t horizon, int64_t stride, int64_t most,
                 uint64_t seed) {
  std::vector<int64_t> all;
  for (size_t e = 0; e + 1 < seen.first.size(); ++e)
    for (int64_t row = seen.first[e] + history - 1; row + horizon < seen.first[e + 1]; row += stride)
      all.push_back(row);
  std::vector<int64_t> chosen = all;
  if (static_cast<int64_t>(all.size()) > most) {
    const auto order = Random(seed, Stream::kBaseline, kClips).permutation(static_cast<int64_t>(all.size()));
    chosen.clear();
    for (int64_t i = 0; i < most; ++i) chosen.push_back(all[static_cast<size_t>(order[static_cast<size_t>(i)])]);
    std::sort(chosen.begin(), chosen.end());
  }
  return torch::tensor(chosen, at::kLong);
}

SeenSequences sequences_at(const SequenceReader& reader, const SeenEpisodes& seen, const Tensor& rows, int64_t history,
                           int64_t horizon) {
  std::vector<data::EpisodeClip> clips;
  for (int64_t i = 0; i < rows.size(0); ++i) {
    const auto row = rows[i].item<int64_t>();
    const auto next = std::upper_bound(seen.first.begin(), seen.first.end(), row);
    const auto episode = static_cast<size_t>(next - seen.first.begin()) - 1;
    clips.push_back({seen.in_dataset[episode], (row - history + 1 - seen.first[episode]) * reader.rows});
  }
  return reader.read(clips, horizon);
}

OpenLoop open_loop(const WorldModel& model, const SequenceReader& reader, const SeenEpisodes& seen, const Tensor& rows,
                   int64_t history, int64_t horizon, const JobControl& control) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> predicted;
  Progress progress(control, "roll out", rows.size(0), "clips");
  for (const Tensor& part : rows.split(kAtOnce)) {
    stop_where_asked(control);
    const SeenSequences from = sequences_at(reader, seen, part, history, horizon);
    predicted.push_back(pooled_rollout(model.rollout(*from.context, from.actions.unsqueeze(1))).select(1, 0));
    progress.update(static_cast<int64_t>(predicted.size()) * kAtOnce);
  }
  progress.finish();
  return {rows, at::cat(predicted)};
}

Tensor pooled_rollout(const Tensor& rollout) {
  return (rollout.dim() > 4 ? rollout.flatten(3, -2).mean(3) : rollout).to(at::kCPU, at::kDouble);
}

}  // namespace foresee
