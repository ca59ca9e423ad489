#!/usr/bin/env bash
# Python with transformers and PyTorch, for comparisons: bash tools/python/peer.sh [--also NAME ...] SCRIPT [ARGUMENTS]
# The first call installs tools/requirements/peer.txt and peer_alone.txt from PyPI into .deps/peer. PyTorch is the wheel
# that the build unpacked in .deps/site, on the CPU; it fits Python 3.11 only. Nothing of the system is changed.
# --also NAME: beside it tools/requirements/peer_NAME.txt, in .deps/peer_NAME, before the rest and without what it depends on.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
peer="$root/.deps/peer" site="$root/.deps/site" lists="$root/tools/requirements"
python=$(command -v python3.11 || command -v python3)

also=()
while [ "${1:-}" = --also ]; do
  [ -f "$lists/peer_${2:-}.txt" ] || { echo "peer.sh: --also ${2:-}: no tools/requirements/peer_${2:-}.txt" >&2; exit 2; }
  also+=("$2")
  shift 2
done

[ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = 3.11 ] ||
  { echo "peer.sh: Python 3.11 is needed: the PyTorch wheel in .deps/site is built for it" >&2; exit 77; }
[ -d "$site/torch" ] || { echo "peer.sh: no $site/torch: run tools/test.sh or tools/quickstart.sh first" >&2; exit 77; }

if ! cat "$lists/peer.txt" "$lists/peer_alone.txt" | cmp -s - "$peer/complete"; then
  rm -rf "$peer"
  mkdir -p "$peer"
  "$python" -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --target "$peer/packages" \
    -r "$lists/peer.txt" >&2
  "$python" -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --target "$peer/packages" --no-deps \
    -r "$lists/peer_alone.txt" >&2
  bash "$root/tools/python/torch_without_cuda.sh" "$site" "$peer/stand_ins" >&2
  cat "$lists/peer.txt" "$lists/peer_alone.txt" >"$peer/complete"
fi
path="$peer/packages:$site"
for name in ${also[@]+"${also[@]}"}; do
  if ! cmp -s "$lists/peer_$name.txt" "${peer}_$name/complete"; then
    rm -rf "${peer}_$name"
    mkdir -p "${peer}_$name"
    "$python" -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --target "${peer}_$name/packages" \
      --no-deps -r "$lists/peer_$name.txt" >&2
    cp "$lists/peer_$name.txt" "${peer}_$name/complete"
  fi
  path="${peer}_$name/packages:$path"
done
# By name alone: LD_PRELOAD takes no path with a space.
export LD_PRELOAD=libtorch_nvshmem.so LD_LIBRARY_PATH="$peer/stand_ins${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PYTHONPATH="$path" TRANSFORMERS_OFFLINE=1 HF_HUB_OFFLINE=1
exec "$python" "$@"
