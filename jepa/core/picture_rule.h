#pragma once

#include <string_view>
#include <utility>

#include "jepa/core/api/picture_rule.h"

namespace foresee {

inline constexpr std::pair<PictureRule, std::string_view> kPictureRuleNames[] = {
    {PictureRule::kResize, "resize"}, {PictureRule::kCrop, "crop"}, {PictureRule::kPad, "pad"}};

}  // namespace foresee
