#!/usr/bin/env bash
# Installs what is missing, builds and runs the tests: bash tools/test.sh [OPTIONS as quickstart.sh]
#
# The last line is `N passed, N failed, N skipped`; every skipped test is named with its reason. With CI set, every header
# is also compiled on its own. Exit code 0 only when nothing failed.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

parse_options "$@"
[ -z "${CI:-}" ] || preset=ci
prepare all
[ -z "${CI:-}" ] || cmake --build --preset ci --target check_headers >&2 || die "a header does not compile on its own" "include what it uses"
preset=release

results="$root/build/test-results"
rm -rf "$results" && mkdir -p "$results"
# Each executable writes its cases to $results; CTest runs one entry an executable.
(cd "$root/build/$preset" && GTEST_OUTPUT="json:$results/" ctest --output-on-failure --no-tests=error) >&2
ctest_status=$?
python3 "$root/tools/python/count_tests.py" "$results" "$root/build/$preset" "$ctest_status"
