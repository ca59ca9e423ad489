#!/usr/bin/env bash
# Builds the tests with line counters, runs them and prints the share of lines they reach, by folder:
#
#   bash tools/coverage.sh [TEST...]     TEST: a test executable, e.g. test_core; default: all (an hour on two cores)
#
# Needs a configured build/release (for LibTorch's place). Counts with gcovr where it is installed, else with gcov.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
cd "$root" || exit 1
case "${1:-}" in -h|--help) usage; exit 0 ;; esac

build=build/coverage
[ ! -d "$unpacked" ] || use_unpacked
torch=$(sed -n 's/^FORESEE_TORCH:[A-Z]*=//p' build/release/CMakeCache.txt 2>/dev/null)
[ -n "$torch" ] || die "build/release is not configured" "bash tools/quickstart.sh, or cmake --preset release"
cmake --preset coverage -DFORESEE_TORCH="$torch" >build/configure-coverage.log 2>&1 ||
  die "CMake could not configure the project (log: build/configure-coverage.log)" "fix what the log names and run again"
targets=("$@"); [ $# -gt 0 ] || targets=(all)
cmake --build --preset coverage --target "${targets[@]}" >&2 || die "the build failed" "see the first error above"

find "$build" -name '*.gcda' -delete  # counts of earlier runs add up
chosen=(); [ $# -gt 0 ] && chosen=(-R "^($(IFS='|'; echo "$*"))\$")
ctest --preset coverage --no-tests=error "${chosen[@]}" >&2 || say "some tests failed; the counts hold all the same"

# Both ways end in a line per source: its path, lines reached, lines that can be.
count_with_gcovr() {
  gcovr --root "$root" --object-directory "$build" "$build" --csv - |
    python3 -c 'import csv, sys
for row in csv.DictReader(sys.stdin): print(row["filename"], row["line_covered"], row["line_total"], sep="\t")'
}
count_with_gcov() { python3 tools/python/gcov_lines.py "$root" "$build"; }

counter=count_with_gcov; command -v gcovr >/dev/null && counter=count_with_gcovr
"$counter" | awk -F '\t' '
  $1 !~ /^(build|\.deps|tests)\// {
    folder = $1; sub(/\/[^\/]*$/, "", folder)
    reached[folder] += $2; lines[folder] += $3; all_reached += $2; all += $3
  }
  END {
    if (!all) { print "no line was counted" > "/dev/stderr"; exit 1 }
    sort = "sort"
    for (folder in lines)
      printf "%-28s %6d of %6d lines  %5.1f %%\n", folder, reached[folder], lines[folder], 100 * reached[folder] / lines[folder] | sort
    close(sort)
    printf "%-28s %6d of %6d lines  %5.1f %%\n", "all", all_reached, all, 100 * all_reached / all
  }'
