#!/usr/bin/env bash
# Fuzzes what reads files of strangers: bash tools/fuzz.sh [SECONDS=60] [TARGET...]
#
# libFuzzer with the address and undefined-behaviour sanitizers, SECONDS for each target, two at a time. Without TARGETs
# all of them: pt safetensors json npz process picture video episodes hdf5 parquet lerobot. It needs clang++ (Debian:
# clang libclang-rt-14-dev) and a configured build/release (for LibTorch's place). Exit code 0 only when nothing was
# found. What was found lies in build/fuzz/findings; build/fuzz/TARGET_fuzz FILE shows it again. Inputs that reached new
# code are kept in build/fuzz/corpus.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
case "${1:-}" in -h|--help) usage; exit 0 ;; esac
cd "$root"
seconds=${1:-60}
[[ $seconds =~ ^[0-9]+$ ]] || die "'$seconds' is no number of seconds" "bash tools/fuzz.sh --help"
shift $(( $# > 0 ))
command -v clang++ >/dev/null || { echo "fuzz.sh: no clang++"; exit 77; }

out="$root/build/fuzz"
mkdir -p "$out"/{findings,logs}
use_unpacked
options=()
for name in FORESEE_TORCH FORESEE_ARROW FORESEE_HDF5 FORESEE_PARQUET; do
  value=$(sed -n "s/^$name:[A-Z]*=//p" build/release/CMakeCache.txt 2>/dev/null || true)
  [ -z "$value" ] || options+=("-D$name=$value")
done
cmake -S tests/fuzz -B "$out" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ "${options[@]}" \
  >"$out/logs/configure.log" 2>&1 || die "CMake could not configure tests/fuzz (log: $out/logs/configure.log)" "fix what the log names"
mapfile -t known <"$out/targets.txt"
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
for target in "${targets[@]}"; do
  [[ " ${known[*]} " == *" $target "* ]] || die "no target '$target' in this build" "there are: ${known[*]}"
done
say "building: ${targets[*]}"
cmake --build "$out" --target "${targets[@]/%/_fuzz}" >"$out/logs/build.log" 2>&1 ||
  { tail -n 30 "$out/logs/build.log" >&2; die "a target does not build (log: $out/logs/build.log)"; }
python3 tests/fuzz/seeds.py "$root/tests/fixtures" "$out/seeds"

# LibTorch is not instrumented: what it frees of ours, and the other way round, is no finding. A request for far too much
# memory is refused, as the C library does: libhdf5 goes on from there. What we ask for has -malloc_limit_mb.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0:alloc_dealloc_mismatch=0:detect_container_overflow=0 OMP_NUM_THREADS=1 ARROW_IO_THREADS=1
[ ! -w /dev/shm ] || TMPDIR=$(mktemp -d /dev/shm/foresee-fuzz-XXXXXX)
TMPDIR=${TMPDIR:-$(mktemp -d)}
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# fuzz TARGET: its log ends with what was found.
fuzz() {
  local dictionary=()
  [ ! -f "tests/fuzz/$1.dict" ] || dictionary=("-dict=tests/fuzz/$1.dict")
  mkdir -p "$out/corpus/$1"
  "$out/$1_fuzz" "${dictionary[@]}" -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=20 \
    -print_final_stats=1 -artifact_prefix="$out/findings/$1-" "$out/corpus/$1" "$out/seeds/$1" >"$out/logs/$1.log" 2>&1
}

# report TARGET STATUS: one line, or the end of its log; returns STATUS, or 1 for a target that reaches nothing.
report() {
  local log="$out/logs/$1.log" inputs minutes kept
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)  # children print theirs before
  minutes=$(awk "BEGIN { printf \"%.1f\", $seconds / 60 }")
  kept=$(sed -n 's/^#[0-9]*\s*DONE .*corp: \([0-9]*\).*/\1/p' "$log")
  if [ "$2" = 0 ] && grep -qaE 'ERROR: AddressSanitizer|runtime error: ' "$log"; then
    say "fuzz $1: FAILED: a child process met an error (log: $log)"
    return 1
  elif [ "$2" = 0 ] && [ "${kept:-0}" -le 1 ]; then
    say "fuzz $1: FAILED: all inputs take the same way, so it does not read them (log: $log)"
    return 1
  elif [ "$2" = 0 ]; then
    say "fuzz $1: ${inputs:-0} inputs in $minutes minutes, nothing found"
  else
    tail -n 40 "$log" >&2
    say "fuzz $1: FAILED (log: $log)"
  fi
  return "$2"
}

failed=0
declare -A running=()
finish_one() {
  local process status=0 target
  wait -n -p process "${!running[@]}" || status=$?
  target=${running[$process]}
  unset "running[$process]"
  report "$target" "$status" || failed=1
}
for target in "${targets[@]}"; do
  [ ${#running[@]} -lt 2 ] || finish_one
  fuzz "$target" &
  running[$!]=$target
done
while [ ${#running[@]} -gt 0 ]; do finish_one; done
exit $failed
