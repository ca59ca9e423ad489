#!/usr/bin/env bash
# Installs what is missing, builds Foresee and shows it at work: bash tools/quickstart.sh [OPTIONS]
#
#   --gpu        also fetch the CUDA libraries (2.7 GB), for a machine with an NVIDIA driver
#   --torch DIR  use a LibTorch 2.11 that is already there (DIR holds include/ and lib/)
#   --no-root    unpack Debian packages into .deps/debian, not install them; needs g++, cmake, ninja, git, pkg-config
#   --minimal    leave out the optional parts (HDF5 with Blosc, Arrow for LeRobot sets, Chipmunk, MuJoCo)
#
# A second run takes seconds, plus the demo. Works as root, as a user with sudo, and with --no-root as any user.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

parse_options "$@"
prepare foresee
say "running the demo: build/$preset/foresee demo"
"$root/build/$preset/foresee" demo --out "$root/runs/demo" || die "the demo failed" "build/$preset/foresee doctor says what this machine has"
