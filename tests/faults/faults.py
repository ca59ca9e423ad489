#!/usr/bin/env python3
"""Disturbs the program in every way that ordinary life has, and counts what is lost. It has to be nothing.

    python3 tests/faults/faults.py --foresee build/release/foresee [--seconds 60] [--seed 0] [--only kill,flip]

Kinds: kill (SIGKILL at random moments), full (a disk that fills up), closed (standard streams that are closed), two
(two processes on one output), flip (random bits of checkpoints and data), inject (failing system calls; needs cc).
Each kind gets an equal share of the seconds, and at least one round. Prints one JSON object; exit code 1 when anything
was lost, crashed or differs from an undisturbed run.
"""
import argparse
import errno
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sandbox import Clock, Sandbox, digest

EPISODES = ["data", "collect", "--env", "two_room", "--policy", "expert", "--episodes", "40", "--size", "16", "--seed", "3",
            "--threads", "1"]
TRAIN = ["train", "--family", "lewm", "--preset", "lewm-s64", "--data", "episodes.h5", "--threads", "1", "--steps", "12",
         "--checkpoint-every", "2", "--seed", "5", "--set", "train.batch=4", "--set", "model.vit.image_size=16", "--set",
         "held_out_sequences=4"]


def commands(world):
    """Name, words without the output, the option of the output, the output."""
    model = str(world.model)
    return [
        ("collect", EPISODES, "--out", "new.h5"),
        ("convert", ["data", "convert", "--input", "episodes.h5", "--format", "npz"], "--output", "new.npz"),
        ("convert-folder", ["data", "convert", "--input", "episodes.h5", "--format", "folder"], "--output", "new"),
        ("export", ["export", "--model", model, "--format", "foresee"], "--out", "new_model"),
    ]


class World:
    """A sandbox with episodes, a model, and the results of undisturbed commands."""

    def __init__(self, program: Path, inject: Path | None, model: Path):
        self.box = Sandbox(program, inject)
        self.model = self.box.path / "model"
        shutil.copytree(model, self.model)
        self.problems, self.counts = [], {"kills": 0, "inputs": 0, "runs": 0}
        self.must(EPISODES + ["--out", "episodes.h5"])
        begin = time.monotonic()
        self.must(TRAIN + ["--out", "whole"])
        self.training_s = time.monotonic() - begin
        self.commands = commands(self)
        for _, words, option, output in self.commands:
            self.must(words + [option, f"reference-{output}"])
        self.run_digest = self.weights("whole")

    def must(self, words):
        outcome = self.box.run(words)
        if outcome.code != 0:
            sys.exit(f"undisturbed run failed ({outcome.code}): {' '.join(words)}\n{outcome.err}")

    def weights(self, run: str) -> str:
        return digest(self.box.path / run / "checkpoints" / "step-12")

    def reference(self, output: str) -> str:
        return digest(self.box.path / f"reference-{output}")

    def problem(self, kind: str, text: str):
        self.problems.append(f"{kind}: {text}")

    def check(self, kind: str, outcome, what: str):
        """What holds of every run: no crash, one line of error, nothing of the user's touched."""
        self.counts["runs"] += 1
        if outcome.crashed:
            self.problem(kind, f"{what}: ended with {outcome.code}: {outcome.err.strip()[-300:]}")
        if self.box.bytes_lost() > 0:
            self.problem(kind, f"{what}: the user's files changed")

    def remove(self, output: str):
        path = self.box.path / output
        for leftover in [path, path.with_name(path.name + ".parts"), *path.parent.glob(f".{path.name}.*")]:
            if leftover.is_dir():
                shutil.rmtree(leftover)
            elif leftover.exists():
                leftover.unlink()

    def check_result(self, kind: str, output: str, what: str):
        """There is nothing at the place, or all of it."""
        path = self.box.path / output
        if path.exists() and digest(path) != self.reference(output):
            self.problem(kind, f"{what}: half a result")


def kill(world: World, draw: random.Random, clock: Clock):
    while True:
        world.remove("killed")
        ended = False
        for attempt in range(60):
            if ended or (attempt >= 5 and not clock.left()):
                break
            # Up to the time that the whole training takes on this machine, as busy as it is.
            outcome = world.box.run_and_kill(TRAIN + ["--out", "killed"], draw.uniform(0.05, world.training_s))
            world.counts["kills"] += outcome.code == -9
            world.check("kill", outcome, "train")
            ended = outcome.code == 0
        if not ended:
            world.must(TRAIN + ["--out", "killed"])  # never came to its end: now it goes on, undisturbed
        if world.weights("killed") != world.run_digest:
            world.problem("kill", "a run that was killed and went on ended with other weights")
        for name, words, option, output in world.commands:
            world.remove(output)
            outcome = world.box.run_and_kill(words + [option, output], draw.uniform(0.02, 1.5))
            world.counts["kills"] += outcome.code == -9
            world.check("kill", outcome, name)
            world.check_result("kill", output, name)
            world.check("kill", world.box.run(words + [option, output] if not (world.box.path / output).exists() else ["doctor"]), name)
            world.check_result("kill", output, name + ", again")
        if not clock.left():
            return


def disturbed(world: World, kind: str, command, what: str, **how):
    """Runs a command that may fail: what it leaves is nothing or all of its result."""
    name, words, option, output = command
    world.remove(output)
    outcome = world.box.run(words + [option, output], **how)
    world.check(kind, outcome, f"{name} with {what}")
    world.check_result(kind, output, f"{name} with {what}")
    if outcome.code == 0 and not (world.box.path / output).exists():
        world.problem(kind, f"{name} with {what}: exit code 0 without a result")


