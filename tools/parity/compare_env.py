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
import subprocess
import sys
import time

from pairs import compare
from swm_peer import enter, swm

ENVS = {
    "push_t": ("stable_worldmodel.envs.pusht.env", "PushT"),
    "two_room": ("stable_worldmodel.envs.two_room.env", "TwoRoomEnv"),
}


def load_peer(env):
    """The peer's environment class, without the training code that importing its whole package brings."""
    if importlib.util.find_spec("stable_worldmodel") is None:
        sys.exit("compare_env: stable-worldmodel is not installed; see the first lines of this script")
    module, name = ENVS[env]
    parts = module.split(".")
    enter(*(".".join(parts[:depth]) for depth in range(1, len(parts))))
    for part in ("utils", "spaces"):
        setattr(sys.modules["stable_worldmodel"], part, swm(part))
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
    return json.loads(text)


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

    result = {"env": options.env, "cores": 1}
    for key, render in (("steps", False), ("rendered_224", True)):
        result[key] = compare(lambda i: peer_rate(env, actions, options.seconds, render),
                              lambda i: our_rates(options.foresee, options.env)[key]["per_s"], options.pairs, "per_s", key)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
