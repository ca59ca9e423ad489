#!/usr/bin/env python3
"""Clips a second read from HDF5 episodes: `foresee bench episodes` against stable-worldmodel's HDF5Dataset in a PyTorch
DataLoader, alternately, in the same shuffled manner: pictures as uint8 [B, T, 3, H, W] and actions, nothing else.

The peer runs with the number of workers that was fastest in its warm-up. The file is written twice from one source:
as stable-worldmodel writes today (a chunk a row, plain) and as the published LeWM files are (chunks of 100 rows, Blosc
LZ4 level 5). Needs the packages of tools/requirements/peer_data.txt and PyTorch.

    foresee data collect --env two_room --episodes 100 --size 224 --out runs/load.h5
    compare_loading.py --foresee build/release/foresee --source runs/load.h5 --pairs 5
"""
import argparse
import json
import os
import subprocess
import sys
import time
import types

from pairs import compare
from swm_peer import enter


def peer_dataset(path, arguments):
    """stable-worldmodel's class, without its package's imports of simulators and training code."""
    if "stable_worldmodel" not in sys.modules:
        stand_in()
    from stable_worldmodel.data.formats.hdf5 import HDF5Dataset
    return HDF5Dataset(path=path, frameskip=arguments.frameskip, num_steps=arguments.frames,
                       keys_to_load=["pixels", "action"])


def stand_in():
    enter("stable_worldmodel", "stable_worldmodel.data", "stable_worldmodel.data.formats")
    utils = types.ModuleType("stable_worldmodel.data.utils")
    utils.get_cache_dir = lambda *a, **k: "."
    sys.modules.setdefault("stable_worldmodel.data.utils", utils)


def peer_rate(path, arguments, workers, samples, seed):
    import torch
    torch.set_num_threads(1)
    dataset = peer_dataset(path, arguments)
    generator = torch.Generator().manual_seed(seed)
    loader = torch.utils.data.DataLoader(dataset, batch_size=arguments.batch, shuffle=True, num_workers=workers,
                                         drop_last=True, generator=generator,
                                         **({"prefetch_factor": 4} if workers else {}))
    iterator, read = iter(loader), 0
    first = next(iterator)  # workers are up
    assert list(first["pixels"].shape[:3]) == [arguments.batch, arguments.frames, 3], first["pixels"].shape
    begin = time.perf_counter()
    while read < samples:
        try:
            batch = next(iterator)
        except StopIteration:
            iterator = iter(loader)
            continue
        batch["pixels"].contiguous()
        read += arguments.batch
    rate = read / (time.perf_counter() - begin)
    del iterator
    return rate


def our_rate(path, arguments, samples, seed):
    command = [arguments.foresee, "bench", "episodes", "--input", path, "--frames", str(arguments.frames), "--frameskip",
               str(arguments.frameskip), "--batch", str(arguments.batch), "--samples", str(samples), "--repetitions", "1",
               "--threads", str(arguments.threads), "--seed", str(seed), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["samples_per_s"]["median"]


def write_layouts(source, folder):
    import h5py
    import hdf5plugin
    paths = {"plain": os.path.join(folder, "plain.h5"), "blosc": os.path.join(folder, "blosc.h5")}
    for layout, path in paths.items():
        if os.path.exists(path):
            continue
        with h5py.File(source, "r") as read, h5py.File(path, "w", libver=("v110", "v110")) as write:
            for name in read:
                column = read[name]
                options = {}
                if name not in ("ep_len", "ep_offset"):
                    rows = 1 if layout == "plain" else min(100 if column.ndim > 2 else 1000, column.shape[0])
                    options = {"chunks": (rows, *column.shape[1:]), "maxshape": (None, *column.shape[1:])}
                if layout == "blosc" and column.ndim > 2:
                    options.update(hdf5plugin.Blosc(cname="lz4", clevel=5, shuffle=hdf5plugin.Blosc.SHUFFLE))
                made = write.create_dataset(name, shape=column.shape, dtype=column.dtype, **options)
                for row in range(0, column.shape[0], 1000):
                    made[row:row + 1000] = column[row:row + 1000]
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", required=True)
    parser.add_argument("--source", required=True, help="HDF5 episodes of 224 px")
    parser.add_argument("--folder", help="where both layouts are written (default: beside the source)")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--samples", type=int, default=1024)
    parser.add_argument("--peer-samples", type=int, default=512)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--frameskip", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--workers", default="0,2,4", help="numbers of the peer's workers that are tried")
    arguments = parser.parse_args()
    folder = arguments.folder or os.path.dirname(os.path.abspath(arguments.source))
    result = {"threads": arguments.threads, "frames": arguments.frames, "frameskip": arguments.frameskip}
    for layout, path in write_layouts(arguments.source, folder).items():
        tried = {int(w): peer_rate(path, arguments, int(w), arguments.peer_samples, 0) for w in arguments.workers.split(",")}
        best = max(tried, key=tried.get)
        print(f"{layout}: peer with workers {tried}; using {best}", file=sys.stderr)
        result[layout] = {"peer_workers": best} | compare(
            lambda i: peer_rate(path, arguments, best, arguments.peer_samples, i),
            lambda i: our_rate(path, arguments, arguments.samples, i), arguments.pairs, "clips_per_s", layout)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
