#!/usr/bin/env bash
# Stand-ins for the CUDA libraries that PyPI's torch wheel links: `import torch` then works on a CPU without the 2.7 GB of
# NVIDIA's wheels. Every function in them ends the program; on a machine without a GPU, PyTorch calls none.
# usage: torch_without_cuda.sh SITE DIR     SITE: folder that holds torch/ (the unpacked wheel)
# then:  LD_PRELOAD=DIR/libtorch_nvshmem.so LD_LIBRARY_PATH=DIR PYTHONPATH=SITE python3 ...
set -euo pipefail
site=$1 out=$2
lib=$site/torch/lib
mkdir -p "$out"
objects=("$lib"/libtorch_cuda.so "$lib"/libtorch_python.so "$lib"/libc10_cuda.so "$lib"/libtorch_global_deps.so)

# What these need and neither the system nor the wheels have, by name.
needed() { readelf -d "${objects[@]}" "$lib/libtorch_nvshmem.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort -u; }
for name in $(needed) libtorch_nvshmem.so; do
  case $name in
    libcudart.so.* | libcupti.so.* | libgomp.so.* | libtorch*.so | libc10*.so | libshm.so)
      [[ $name == libtorch_nvshmem.so ]] || continue ;;
    lib[cdmr].so.* | libdl.so.* | librt.so.* | libpthread.so.* | libgcc_s.so.* | libstdc++.so.* | ld-linux*) continue ;;
  esac
  gcc -shared -o "$out/$name" -Wl,-soname,"$name" -x c /dev/null
done

# One of them carries the symbols: the loader looks in all.
nm -D --undefined-only "${objects[@]}" | awk 'NF == 2 && $1 == "U" {print $2}' |
  grep -E '@(libcu[a-zA-Z]+\.so|libnv[a-zA-Z]+\.so|NVSHMEM)|^(cu|nccl|nvshmem|nvrtc|nvJitLink)[A-Za-z]|nvshmem_extension' |
  grep -v '@libcudart' | sed 's/@.*//' | sort -u |
  awk 'BEGIN {print "void abort(void);"} {print "void " $1 "(void) { abort(); }"}' |
  gcc -w -shared -fPIC -fno-builtin -o "$out/libtorch_nvshmem.so" -Wl,-soname,libtorch_nvshmem.so -x c -
