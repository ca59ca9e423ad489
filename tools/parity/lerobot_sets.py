"""Robot sets of the real lerobot: this program reads them and lerobot reads this program's, value for value.

bash tools/python/peer.sh --also lerobot tools/parity/lerobot_sets.py --foresee build/release/foresee
bash tools/python/peer.sh --also lerobot tools/parity/lerobot_sets.py --tutorial my-lerobot-set

1. LeRobotDataset records a set: two cameras as video, one as pictures, actions, state, a bool, a reward, two tasks; once
   with one film for all episodes and once with a film each. `data check` finds nothing.
2. Converted to hdf5 and to a folder it holds what was recorded: numbers bit for bit, pictures of PNG bit for bit,
   pictures of films close to lerobot's own decoding and never nearer to a neighbour.
3. Converted to lerobot, from lerobot and from the HDF5 file, LeRobotDataset opens it and gives the same rows. From
   lerobot to lerobot, camera keys, names of features, their types, tasks and the type of the robot stay.
4. `data window` gives the rows and the padding flags of LeRobotDataset(delta_timestamps=...).
The last line is `N checks passed`; exit 1 at the first that fails. `--keep DIR` keeps the sets.

--tutorial writes the set of a robot team: two cameras of 240 x 320, seven actions, the times of a robot's clock, one
film that is a frame short, one row of NaN; and now.png and goal.png beside it. `--film-each`: a film for each episode.
lerobot's films are decoded by PyAV: its default, torchcodec, needs FFmpeg's shared libraries of one of a few versions.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import av
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import torchvision
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from PIL import Image
from safetensors.numpy import load_file

from checks import PROGRAM_ENVIRONMENT, check, print_count

FPS = 10
JOINTS = ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "wrist_yaw", "gripper"]


class FilmReader:
    """What lerobot uses of torchvision's VideoReader, which newer versions of torchvision lack."""

    def __init__(self, path, _):
        self.container = av.open(path)

    def seek(self, time_s, keyframes_only):
        self.container.seek(int(time_s * av.time_base), any_frame=not keyframes_only)

    def __iter__(self):
        for frame in self.container.decode(video=0):
            yield {"pts": frame.time, "data": torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)}


torchvision.io.VideoReader = FilmReader


