#!/usr/bin/env python3
"""An environment of one's own, in one file and without packages: a boat in a current.

Foresee starts this program and talks to it in JSON lines (docs/how-to/use-your-own-environment.md):

    foresee eval --env process --set world.process.command="python3 examples/own_environment.py" \
      --protocol far --methods random,oracle --episodes 5
    foresee data collect --env process --set world.process.command="python3 examples/own_environment.py" \
      --episodes 20 --out boat.h5

The boat is at (x, y) in a square of 10 x 10. An action is a push (dx, dy), each number in -1 .. 1. The current carries
the boat to the right. The goal is reached within half a unit. State and goal are (x, y).
"""
import json
import math
import random
import sys

SIDE, CURRENT, REACHED = 10.0, 0.2, 0.5


class Boat:
    """The world. Its state is all that later steps depend on, so that set_state makes copies."""

    def __init__(self):
        self.place, self.goal = [1.0, 5.0], [8.0, 5.0]

    def reset(self, seed):
        draw = random.Random(seed)
        self.place = [draw.uniform(0, SIDE), draw.uniform(0, SIDE)]
        self.goal = [draw.uniform(0, SIDE), draw.uniform(0, SIDE)]

    def step(self, action):
        push = [min(1.0, max(-1.0, number)) for number in action]
        moved = [self.place[0] + push[0] + CURRENT, self.place[1] + push[1]]
        self.place = [min(SIDE, max(0.0, number)) for number in moved]

    def distance(self):
        return math.dist(self.place, self.goal)

    def picture(self, place, size):
        """RGB bytes, row by row: blue water and a white boat."""
        pixels = bytearray(bytes((40, 90, 160)) * (size * size))
        radius = max(1, size // 16)
        column, row = (min(size - 1, int(number / SIDE * size)) for number in place)
        for y in range(max(0, row - radius), min(size, row + radius + 1)):
            for x in range(max(0, column - radius), min(size, column + radius + 1)):
                pixels[3 * (y * size + x):3 * (y * size + x) + 3] = b"\xff\xff\xff"
        return bytes(pixels)


def answer(boat, request):
    """One request to one answer and the bytes that follow it."""
    do = request["do"]
    if do == "spec":
        return {"action_low": [-1, -1], "action_high": [1, 1]}, b""
    if do in ("render", "render_goal"):
        pixels = boat.picture(boat.place if do == "render" else boat.goal, request["size"])
        return {"bytes": len(pixels)}, pixels
    if do == "reset":
        boat.reset(request["seed"])
    elif do == "step":
        boat.step(request["action"])
    elif do == "set_state":
        boat.place = list(request["state"])
    elif do == "set_goal":
        boat.goal = list(request["goal"])
    else:
        return {"error": f"unknown request '{do}'"}, b""
    return {"state": boat.place, "goal": boat.goal, "distance": boat.distance(),
            "solved": boat.distance() < REACHED}, b""


def main():
    boat = Boat()
    for line in sys.stdin:  # the program ends with its input
        reply, pixels = answer(boat, json.loads(line))
        sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n" + pixels)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
