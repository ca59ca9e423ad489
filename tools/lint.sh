#!/usr/bin/env bash
# Checks the form of the tree and looks for mistakes with clang-tidy: bash tools/lint.sh [OPTIONS] [FILE...]
#
#   --format       only the form: clang-format, blanks, sizes, JSON (seconds)
#   --tidy         only clang-tidy
#   --fix          write what clang-format says into the files; nothing else
#   --all          clang-tidy over the whole tree (about an hour on two cores), not over the changed files
#   --seconds S    stop clang-tidy after so long; it says how many files are left
#   --advise       what clang-tidy finds does not fail
#
# Without FILEs the form of every tracked file is checked. clang-tidy then looks at the files that differ from the merge
# base with origin/main; on main itself, at those of the last ten commits, the newest first. It needs a configured
# build/release (for LibTorch's place), no build. Exit code 77: the form is fine, but clang-tidy is not there.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
cd "$root" || exit 1

format=1 tidy=1 fix=0 all=0 advise=0 seconds=1000000 files=()
while [ $# -gt 0 ]; do
  case "$1" in
    --format) tidy=0 ;;
    --tidy) format=0 ;;
    --fix) fix=1 ;;
    --all) all=1 ;;
    --advise) advise=1 ;;
    --seconds) [ $# -ge 2 ] || die "--seconds needs a number"; seconds=$2; shift ;;
    -h|--help) usage; exit 0 ;;
    -*) die "unknown option $1" "bash tools/lint.sh --help" ;;
    *) files+=("$1") ;;
  esac
  shift
done

# sources [PATTERN]: the C++ files among FILEs; without FILEs, all tracked ones.
sources() {
  local pattern=${1:-'\.(cpp|h|inc)$'}
  { if [ ${#files[@]} -gt 0 ]; then printf '%s\n' "${files[@]}"; else git ls-files; fi; } | grep -E "$pattern" || true
}

# The formatter's version decides about the result: another one than 14 is left aside.
find_clang_format() {
  local candidate
  for candidate in clang-format-14 clang-format "$site/clang_format/data/bin/clang-format"; do
    "$candidate" --version 2>/dev/null | grep -q 'version 14\.' && { clang_format=$candidate; return; }
  done
  fetch_wheels format
  clang_format="$site/clang_format/data/bin/clang-format"
  chmod +x "$clang_format"
}

check_form() {
  local status=0
  find_clang_format
  sources | xargs -r -d '\n' "$clang_format" --dry-run -Werror || status=1
  [ "$status" = 0 ] || say "clang-format would write these otherwise: bash tools/lint.sh --fix"
  python3 tools/python/check_files.py "${files[@]}" || status=1
  [ "$status" = 0 ] && say "the form is fine"
  return $status
}

changed_files() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null) || base=$(git rev-parse HEAD)
  local range=("$base..HEAD")
  [ "$base" = "$(git rev-parse HEAD)" ] && range=(-n 10 HEAD)
  { git diff --name-only HEAD; git ls-files --others --exclude-standard; git log --name-only --format= "${range[@]}"; } |
    grep -E '\.(cpp|h)$' | awk '!seen[$0]++' | while read -r file; do [ -f "$file" ] && printf '%s\n' "$file"; done
}

check_with_tidy() {
  command -v clang-tidy >/dev/null || { echo "no clang-tidy (Debian: clang-tidy)"; return 77; }
  local torch chosen
  torch=$(sed -n 's/^FORESEE_TORCH:[A-Z]*=//p' build/release/CMakeCache.txt 2>/dev/null)
  [ -n "$torch" ] || die "build/release is not configured" "bash tools/quickstart.sh, or cmake --preset release"
  [ ! -d "$unpacked" ] || use_unpacked
  cmake --preset lint -DFORESEE_TORCH="$torch" >build/configure-lint.log 2>&1 ||
    die "CMake could not configure the project (log: build/configure-lint.log)" "fix what the log names and run again"
  if [ ${#files[@]} -gt 0 ] || [ "$all" = 1 ]; then mapfile -t chosen < <(sources '\.(cpp|h)$')
  else mapfile -t chosen < <(changed_files); fi
  [ ${#chosen[@]} -gt 0 ] || { say "clang-tidy: nothing has changed"; return 0; }
  python3 tools/python/tidy.py build/lint --jobs "$(nproc)" --seconds "$seconds" "${chosen[@]}" || [ "$advise" = 1 ]
}

if [ "$fix" = 1 ]; then
  find_clang_format
  sources | xargs -r -d '\n' "$clang_format" -i
  exit
fi
status=0
[ "$tidy" = 0 ] || check_with_tidy || status=$?
[ "$format" = 0 ] || check_form || status=1
exit $status
