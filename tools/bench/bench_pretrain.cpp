
#include <chrono>

#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/train/masked/recipe.h"
#include "tools/bench/bench.h"

namespace foresee::tools {

nlohmann::ordered_json bench_pretrain(const PretrainBench& bench) {
  PretrainConfig config;
  config.model.encoder = video_encoder_preset(bench.encoder);
  config.model.encoder.image_size = bench.size;
  config.model.encoder.frames = bench.frames;
  config.model.predictor.width = bench.predictor_width;
  config.model.predictor.depth = bench.predictor_depth;
  config.model.predictor.heads = bench.predictor_heads;
  config.validate();
  MaskedPretrainer trainer(config.model, config.optimizer.adamw(), bench.seed);

  PretrainBucket bucket{
      Random(bench.seed, Stream::kTest).normal_tensor({bench.batch, 3, bench.frames, bench.size, bench.size}), {}};
  nlohmann::ordered_json context = nlohmann::ordered_json::array(), target = context;
  auto places = cpu_generator(bench.seed);
  for (const auto& group : config.masks.groups()) {
    auto sizes = cpu_generator(bench.seed);
    const TokenGrid grid = config.model.encoder.grid();
    bucket.masks.push_back(sample_masks(group, grid, sample_mask_block(group, grid, sizes), bench.batch, places));
    context.push_back(bucket.masks.back().context.size(1));
    target.push_back(bucket.masks.back().target.size(1));
  }

  std::vector<double> seconds;
  double loss = 0;
  for (int64_t i = 0; i < bench.warmup + bench.repetitions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const PretrainForward forward = trainer.forward({&bucket, 1});
    forward.loss.backward();
    trainer.update({.learning_rate = 1e-4, .weight_decay = 0.04, .ema_momentum = 0.999});
    loss = forward.loss.item<double>();
    if (i >= bench.warmup)
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return {{"encoder", bench.encoder},
          {"predictor", {bench.predictor_width, bench.predictor_depth, bench.predictor_heads}},
          {"clip", {bench.frames, bench.size, bench.size}},
          {"batch", bench.batch},
          {"threads", at::get_num_threads()},
          {"context", context},
          {"target", target},
          {"repetitions", bench.repetitions},
          {"loss", loss},
          {"ms", percentiles_ms(seconds)}};
}

}  // namespace foresee::tools
