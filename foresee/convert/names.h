#pragma once

#include <string_view>
#include <utility>

#include "foresee/convert.h"

namespace foresee {

/// The names of data::SinkFormat.
inline constexpr std::pair<ConvertRequest::Format, std::string_view> kConvertFormatNames[] = {
    {ConvertRequest::Format::kHdf5, "hdf5"},
    {ConvertRequest::Format::kNpz, "npz"},
    {ConvertRequest::Format::kFolder, "folder"},
    {ConvertRequest::Format::kVideo, "video"},
    {ConvertRequest::Format::kLeRobot, "lerobot"}};

}  // namespace foresee
