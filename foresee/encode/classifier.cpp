#include "foresee/encode/classifier.h"

#include <algorithm>
#include <fstream>

#include "foresee/encode/encode_plan.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2/models.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& path) {
  if (const auto reason = why_not_a_file(path)) fail<DataError>("{}: {}", path.string(), *reason);
  std::ifstream file(path);
  if (!file) fail_errno(path, "open");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace

Classifier read_classifier(const EncodeRequest& request) {
  const fs::path& path = *request.classifier;
  ReadOptions read = read_options(request, /*classifier=*/{});
  read.weights = EncoderKey::kDefault;  // of the model's file
  const Vjepa2Weights own = read_vjepa2(path, read, Vjepa2Parts::kEncoder);
  if (!own.probe) fail<CheckpointError>("{}: holds no classifier", path.string());
  Classifier classifier{make_probe(*own.probe, path.string()), own.probe->labels};
  if (own.format != "official") classifier.pictures = own.preprocess;  // Meta's probe files say nothing of pictures
  classifier.encoder = value_of(kEncoderKeyNames, own.taken).value_or(EncoderKey::kDefault);
  if (request.labels) classifier.labels = lines_of(*request.labels);
  return classifier;
}

void check_classifier(const EncodeRequest& request, const Classifier& classifier, const Vjepa2Weights& model) {
  if (classifier.probe->config.width != model.config.encoder.width)
    fail<CheckpointError>("{}: made for features of {}, the model gives {}", request.classifier->string(),
                          classifier.probe->config.width, model.config.encoder.width);
}

void Votes::add(size_t input, const std::vector<Tensor>& logits, int64_t row) {
  for (size_t o = 0; o < logits.size(); ++o) {
    const Tensor probabilities = logits[o][row].softmax(-1).cpu();
    if (sums_[input].size() <= o)
      sums_[input].push_back(probabilities);
    else
      sums_[input][o].add_(probabilities);
  }
  ++counts_[input];
}

std::vector<EncodeResult::Classes> Votes::top(size_t input, int64_t count) const {
  std::vector<EncodeResult::Classes> all;
  for (size_t o = 0; o < sums_[input].size(); ++o) {
    const Tensor mean = sums_[input][o] / counts_[input];
    const auto [values, classes] = mean.topk(std::min<int64_t>(count, mean.size(0)));
    EncodeResult::Classes found{.output = classifier_.probe->config.outputs[o], .top = {}};
    for (int64_t i = 0; i < values.size(0); ++i) {
      const auto index = static_cast<size_t>(classes[i].item<int64_t>());
      EncodeResult::Class row{.index = static_cast<int64_t>(index), .probability = values[i].item<double>()};
      if (o == 0 && index < classifier_.labels.size()) row.label = classifier_.labels[index];
      found.top.push_back(std::move(row));
    }
    all.push_back(std::move(found));
  }
  return all;
}

}  // namespace foresee
