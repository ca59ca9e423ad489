#!/usr/bin/env python3
"""stable-worldmodel's own evaluation of a LeWM beside `foresee eval --protocol swm`: the same model, data and starts.

    bash tools/python/peer.sh --also swm --also env --also data tools/parity/compare_eval.py \\
      --foresee build/release/foresee --out runs/compare_eval

1. `data collect` records episodes (or --data names a file), `export --format swm` writes the model for the peer.
2. Starts are rows that NumPy's generator of the seed draws. Both sides have to take the same ones.
3. The peer's World.evaluate plays them with its own WorldModelPolicy and CEMSolver, then `foresee eval` does.
4. Both rates are printed with Wilson's intervals, the difference with Newcombe's for paired data, at 95 %.
The random numbers of the two searches differ, so single starts may, too. Exit 1 where a check fails, or where the
interval of the difference leaves -10 .. +10 points. A call with the same settings and --out goes on where it was cut
off; what Ctrl-C ended in `foresee eval` begins anew. The peer plays ten starts at a time, and the seed of its search
rises with them.
"""
import argparse
import contextlib
import json
import math
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from torchvision.transforms import v2

from checks import PROGRAM_ENVIRONMENT, check
from swm_peer import enter, enter_networks, swm

ROOT = Path(__file__).resolve().parents[2]
MARGIN = 0.10
OFFSET, BUDGET, BLOCK = 25, 50, 5  # rows to the goal, environment steps, steps of an action block: stable-worldmodel's
CHUNK = 10  # starts that the peer plays before they are kept
Z = 1.959963984540054
# The peer's name and the column that sets a state.
ENVS = {"two_room": ("swm/TwoRoom-v1", "proprio"), "push_t": ("swm/PushT-v1", "state")}


def wilson(successes, n):
    """Rate and its 95 % interval (Wilson 1927)."""
    rate, z2 = successes / n, Z * Z
    centre, half = rate + z2 / (2 * n), Z * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    return rate, (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)


def paired(first, second):
    """Difference of two rates over the same starts, its 95 % interval (Newcombe 1998, paired data, method 10), and the
    numbers of starts that only one side solved."""
    n = len(first)
    a, b, c, d = (sum((x, y) == kind for x, y in zip(first, second))
                  for kind in ((True, True), (True, False), (False, True), (False, False)))
    (p, p_low, p_high), (q, q_low, q_high) = wilson(a + b, n), wilson(a + c, n)
    excess = a * d - b * c
    if excess > 0:
        excess = max(excess - n / 2, 0)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    phi = excess / math.sqrt(margins) if margins else 0
    width = lambda x, y: math.sqrt(max(x * x - 2 * phi * x * y + y * y, 0))
    return p - q, p - q - width(p - p_low, q_high - q), p - q + width(p_high - p, q - q_low), b, c


def draw_starts(dataset, options):
    """Episodes and rows as stable-worldmodel's script draws them."""
    rows = [(episode, row) for episode, length in enumerate(dataset.lengths) for row in range(int(length) - OFFSET)]
    chosen = np.sort(np.random.default_rng(options.seed).choice(len(rows), size=options.episodes, replace=False))
    return [rows[i] for i in chosen]


def play(model, dataset, starts, options, seed):
    """The peer's successes from some starts."""
    name, column = ENVS[options.env]
    side = dataset.load_chunk(np.array([0]), np.array([0]), np.array([1]))[0]["pixels"].shape[-1]
    picture = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True),
                          v2.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)), v2.Resize(size=side)])
    actions = swm("data.normalization").ZScoreScaler().fit(dataset.get_col_data("action"))
    solver = swm("solver.cem").CEMSolver(model, batch_size=1, num_samples=options.samples, n_steps=options.iterations,
                                         topk=options.elites, seed=seed)
    policy = swm("policy")
    plan = policy.PlanConfig(horizon=options.horizon, receding_horizon=options.horizon, action_block=BLOCK)
    world = swm("world.world").World(name, num_envs=len(starts), image_shape=(side, side), max_episode_steps=2 * BUDGET)
    world.set_policy(policy.WorldModelPolicy(solver, plan, process={"action": actions},
                                             transform={"pixels": picture, "goal": picture}))
    setters = [{"method": f"_set_{argument}", "args": {argument: {"value": value}}}
               for argument, value in (("state", column), ("goal_state", f"goal_{column}"))]
    episodes, rows = zip(*starts)
    with contextlib.redirect_stdout(sys.stderr):  # its solver prints the time of every search
        result = world.evaluate(dataset=dataset, episodes_idx=list(episodes), start_steps=list(rows),
                                goal_offset=OFFSET, eval_budget=BUDGET, callables=setters)
    world.close()
    return [bool(success) for success in result["episode_successes"]]


def peer_successes(model, dataset, starts, options):
    """Plays all starts in chunks, which are kept under --out."""
    kept = options.out / "peer.json"
    done = json.loads(kept.read_text()) if kept.exists() else []
    while len(done) < len(starts):
        done += play(model, dataset, starts[len(done):len(done) + CHUNK], options, options.seed + len(done))
        write_whole(kept, done)
        print(f"stable-worldmodel: {sum(done)} of {len(done)} starts solved", file=sys.stderr, flush=True)
    return done