def full(world: World, draw: random.Random, clock: Clock):
    while True:
        for command in world.commands:
            limit = int(10 ** draw.uniform(1, 5))
            disturbed(world, "full", command, f"{limit} bytes", file_limit=limit)
        if not clock.left():
            return


def closed(world: World, draw: random.Random, clock: Clock):
    sets = [(2,), (1,), (0, 1, 2), (0,), (1, 2), (0, 2), (0, 1)]
    for number in range(10**9):
        for name, words, option, output in world.commands:
            world.remove(output)
            streams = sets[number % len(sets)]
            world.check("closed", world.box.run(words + [option, output], closed=streams), f"{name} without {streams}")
            world.check_result("closed", output, f"{name} without {streams}")
            if not (world.box.path / output).exists():
                world.problem("closed", f"{name} without {streams}: no result")
        if not clock.left():
            return


def two(world: World, draw: random.Random, clock: Clock):
    while True:
        for name, words, option, output in world.commands:
            world.remove(output)
            both = [world.box.start(words + [option, output]) for _ in range(2)]
            codes = []
            for process in both:
                process.communicate()
                codes.append(process.returncode)
            world.counts["runs"] += 2
            if codes.count(0) < 1 or any(code not in (0, 1) for code in codes):
                world.problem("two", f"{name}: exit codes {codes}")
            world.check_result("two", output, f"{name} twice at a time")
        if not clock.left():
            return


def flip(world: World, draw: random.Random, clock: Clock):
    def flipped(path: Path):
        content = bytearray(path.read_bytes())
        for _ in range(draw.choice([1, 1, 3, 20])):
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)

    while True:
        # A checkpoint: the run goes back and ends as if nothing had been.
        world.remove("flipped")
        shutil.copytree(world.box.path / "whole", world.box.path / "flipped")
        run = world.box.path / "flipped"
        victim = draw.choice([p for p in (run / "checkpoints" / "step-12").iterdir() if p.suffix == ".safetensors"])
        flipped(victim)
        outcome = world.box.run(TRAIN + ["--out", "flipped"])
        world.counts["inputs"] += 1
        world.check("flip", outcome, victim.name)
        if outcome.code != 0 or world.weights("flipped") != world.run_digest:
            world.problem("flip", f"{victim.name}: the run did not go back to the checkpoint before: {outcome.err[-300:]}")
        # Anything else that is read: an answer or a line of error, never a crash.
        for source, words in [("episodes.h5", ["data", "convert", "--input", "bad.h5", "--output", "bad-out.npz", "--format", "npz"]),
                              ("reference-new.npz", ["data", "convert", "--input", "bad.npz", "--output", "bad-out", "--format", "folder"]),
                              ("model/model.safetensors", ["inspect", "bad.safetensors"]),
                              ("model/config.json", ["inspect", "bad-model"])]:
            for name in ("bad-out.npz", "bad-out", "bad-model"):
                world.remove(name)
            original = world.box.path / source
            if source.endswith("config.json"):
                shutil.copytree(world.model, world.box.path / "bad-model")
                flipped(world.box.path / "bad-model" / "config.json")
            else:
                bad = world.box.path / ("bad" + original.suffix)
                shutil.copyfile(original, bad)
                flipped(bad)
            outcome = world.box.run(words)
            world.counts["inputs"] += 1
            world.check("flip", outcome, source)
            if outcome.code not in (0, 1):
                world.problem("flip", f"{source}: exit code {outcome.code}: {outcome.err[-300:]}")
        if not clock.left():
            return


def inject(world: World, draw: random.Random, clock: Clock):
    if world.box.inject is None:
        return
    errors = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES]
    disturbed(world, "inject", world.commands[0], "no thread", fault=f"thread:1:{errno.EAGAIN}")
    while True:
        for command in world.commands:
            kind = draw.choice(["write", "fsync", "rename", "open", "mkdir", "thread"])
            error = errno.EAGAIN if kind == "thread" else draw.choice(errors)
            fault = f"{kind}:{draw.randint(1, 12)}:{error}"
            disturbed(world, "inject", command, fault, fault=fault)
        if not clock.left():
            return


KINDS = {"kill": kill, "full": full, "closed": closed, "two": two, "flip": flip, "inject": inject}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("tools/assets/two_room"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(KINDS))
    options = parser.parse_args()
    chosen = options.only.split(",")
    unknown = [kind for kind in chosen if kind not in KINDS]
    if unknown:
        parser.error(f"unknown kind {unknown[0]}; known: {', '.join(KINDS)}")
    with tempfile.TemporaryDirectory() as folder:
        shim = Path(folder) / "libinject.so"
        source = Path(__file__).parent / "inject.c"
        compiler = shutil.which("cc") or shutil.which("gcc")
        built = compiler and subprocess.run([compiler, "-shared", "-fPIC", "-O1", source, "-o", shim, "-ldl"]).returncode == 0
        if not built and "inject" in chosen:
            print("faults: no C compiler: system calls are not made to fail", file=sys.stderr)
        world = World(options.foresee, shim if built else None, options.model)
        rounds = {}
        for kind in chosen:
            before = world.counts["runs"]
            KINDS[kind](world, random.Random(f"{options.seed} {kind}"), Clock(options.seconds / len(chosen)))
            rounds[kind] = world.counts["runs"] - before
            print(f"faults: {kind}: {rounds[kind]} runs", file=sys.stderr)
        print(json.dumps({"kills_survived": world.counts["kills"], "inputs_tried": world.counts["inputs"], "runs": rounds,
                          "bytes_lost": world.box.bytes_lost(), "problems": world.problems}, indent=2))
        world.box.close()
        return 1 if world.problems else 0


if __name__ == "__main__":
    sys.exit(main())
