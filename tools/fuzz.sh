#!/usr/bin/env bash
# Fuzzes both weight readers with libFuzzer and AddressSanitizer: bash tools/fuzz.sh [SECONDS=60]
# Needs clang++ (Debian: clang libclang-rt-14-dev) and a finished build in build/release (for LibTorch's place).
# Both run at the same time. Exit code 0 only when neither found anything; what they found lies in build/fuzz.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
seconds=${1:-60}
cd "$root"
command -v clang++ >/dev/null || { echo "fuzz.sh: no clang++" >&2; exit 77; }
torch=$(sed -n 's/^FORESEE_TORCH:[A-Z]*=//p' build/release/CMakeCache.txt)
out="$root/build/fuzz"
mkdir -p "$out"

flags=(-std=c++20 -O1 -g1 -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
       -DFMT_HEADER_ONLY -I"$root" -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include")
launcher=(); command -v ccache >/dev/null && launcher=(ccache)
compile() { "${launcher[@]}" clang++ "${flags[@]}" -fsanitize=fuzzer-no-link -c "$1" -o "$out/$(basename "$1" .cpp).o"; }

sources=(jepa/core/{tensor,memory,log}.cpp jepa/core/files/{format,file,json,staged}.cpp jepa/core/text/{json_text,printable}.cpp
         jepa/io/mapped_file.cpp jepa/io/zip_file.cpp jepa/io/pickle.cpp jepa/io/pt_file.cpp
         jepa/io/safetensors.cpp tests/fuzz/pt_fuzz.cpp tests/fuzz/safetensors_fuzz.cpp)
jobs=$(nproc)
for source in "${sources[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  compile "$source" &
done
while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n; done

shared=("$out"/{tensor,memory,log,format,file,json,json_text,printable,staged,mapped_file}.o)
link=(-fsanitize=address,undefined,fuzzer -fno-sanitize=vptr -L"$torch/lib" -ltorch_cpu -lc10 "-Wl,-rpath,$torch/lib")
clang++ "$out/pt_fuzz.o" "$out"/{zip_file,pickle,pt_file}.o "${shared[@]}" "${link[@]}" -o "$out/pt_fuzz"
clang++ "$out/safetensors_fuzz.o" "$out/safetensors.o" "${shared[@]}" "${link[@]}" -o "$out/safetensors_fuzz"

# The seeds: the recorded files, sound and hostile, and the pickles in them.
rm -rf "$out/seeds" && mkdir -p "$out"/seeds/{pt,safetensors} "$out"/corpus/{pt,safetensors}
python3 - "$root/tests/fixtures" "$out/seeds" <<'PYTHON'
import shutil, sys, zipfile
from pathlib import Path
fixtures, seeds = Path(sys.argv[1]), Path(sys.argv[2])
for kind in ("pt", "safetensors"):
    for number, path in enumerate(sorted(fixtures.rglob("*." + kind))):
        if path.stat().st_size < 200_000:
            shutil.copyfile(path, seeds / kind / f"{number}.{kind}")
        if kind == "pt" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith("/data.pkl"):
                        (seeds / kind / f"{number}.pkl").write_bytes(archive.read(name))
PYTHON

# LibTorch is not instrumented: what it frees of ours, and the other way round, is no finding.
export ASAN_OPTIONS=detect_leaks=0:alloc_dealloc_mismatch=0:detect_container_overflow=0 OMP_NUM_THREADS=1
fuzz() {
  "$out/$1_fuzz" -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$out/$1-" "$out/corpus/$1" "$out/seeds/$1" >"$out/$1.log" 2>&1
}
fuzz pt & pt=$!
fuzz safetensors & safetensors=$!
status=0
for kind in pt safetensors; do
  if wait "${!kind}"; then
    echo "fuzz $kind: $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$kind.log") inputs, nothing found" >&2
  else
    tail -n 40 "$out/$kind.log" >&2
    echo "fuzz $kind: FAILED (log: $out/$kind.log)" >&2
    status=1
  fi
done
exit $status