def write_whole(path, content):
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(content))
    beside.replace(path)


def run(options, *arguments):
    command = [str(options.foresee), *map(str, arguments)]
    print("$", shlex.join(command), flush=True)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, env=PROGRAM_ENVIRONMENT)
    check(f"foresee {arguments[0]}", done.returncode == 0, f"(exit {done.returncode})")


def our_results(data, options):
    out = options.out / "foresee"
    results = out / "results.json"
    if not results.exists() or json.loads(results.read_text())["interrupted"]:
        planner = {"samples": options.samples, "iterations": options.iterations, "elites": options.elites,
                   "horizon": options.horizon, "receding": options.horizon}
        keys = [word for key, value in planner.items() for word in ("--set", f"planner.{key}={value}")]
        run(options, "eval", "--env", options.env, "--protocol", "swm", "--model", options.model, "--data", data,
            "--allow-overlap", "--episodes", options.episodes, "--methods", "planner", "--seed", options.seed,
            "--threads", options.threads, "--strips", 0, "--overwrite", "--out", out, *keys)
    return json.loads(results.read_text())


def prepare(options):
    """The set of episodes and the exported model, made once under --out."""
    settings = {key: str(value) for key, value in vars(options).items() if key not in ("out", "foresee", "threads")}
    kept = options.out / "settings.json"
    if kept.exists():
        check("--out was begun with these settings", json.loads(kept.read_text()) == settings, f"({kept})")
    options.out.mkdir(parents=True, exist_ok=True)
    write_whole(kept, settings)
    exported = options.out / "checkpoints/model"
    if not exported.exists():
        run(options, "export", "--model", options.model, "--format", "swm", "--out", exported)
    data = options.data or options.out / "episodes.h5"
    if not data.exists():
        side = json.loads((exported / "config.json").read_text())["encoder"]["image_size"]
        run(options, "data", "collect", "--env", options.env, "--episodes", 2 * options.episodes, "--size", side,
            "--seed", options.seed, "--threads", options.threads, "--out", data)
    return data


def check_equal(starts, dataset, ours, options):
    column = ENVS[options.env][1]
    same = []
    for (episode, row), start in zip(starts, ours["starts"]):
        chunk = dataset.load_chunk(np.array([episode]), np.array([row]), np.array([row + OFFSET + 1]))[0][column]
        states = np.allclose(chunk[0], start["start"]) and np.allclose(chunk[-1], start["goal"])
        same.append(row == start["row"] and states)
    equal = all(same) and len(ours["starts"]) == len(starts)
    check("both sides take the same starts and goals", equal, f"({len(starts)})")


def report(theirs, ours, options):
    for name, successes in (("stable-worldmodel", theirs), ("foresee", ours)):
        rate, low, high = wilson(sum(successes), len(successes))
        print(f"{name}: {sum(successes)} of {len(successes)} solved, "
              f"{100 * rate:.1f} % [{100 * low:.1f}, {100 * high:.1f}]")
    difference, low, high, only_ours, only_theirs = paired(ours, theirs)
    print(f"solved by foresee alone: {only_ours}, by stable-worldmodel alone: {only_theirs}")
    print(f"foresee - stable-worldmodel: {100 * difference:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}], search "
          f"{options.samples} x {options.iterations}, {options.elites} elites, horizon {options.horizon}")
    check("the interval lies inside -10 .. +10 points", -MARGIN <= low and high <= MARGIN)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee", type=Path)
    parser.add_argument("--out", required=True, type=Path, help="folder of what is kept")
    parser.add_argument("--env", choices=sorted(ENVS), default="two_room")
    parser.add_argument("--model", type=Path, help="folder of a LeWM (default: the one in tools/assets)")
    parser.add_argument("--data", type=Path, help="HDF5 episodes of the environment (default: recorded)")
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=42, help="of starts and searches")
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--iterations", type=int, default=30)
    parser.add_argument("--elites", type=int, default=30)
    parser.add_argument("--horizon", type=int, default=5, help="action blocks, all of which are executed")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.foresee, options.model = options.foresee.resolve(), options.model or ROOT / "tools/assets" / options.env
    torch.set_num_threads(options.threads)

    data = prepare(options)
    enter("stable_worldmodel", "stable_worldmodel.data", "stable_worldmodel.data.formats")
    load_pretrained = enter_networks()
    swm("envs")
    dataset = swm("data.formats.hdf5").HDF5Dataset(path=data)
    starts = draw_starts(dataset, options)
    model = load_pretrained("model", cache_dir=str(options.out)).eval()
    print("$", shlex.join(sys.orig_argv), "# World.evaluate, WorldModelPolicy, CEMSolver", flush=True)
    theirs = peer_successes(model, dataset, starts, options)

    results = our_results(data, options)
    check_equal(starts, dataset, results, options)
    outcomes = {method: [row["success"] for row in sorted(rows, key=lambda row: row["start"])]
                for method, rows in results["episodes"].items()}
    stated = results["result"]["paired"][0]  # planner and random
    check("the interval is computed as the program does", np.allclose(
        paired(outcomes[stated["first"]], outcomes[stated["second"]])[:3],
        [stated[key] for key in ("difference", "low", "high")]))
    report(theirs, outcomes["planner"], options)


if __name__ == "__main__":
    main()
