#pragma once

#include <string_view>
#include <utility>

#include "foresee/encode.h"

namespace foresee {

// The names that commands, files and reports use for the choices of a request. Those of jepa and data are the same.

inline constexpr std::pair<EncodeRequest::Pooling, std::string_view> kEncodePoolingNames[] = {
    {EncodeRequest::Pooling::kToken, "token"},
    {EncodeRequest::Pooling::kFrame, "frame"},
    {EncodeRequest::Pooling::kClip, "clip"}};

inline constexpr std::pair<EncodeRequest::Precision, std::string_view> kEncodePrecisionNames[] = {
    {EncodeRequest::Precision::kFloat32, "fp32"}, {EncodeRequest::Precision::kBFloat16, "bf16"}};

inline constexpr std::pair<EncodeRequest::Preprocess, std::string_view> kEncodePreprocessNames[] = {
    {EncodeRequest::Preprocess::kAuto, "auto"},
    {EncodeRequest::Preprocess::kHuggingFace, "huggingface"},
    {EncodeRequest::Preprocess::kOfficial, "official"},
    {EncodeRequest::Preprocess::kOfficialTensor, "official_tensor"}};

inline constexpr std::pair<EncodeRequest::Sampling, std::string_view> kEncodeSamplingNames[] = {
    {EncodeRequest::Sampling::kTime, "time"},
    {EncodeRequest::Sampling::kSegments, "segments"},
    {EncodeRequest::Sampling::kStride, "stride"}};

inline constexpr std::pair<EncodeRequest::Colours, std::string_view> kEncodeColoursNames[] = {
    {EncodeRequest::Colours::kAuto, "auto"},
    {EncodeRequest::Colours::kExact, "exact"},
    {EncodeRequest::Colours::kSwscale, "swscale"}};

inline constexpr std::pair<EncodeRequest::Weights, std::string_view> kEncodeWeightsNames[] = {
    {EncodeRequest::Weights::kDefault, "default"},
    {EncodeRequest::Weights::kEncoder, "encoder"},
    {EncodeRequest::Weights::kTargetEncoder, "target_encoder"}};

}  // namespace foresee
