// Claims: the table of names maps every tensor of every published model, both ways.
#include "jepa/model/vjepa2/files/names.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "tests/support/refusal.h"

namespace foresee {
namespace {

/// Tensors without memory, with the recorded names and shapes.
TensorMap recorded(const std::string& key) {
  static const auto all = read_json("tests/fixtures/vjepa2/full_size_names.json");
  TensorMap tensors;
  for (const auto& [name, shape] : all.at(key).items())
    tensors[name] = at::empty(shape.get<std::vector<int64_t>>(), at::kMeta);
  return tensors;
}

::testing::AssertionResult same_shapes(const TensorMap& a, const TensorMap& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " and " << b.size() << " tensors";
  for (const auto& [name, tensor] : a)
    if (!b.contains(name) || b.at(name).sizes() != tensor.sizes()) return ::testing::AssertionFailure() << name;
  return ::testing::AssertionSuccess();
}

TEST(Vjepa2Names, MapEveryPublishedModelBothWays) {
  for (const std::string size : {"vitl", "vith", "vitg"}) {
    const TensorMap theirs = recorded("hf." + size + ".base");
    const Vjepa2Tensors official = official_from_huggingface(theirs, size);
    EXPECT_TRUE(same_shapes(official.encoder, recorded("official." + size + ".encoder"))) << size;
    EXPECT_TRUE(same_shapes(official.predictor, recorded("official." + size + ".predictor"))) << size;
    EXPECT_TRUE(official.probe.empty());
    EXPECT_TRUE(same_shapes(huggingface_from_official(official), theirs)) << size;
  }
}

TEST(Vjepa2Names, MapClassifiersBothWays) {
  for (const std::string size : {"vitl", "vitg"}) {
    const TensorMap theirs = recorded("hf." + size + ".classifier174");
    const Vjepa2Tensors official = official_from_huggingface(theirs, size);
    EXPECT_TRUE(same_shapes(official.encoder, recorded("official." + size + ".encoder"))) << size;
    EXPECT_TRUE(same_shapes(huggingface_from_official(official), theirs)) << size;
    // transformers' g pooler has the official shapes too; only its number of heads differs.
    EXPECT_TRUE(same_shapes(official.probe, recorded("official." + size + ".probe_ssv2_174_depth4"))) << size;
  }
}

TEST(Vjepa2Names, KeepQueriesKeysAndValuesInTheirOrder) {
  TensorMap theirs;
  for (const auto& [name, value] : {std::pair("query", 1.F), std::pair("key", 2.F), std::pair("value", 3.F)})
    theirs[fmt::format("encoder.layer.11.attention.{}.bias", name)] = torch::full({2}, value);
  const Tensor joint = official_from_huggingface(theirs, "test").encoder.at("blocks.11.attn.qkv.bias");
  EXPECT_TRUE(at::equal(joint, torch::tensor({1.F, 1.F, 2.F, 2.F, 3.F, 3.F})));
}

TEST(Vjepa2Names, RefuseThirdsThatDoNotFitTogether) {
  TensorMap theirs;
  for (const char* name : {"query", "key", "value"})
    theirs[fmt::format("encoder.layer.0.attention.{}.weight", name)] = torch::zeros({2, name[0] == 'k' ? 3 : 2});
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { official_from_huggingface(theirs, "test"); }), "does not fit"));
}

}  // namespace
}  // namespace foresee
