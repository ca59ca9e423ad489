#!/usr/bin/env bash
# Installs what is missing, builds and runs the tests: bash tools/test.sh [OPTIONS as quickstart.sh]
#
# The last line is `N passed, N failed, N skipped`; every skipped test is named with its reason. With CI set, every header
# is also compiled on its own, the form of all files is checked, clang-tidy looks at the changed ones for two minutes at
# most, an installed copy is used, weights go there and back between this program and transformers (PyPI), six
# readers are fuzzed for some seconds each, and the program is killed and disturbed for a minute (tests/faults). Exit
# code 0 only when nothing failed.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

parse_options "$@"
[ -z "${CI:-}" ] || preset=ci
prepare all
[ -z "${CI:-}" ] || cmake --build --preset ci --target check_headers >&2 || die "a header does not compile on its own" "include what it uses"
preset=release

results="$root/build/test-results"
rm -rf "$results" && mkdir -p "$results"
# check NAME COMMAND...: one more case; exit code 77 says that it was skipped, with the reason on the last line.
check() {
  local name=$1 log="$results/$1.log" status; shift
  "$@" >"$log" 2>&1; status=$?
  cat "$log" >&2
  python3 - "$results/$name.json" "$name" "$status" "$log" <<'PYTHON'
import json, pathlib, sys
path, name, status, log = sys.argv[1:]
case = {"name": name, "result": "SKIPPED" if status == "77" else "COMPLETED"}
text = pathlib.Path(log).read_text(errors="replace")
if status == "77":
    case["skipped"] = [{"message": text.strip() or "no reason given"}]
elif status != "0":
    case["failures"] = [{"failure": text[-2000:]}]
pathlib.Path(path).write_text(json.dumps({"testsuites": [{"name": "CI", "testsuite": [case]}]}))
PYTHON
}

# While the tests run: what the documents say is held against the program.
check documents python3 "$root/tools/python/check_documents.py" --foresee "$root/build/$preset/foresee" &
# Each executable writes its cases to $results; CTest runs one entry an executable.
(cd "$root/build/$preset" && GTEST_OUTPUT="json:$results/" ctest --output-on-failure --no-tests=error) >&2
ctest_status=$?
wait

if [ -n "${CI:-}" ]; then
  # libFuzzer and clang-tidy are clang's; where they cannot be had, fuzzing and clang-tidy are skipped by name.
  { command -v clang++ && command -v clang-tidy; } >/dev/null || { [ "$(id -u)" = 0 ] && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends clang clang-tidy libclang-rt-14-dev >/dev/null 2>&1; }
  check form bash "$root/tools/lint.sh" --format
  check clang_tidy bash "$root/tools/lint.sh" --tidy --seconds 110 --advise &  # until the whole tree has been gone through
  check fuzz bash "$root/tools/fuzz.sh" 8 pt safetensors json npz process picture &
  check faults python3 "$root/tests/faults/faults.py" --foresee "$root/build/$preset/foresee" --seconds 60 &
  {  # one after the other: the first installs what all need
    peer=$root/tools/python/peer.sh parity=$root/tools/parity program=$root/build/$preset/foresee
    check hf_round_trip bash "$peer" "$parity/hf_round_trip.py" --foresee "$program"
    check processors bash "$peer" "$parity/processors.py" --foresee "$program"
    check swm_names_5 bash "$peer" --also swm "$parity/swm_round_trip.py" --foresee "$program"
    check torch_world bash "$peer" --also torch_world "$parity/torch_world_models.py" --foresee "$program"
    check swm_names_4 bash "$peer" --also swm --also transformers4 "$parity/swm_round_trip.py" --foresee "$program"
  } &
  check install_and_example bash "$root/tools/check_install.sh" "$root/build/$preset" &
  wait
fi
python3 "$root/tools/python/count_tests.py" "$results" "$root/build/$preset" "$ctest_status"
