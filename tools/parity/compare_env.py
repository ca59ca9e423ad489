#!/usr/bin/env python3
"""Steps a second of Foresee's environments beside stable-worldmodel's, alternately, on one core.

    python3 -m pip install --no-deps -r tools/requirements/peer_env.txt
    python3 tools/parity/compare_env.py --env push_t --foresee build/release/foresee

Prints one JSON object: for each rate the medians of both sides, the median ratio of the pairs, and its spread.
"""
import argparse
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
import types

ENVS = {
    "push_t": ("stable_worldmodel.envs.pusht.env", "PushT"),
    "two_room": ("stable_worldmodel.envs.two_room.env", "TwoRoomEnv"),
}


def load_peer(env):
    """The peer's environment class, without the training code that importing its whole package brings."""
    spec = importlib.util.find_spec("stable_worldmodel")
    if spec is None:
        sys.exit("compare_env: stable-worldmodel is not installed; see the first lines of this script")
    module, name = ENVS[env]
    parts = module.split(".")
    for depth in range(1, len(parts)):  # the packages above the module, empty
        package = types.ModuleType(".".join(parts[:depth]))
        package.__path__ = [os.path.join(p, *parts[1:depth]) for p in spec.submodule_search_locations]
        sys.modules[package.__name__] = package
    for part in ("utils", "spaces"):
        setattr(sys.modules["stable_worldmodel"], part, importlib.import_module("stable_worldmodel." + part))
    made = getattr(importlib.import_module(module), name)(render_mode="rgb_array")
    made.reset(seed=0)
    return made


def peer_rate(env, actions, seconds, render):
    done, begin = 0, time.perf_counter()
    while True:
        for _ in range(16):
            _, _, terminated, _, _ = env.step(actions[done % len(actions)])
            if terminated:
                env.reset(seed=done)
            if render:
                env.render()
            done += 1
        elapsed = time.perf_counter() - begin
        if elapsed >= seconds:
            return done / elapsed


def our_rates(program, env):
    text = subprocess.run([program, "bench", "env", "--env", env, "--json"], check=True, capture_output=True, text=True).stdout
    result = json.loads(text)
    return result["steps"]["per_s"], result["rendered_224"]["per_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", choices=sorted(ENVS), default="push_t")
    parser.add_argument("--foresee", default="build/release/foresee")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement of the peer")
    options = parser.parse_args()

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # children too
    import numpy as np

    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        pass
    env = load_peer(options.env)
    actions = np.random.default_rng(0).uniform(-1, 1, (4096, 2)).astype(np.float32)
    peer_rate(env, actions, 0.5, True)  # warm

    rows = {"steps": [], "rendered_224": []}
    for pair in range(options.pairs):
        peer = peer_rate(env, actions, options.seconds, False), peer_rate(env, actions, options.seconds, True)
        ours = our_rates(options.foresee, options.env)
        for key, theirs, mine in zip(rows, peer, ours):
            rows[key].append((theirs, mine))
        print(f"pair {pair + 1}: peer {peer[0]:.0f} and {peer[1]:.0f}, ours {ours[0]:.0f} and {ours[1]:.0f}", file=sys.stderr)
    result = {"env": options.env, "pairs": options.pairs, "cores": 1}
    for key, pairs in rows.items():
        ratios = sorted(mine / theirs for theirs, mine in pairs)
        result[key] = {
            "peer_per_s": statistics.median(p for p, _ in pairs),
            "ours_per_s": statistics.median(o for _, o in pairs),
            "ratio": statistics.median(ratios),
            "ratio_low": ratios[0],
            "ratio_high": ratios[-1],
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
