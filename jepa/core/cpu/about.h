#pragma once

#include <string>
#include <vector>

namespace foresee {

/// The processor's name as the system gives it, like "AMD EPYC 7B13"; "unknown" where it gives none.
std::string cpu_name();

/// Those of the processor's vector and matrix units that decide which kernels run, by Linux's names: avx2 avx512f
/// avx512_vnni avx512_bf16 amx_bf16 amx_int8.
std::vector<std::string> cpu_features();

}  // namespace foresee
