#!/usr/bin/env bash
# Looks for data races in loaders, runner, evaluation and the watchdog of deadlines: bash tools/tsan.sh [TEST...]
#
# Builds the tests of data/clip, data/episode, planner and planner/eval with the thread sanitizer (preset tsan) and runs
# them with one OpenMP thread: some forty minutes on two cores. TESTs are others, by the names of their executables.
# Exit code 0 only when no test failed and no race was seen. tests/tsan.supp says what is not reported, and why.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
case "${1:-}" in -h|--help) usage; exit 0 ;; esac
cd "$root"
tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(test_clip test_episode test_planner test_eval)
use_unpacked
torch=$(sed -n 's/^FORESEE_TORCH:[A-Z]*=//p' build/release/CMakeCache.txt 2>/dev/null || true)
log="$root/build/configure-tsan.log"
mkdir -p build
cmake --preset tsan ${torch:+-DFORESEE_TORCH="$torch"} >"$log" 2>&1 ||
  die "CMake could not configure the project (log: $log)" "fix what the log names and run again"
cmake --build --preset tsan --target "${tests[@]}" >&2
ctest --preset tsan --no-tests=error --tests-regex "^($(IFS='|'; echo "${tests[*]}"))\$"