def picture(height, width, position, row, camera):
    """A dot at position (0 to 1 each), a bar that tells the row, a floor that tells the camera."""
    out = np.full((height, width, 3), (60, 60, 60 + 60 * camera), np.uint8)
    out[:, np.arange(width) % 16 < 4] = (90, 90, 90 + 60 * camera)  # as wide as films keep colours
    y, x = ((0.15 + 0.7 * position) * (height, width)).astype(int)
    radius = height // 12
    out[max(y - radius, 0) : y + radius, max(x - radius, 0) : x + radius] = (230, 40, 40) if camera == 0 else (40, 230, 40)
    for bit in range(8):
        out[: height // 12, bit * width // 8 : (bit + 1) * width // 8] = 255 * (row >> bit & 1)
    return out


def record(root, cameras, size, episodes, rows, film_each=False, more=None):
    """A set that lerobot records. cameras: name -> "video" or "image". Returns what was recorded, one dict per row."""
    features = {f"observation.images.{name}": {"dtype": kind, "shape": (*size, 3), "names": ["height", "width", "channels"]}
                for name, kind in cameras.items()}
    features["action"] = {"dtype": "float32", "shape": (7,), "names": [f"{name}.pos" for name in JOINTS]}
    features["observation.state"] = {"dtype": "float32", "shape": (7,), "names": [f"{name}.pos" for name in JOINTS]}
    dataset = LeRobotDataset.create("team/robot", fps=FPS, features={**features, **(more or {})}, root=root,
                                    robot_type="so101_follower", image_writer_threads=2, video_backend="pyav")
    if film_each:
        dataset.meta.info["video_files_size_in_mb"] = 1e-6
    random, recorded = np.random.default_rng(0), []
    for episode in range(episodes):
        joints = random.uniform(0.1, 0.9, 7)
        target = random.uniform(0.1, 0.9, 7)
        for row in range(rows(episode)):
            if np.abs(target - joints)[:2].max() < 0.05:
                target = random.uniform(0.1, 0.9, 7)
            action = np.clip(0.2 * (target - joints) + random.normal(0, 0.02, 7), -0.08, 0.08)
            frame = {"action": action.astype(np.float32), "observation.state": joints.astype(np.float32)}
            for number, name in enumerate(cameras):
                seen = joints[:2] if number == 0 else joints[1:3]
                frame[f"observation.images.{name}"] = picture(*size, seen, row, number)
            if more:
                frame |= {"next.reward": np.array([row / 7], np.float32), "next.done": np.array([row % 5 == 4])}
            recorded.append({**frame, "episode_index": episode, "frame_index": row})
            dataset.add_frame({**frame, "task": f"task {episode % 2}"})
            joints = np.clip(joints + action, 0, 1)
        dataset.save_episode(parallel_encoding=False)
    dataset.finalize()
    return recorded


def opened(root, **options):
    return LeRobotDataset("team/robot", root=root, video_backend="pyav", **options)


def stacked(rows, key):
    return np.stack([row[key] for row in rows])


def as_bytes(picture):
    """float [3, H, W] of lerobot -> int [H, W, 3]."""
    return (picture * 255).round().permute(1, 2, 0).numpy().astype(int)


def check_films(claim, got, wanted):
    """Pictures that went through an encoder: near to what was recorded, and nearest to the own row."""
    got, wanted = got.astype(np.float32), wanted.astype(np.float32)
    own = np.square(got - wanted).mean((1, 2, 3))
    for shift in (-1, 1):
        other = np.square(got - np.roll(wanted, shift, axis=0)).mean((1, 2, 3))
        check(f"{claim}: no picture is nearer to its neighbour", (own < other).all())
    check(f"{claim}: near to what was recorded", own.max() < 255**2 / 10**2.5, f"(PSNR >= {10 * np.log10(255**2 / own.max()):.1f})")


def check_rows(what, columns, recorded, theirs):
    """Columns of a file of ours against what was recorded, and against lerobot's own reading."""
    last = np.array([a["episode_index"] != b["episode_index"] for a, b in zip(recorded, recorded[1:])] + [True])
    for name, key in (("action", "action"), ("proprio", "observation.state"), ("next_reward", "next.reward"),
                      ("next_done", "next.done")):
        values, wanted = np.asarray(columns[name]), stacked(recorded, key)
        keep = ~last if name == "action" and np.isnan(values[last]).all() else slice(None)
        check(f"{what}: {name} bit for bit", np.array_equal(values.reshape(wanted.shape)[keep], wanted[keep]), f"({values.shape})")
    for name, key in (("pixels", "top"), ("pixels_wrist", "wrist"), ("pixels_side", "side")):
        key = f"observation.images.{key}"
        pixels, wanted = np.asarray(columns[name]), stacked(recorded, key)
        if key.endswith("side"):
            check(f"{what}: {name}, of PNG, bit for bit", np.array_equal(pixels, wanted), f"({pixels.shape})")
            continue
        check_films(f"{what}: {name}", pixels, wanted)
        difference = np.abs(pixels.astype(int) - stacked(theirs, key))
        check(f"{what}: {name} as lerobot decodes it", difference.mean() < 2.5, f"(mean abs {difference.mean():.2f} of 255)")


def check_lerobot(what, root, recorded, source):
    """A set of ours, opened by lerobot."""
    dataset = opened(root)
    check(f"{what}: LeRobotDataset opens it", len(dataset) == len(recorded), f"({len(dataset)} rows)")
    rows = [dataset[i] for i in range(len(dataset))]
    for key in ("action", "observation.state", "next.reward", "next.done", "episode_index", "frame_index"):
        values, wanted = np.stack([row[key].numpy() for row in rows]), stacked(recorded, key)
        check(f"{what}: {key} bit for bit", np.array_equal(values.reshape(wanted.shape), wanted))
    times = np.array([row["timestamp"].item() for row in rows])
    check(f"{what}: times", np.abs(times - stacked(recorded, "frame_index") / FPS).max() < 1e-5)
    for name in ("top", "wrist", "side"):
        key = f"observation.images.{name}"
        check_films(f"{what}: {key}", np.stack([as_bytes(row[key]) for row in rows]), stacked(recorded, key))
    check(f"{what}: statistics", all(torch.allclose(torch.as_tensor(dataset.meta.stats[key][s]), torch.as_tensor(source.meta.stats[key][s]),
                                                   atol=1e-6) for key in ("action", "observation.state") for s in ("mean", "std", "min", "max")))
    check(f"{what}: tasks", [row["task"] for row in rows] == [f"task {row['episode_index'] % 2}" for row in recorded])
    check(f"{what}: robot type", dataset.meta.robot_type == source.meta.robot_type, f"({dataset.meta.robot_type})")
    check(f"{what}: keys", dataset.features.keys() == source.features.keys(), f"({sorted(dataset.features)})")
    for key, feature in source.features.items():
        ours = dataset.features[key]
        same = [ours["names"], list(ours["shape"])] == [feature["names"], list(feature["shape"])]
        check(f"{what}: {key} keeps its names and shape", same and feature["dtype"] in (ours["dtype"], "image"), f"({ours}, {feature})")


def check_hdf5_to_lerobot(what, root, recorded):
    dataset = opened(root)
    rows = [dataset[i] for i in range(len(dataset))]
    for key in ("action", "observation.state"):
        check(f"{what}: {key} bit for bit", np.array_equal(np.stack([row[key].numpy() for row in rows]), stacked(recorded, key)))
    for ours, theirs in (("pixels", "top"), ("wrist", "wrist"), ("side", "side")):
        pictures = np.stack([as_bytes(row[f"observation.images.{ours}"]) for row in rows])
        check_films(f"{what}: camera {ours}", pictures, stacked(recorded, f"observation.images.{theirs}"))


def check_windows(foresee, root, recorded, work):
    deltas = {"observation.images.top": [-0.2, -0.1, 0.0], "observation.images.side": [0.0, 0.3], "action": [0.0, 0.1, 0.5, 1.0],
              "observation.state": [-1.0, -0.1, 0.0]}
    dataset = opened(root, delta_timestamps=deltas)
    options = [f"--delta={key}={','.join(map(str, times))}" for key, times in deltas.items()]
    starts = {}
    for i, row in enumerate(recorded):
        starts.setdefault(row["episode_index"], i)
    random, compared, padded = np.random.default_rng(1), 0, 0
    chosen = {0, len(recorded) - 1, *starts.values(), *(start - 1 for start in list(starts.values())[1:]),
              *random.integers(0, len(recorded), 8).tolist()}
    for index in sorted(chosen):
        row, theirs = recorded[index], dataset[index]
        out = work / "window.safetensors"
        foresee("data", "window", root, "--camera", "top", "--episode", row["episode_index"], "--row", row["frame_index"], *options,
                "--out", out, "--overwrite")
        ours = load_file(out)
        for key in deltas:
            pad = theirs[f"{key}_is_pad"].numpy()
            check(f"window {index}: padding of {key}", np.array_equal(ours[f"{key}_is_pad"], pad), f"({ours[f'{key}_is_pad']}, {pad})")
            values = theirs[key].numpy()
            if "images" in key:
                difference = np.abs(ours[key].astype(int) - (values * 255).round().astype(int)).mean((1, 2, 3)).max()
                check(f"window {index}: {key}", difference < 2.5, f"(mean abs {difference:.2f})")
            else:
                check(f"window {index}: {key}", np.array_equal(ours[key].astype(np.float32), values), f"({ours[key]}, {values})")
            compared, padded = compared + len(pad), padded + pad.sum()
    print(f"windows: {len(chosen)} with {compared} rows, {padded} of them padding")


def compare(foresee_path, work):

    def foresee(*arguments):
        done = subprocess.run([foresee_path, *map(str, arguments)], capture_output=True, text=True, env=PROGRAM_ENVIRONMENT)
        check(" ".join(["foresee", *map(str, arguments[:2])]), done.returncode == 0, f"({done.returncode}) {done.stdout}{done.stderr}")

    more = {"next.reward": {"dtype": "float32", "shape": (1,), "names": None},
            "next.done": {"dtype": "bool", "shape": (1,), "names": None}}
    cameras = {"top": "video", "wrist": "video", "side": "image"}
    for layout, film_each in (("one film", False), ("film each", True)):
        place = work / layout.replace(" ", "_")
        place.mkdir()
        root = place / "set"
        recorded = record(root, cameras, (64, 96), 5, lambda episode: 21 + 3 * episode, film_each, more)
        dataset = opened(root)
        films = len(list(root.glob("videos/observation.images.top/*/*.mp4")))
        check(f"{layout}: recorded by lerobot", films == (5 if film_each else 1), f"({len(dataset)} rows, {films} films)")
        theirs = [{key: as_bytes(item[key]) for key in item if "images." in key and not key.endswith("_is_pad")}
                  for item in (dataset[i] for i in range(len(dataset)))]
        foresee("data", "check", root, "--camera", "top")
        named = ("--camera", "top,wrist,side", "--input")

        foresee("data", "convert", *named, root, "--format", "hdf5", "--output", place / "set.h5")
        with h5py.File(place / "set.h5") as file:
            check_rows(f"{layout} -> hdf5", {name: file[name][:] for name in file}, recorded, theirs)
        foresee("data", "convert", *named, root, "--format", "npz", "--output", place / "set.npz")
        check_rows(f"{layout} -> npz", np.load(place / "set.npz"), recorded, theirs)
        foresee("data", "convert", *named, root, "--format", "folder", "--output", place / "folder")
        columns = {file.stem: np.load(file) for file in (place / "folder").glob("*.npz")}
        columns = {name: values[values.files[0]] for name, values in columns.items()}
        check(f"{layout} -> folder: actions", np.array_equal(columns["proprio"], stacked(recorded, "observation.state")))

        foresee("data", "convert", *named, root, "--format", "lerobot", "--output", place / "again")
        check_lerobot(f"lerobot -> lerobot ({layout})", place / "again", recorded, dataset)
        foresee("data", "convert", "--camera", "pixels,wrist,side", "--input", place / "set.h5", "--fps", FPS, "--format", "lerobot",
                "--output", place / "of_hdf5")
        check_hdf5_to_lerobot(f"hdf5 -> lerobot ({layout})", place / "of_hdf5", recorded)
        check_windows(foresee, root, recorded, place)


def rewrite(path, change):
    """Changes columns of a Parquet file: change(name, list of values) gives the new list, or None."""
    table = pq.read_table(path)
    for i, field in enumerate(table.schema):
        values = change(field.name, table.column(field.name).to_pylist() if field.name in ("timestamp", "action") else None)
        if values is not None:
            table = table.set_column(i, field, pa.array(values, field.type))
    pq.write_table(table, path)


def cut_last_frame(path):
    """The same film without its last packet."""
    cut = path.with_name("cut.mp4")
    with av.open(str(path)) as source, av.open(str(cut), "w") as target:
        stream = source.streams.video[0]
        out = target.add_stream_from_template(stream, opaque=True)
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        for packet in packets[:-1]:
            packet.stream = out
            target.mux(packet)
    cut.replace(path)
    return len(packets) - 1


def tutorial(root, film_each):
    recorded = record(root, {"top": "video", "wrist": "video"}, (240, 320), 24, lambda episode: 50 + episode % 7, film_each)
    random = np.random.default_rng(2)

    def change(name, values):
        if name == "timestamp":
            return [value + random.uniform(-0.008, 0.008) * (value > 0) for value in values]
        if name == "action":
            values[130] = [float("nan")] * 7
            return values
        return None

    for path in sorted(root.glob("data/*/*.parquet")):
        rewrite(path, change)
    films = sorted(root.glob("videos/observation.images.wrist/*/*.mp4"))
    film = films[min(5, len(films) - 1)]
    print(f"{film.relative_to(root)}: cut to {cut_last_frame(film)} frames")
    for name, index in (("now", 20), ("goal", 35)):
        for camera in ("top", "wrist"):
            out = root.parent / (f"{name}.png" if camera == "top" else f"{name}_{camera}.png")
            Image.fromarray(recorded[index][f"observation.images.{camera}"]).save(out)
    print(f"{root}: {len(recorded)} rows, row 130 without action; now.png and goal.png beside it")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", type=Path, default=Path("build/release/foresee"))
    parser.add_argument("--tutorial", type=Path, metavar="SET", help="write the set of a robot team, and nothing else")
    parser.add_argument("--film-each", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the sets stay")
    arguments = parser.parse_args()
    if arguments.tutorial:
        return tutorial(arguments.tutorial, arguments.film_each)
    with tempfile.TemporaryDirectory() as name:
        work = arguments.keep or Path(name)
        work.mkdir(exist_ok=True, parents=True)
        compare(str(arguments.foresee.resolve()), work)
    print_count()


if __name__ == "__main__":
    main()
