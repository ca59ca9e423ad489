#pragma once

#include <string_view>
#include <utility>

#include "foresee/collect.h"

namespace foresee {

/// The names of the policies in configs and on the command line.
inline constexpr std::pair<CollectRequest::Policy, std::string_view> kCollectPolicyNames[] = {
    {CollectRequest::Policy::kExpert, "expert"},
    {CollectRequest::Policy::kRandom, "random"},
    {CollectRequest::Policy::kNoop, "noop"},
    {CollectRequest::Policy::kSearch, "cem"},
    {CollectRequest::Policy::kWeak, "weak"}};

}  // namespace foresee
