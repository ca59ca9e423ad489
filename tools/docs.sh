#!/usr/bin/env bash
# Makes the pages of the C++ API with Doxygen: bash tools/docs.sh
#
# They go to build/docs/html/index.html. A public symbol without a comment is an error. Exit code 77: no Doxygen here
# (Debian: doxygen), or no public header.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v doxygen >/dev/null || { echo "docs.sh: no doxygen (Debian: doxygen)" >&2; exit 77; }
ls foresee/*.h >/dev/null 2>&1 || { echo "docs.sh: no public header in foresee/" >&2; exit 77; }
mkdir -p build/docs
doxygen docs/Doxyfile
echo "build/docs/html/index.html"
