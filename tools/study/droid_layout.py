"""Lays episodes of Two-Room out as DROID's raw folders: the agent is an arm's hand that slides over a table of 0.224 m,
one pixel is one millimetre. Only poses say what was done, as in DROID. Needs NumPy and h5py.

    foresee data convert --input log.h5 --format video --output videos
    python3 tools/study/droid_layout.py videos droid [--shuffle SEED]

With --shuffle every step of the hand is that of another row of any episode: the pictures do not follow the poses.
"""
import argparse
import json
import pathlib
import shutil

import h5py
import numpy


def column(folder, name):
    with numpy.load(folder / f"{name}.npz") as file:
        return file[file.files[0]]


def shuffled(paths, seed):
    """The same starts, with the steps of all paths dealt out anew."""
    steps = numpy.concatenate([numpy.diff(path, axis=0) for path in paths])
    steps = steps[numpy.random.default_rng(seed).permutation(len(steps))]
    out, first = [], 0
    for path in paths:
        own = steps[first:first + len(path) - 1]
        out.append(path[0] + numpy.concatenate([numpy.zeros((1, path.shape[1])), own.cumsum(axis=0)]))
        first += len(path) - 1
    return out


def write_episode(folder, film, path_px):
    (folder / "recordings/MP4").mkdir(parents=True)
    shutil.copy(film, folder / "recordings/MP4/1.mp4")
    (folder / "metadata_1.json").write_text(json.dumps({"left_mp4_path": "recordings/MP4/1.mp4"}))
    hand = numpy.zeros((len(path_px), 6))
    hand[:, :2] = path_px / 1000
    with h5py.File(folder / "trajectory.h5", "w") as file:
        file["observation/robot_state/cartesian_position"] = hand
        file["observation/robot_state/gripper_position"] = numpy.zeros(len(path_px))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--shuffle", type=int, metavar="SEED")
    options = parser.parse_args()
    lengths = column(options.videos, "ep_len").astype(int)
    paths = numpy.split(column(options.videos, "state").astype(float), lengths.cumsum()[:-1])
    if options.shuffle is not None:
        paths = shuffled(paths, options.shuffle)
    films = sorted(options.videos.glob("pixels/*.mp4"), key=lambda film: int(film.stem.split("_")[1]))
    if len(films) != len(paths):
        raise SystemExit(f"{options.videos}: {len(films)} films for {len(paths)} episodes")
    for number, (film, path) in enumerate(zip(films, paths)):
        write_episode(options.out / f"episode_{number:05d}", film, path)


if __name__ == "__main__":
    main()
