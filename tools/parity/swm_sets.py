"""Sets of stable-worldmodel's own recorder in this program, and this program's sets in stable-worldmodel's readers.

bash tools/python/peer.sh --also env --also data tools/parity/swm_sets.py --foresee build/release/foresee

1. World.collect of stable-worldmodel records Two-Room and Push-T as HDF5 (with the newest file version) and as a folder.
2. `data check` finds nothing, `train` makes a model, and what cannot be read is named in a line.
3. Converted to hdf5, folder and video, the set opens in stable-worldmodel's own readers and gives the same episodes:
   numbers bit for bit, pictures bit for bit in HDF5 and close in jpeg and film.
4. So does a set that `data collect` recorded.
The last line is `N checks passed`; exit 1 at the first that fails. The modules of the recorder, the environments and the
readers are the originals; the packages around them are entered without their imports of training code and Lance.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy as np

from checks import PROGRAM_ENVIRONMENT, check, print_count
from swm_peer import enter, swm

BOUNDS = ("ep_len", "ep_offset", "ep_idx", "step_idx")


def originals():
    """The recorder, its policies, and the readers by format."""
    enter("stable_worldmodel", "stable_worldmodel.data", "stable_worldmodel.data.formats")
    swm("envs")
    readers = {"hdf5": swm("data.formats.hdf5").HDF5Dataset, "folder": swm("data.formats.folder").FolderDataset,
               "video": lambda path: swm("data.formats.video").VideoDataset(
                   path=path, video_keys=sorted(folder.name for folder in Path(path).iterdir() if folder.is_dir()))}
    return swm("world.world").World, swm("policy").RandomPolicy, readers


def episodes_of(dataset):
    """Each episode as a dict of arrays, as the reader gives it; pictures [T, 3, H, W]."""
    return [{name: np.asarray(values) for name, values in dataset._load_slice(e, 0, int(length)).items() if not isinstance(values, str)}
            for e, length in enumerate(dataset.lengths)]


def check_same(what, wanted, got, picture_tolerance=0.0):
    check(f"{what}: as many episodes", len(wanted) == len(got), f"({len(got)})")
    for name in wanted[0]:
        if name in BOUNDS or name not in got[0]:
            continue
        pairs = [(a[name], b[name]) for a, b in zip(wanted, got)]
        if wanted[0][name].ndim == 4 and picture_tolerance > 0:
            difference = max(np.abs(a.astype(int) - b.astype(int)).mean() for a, b in pairs)
            check(f"{what}: {name} close", difference < picture_tolerance, f"(mean abs {difference:.2f} of 255)")
            continue
        same = all(np.array_equal(a.reshape(len(a), -1), b.reshape(len(b), -1), equal_nan=a.dtype.kind == "f") for a, b in pairs)
        check(f"{what}: {name} bit for bit", same, f"({pairs[0][1].dtype}, {list(pairs[0][1].shape)})")
    missing = sorted(set(wanted[0]) - set(got[0]) - set(BOUNDS))
    print(f"{what}: columns left out: {missing}")
    return missing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee", type=Path)
    program = str(parser.parse_args().foresee.resolve())

    def foresee(*arguments):
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, env=PROGRAM_ENVIRONMENT)
        # The recorder's own column render_time holds seconds of a clock, and a clock has outliers.
        findings = [line for line in done.stdout.splitlines() if line.startswith("  ") and not line.startswith("  note:")]
        clock = done.returncode == 3 and findings and all("outlier: 'render_time'" in line for line in findings)
        check(" ".join(["foresee", *map(str, arguments[:2])]), done.returncode == 0 or clock,
              f"({done.returncode}) {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    World, RandomPolicy, readers = originals()
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for env in ("swm/TwoRoom-v1", "swm/PushT-v1"):
            place = work / env.split("/")[1]
            place.mkdir()
            sources = {}
            for form in ("hdf5", "folder"):
                sources[form] = place / ("recorded.h5" if form == "hdf5" else "recorded")
                world = World(env, num_envs=2, image_shape=(64, 64), max_episode_steps=30)
                world.set_policy(RandomPolicy(seed=0))
                world.collect(sources[form], episodes=4, seed=0, format=form, progress=False)
            for form, source in sources.items():
                recorded = episodes_of(readers[form](path=source))
                what = f"{place.name}, {form}"
                print(f"{what}: {({name: str(values.dtype) for name, values in recorded[0].items()})}")
                foresee("data", "check", source)
                for target, tolerance in (("hdf5", 0.0), ("folder", 4.0), ("video", 4.0)):
                    out = place / f"{form}_{target}{'.h5' if target == 'hdf5' else ''}"
                    said = foresee("data", "convert", "--input", source, "--format", target, "--output", out)
                    missing = check_same(f"{what} -> {target}", recorded, episodes_of(readers[target](path=out)), tolerance)
                    check(f"{what} -> {target}: every column that is left out is named", all(name in said for name in missing), f"{missing} {said}")
                run = place / f"run_{form}"
                foresee("train", "--family", "lewm", "--preset", "lewm-s64", "--data", source, "--steps", 3, "--threads", 1,
                        "--set", "train.batch=4", "--out", run)
        ours = work / "ours.h5"
        foresee("data", "collect", "--env", "two_room", "--episodes", 4, "--size", 64, "--seed", 0, "--out", ours)
        with h5py.File(ours) as file:
            lengths = file["ep_len"][:]
            bounds = np.cumsum(lengths)[:-1]
            stored = {name: np.split(file[name][:], bounds) for name in file if name not in BOUNDS}
        wanted = [{name: parts[e] if parts[e].ndim != 4 else parts[e].transpose(0, 3, 1, 2) for name, parts in stored.items()}
                  for e in range(len(lengths))]
        check_same("data collect -> HDF5Dataset", wanted, episodes_of(readers["hdf5"](path=ours)))
    print_count()


if __name__ == "__main__":
    main()
