"""Lets Foresee step a Gymnasium environment: Note [Process protocol] in planner/env/process_env.h.

    # my_env.py
    import gymnasium
    from foresee_env import serve

    serve(gymnasium.make("MyEnv-v0", render_mode="rgb_array"),
          get_state=lambda env: env.unwrapped.state, set_state=lambda env, state: env.unwrapped.set(state),
          get_goal=lambda env: env.unwrapped.goal, set_goal=lambda env, goal: env.unwrapped.aim(goal),
          distance=lambda env: env.unwrapped.distance())

    foresee data collect --env process --set world.process.command="python3 my_env.py" --policy random --out mine.h5

`solved` is the environment's `terminated` unless `solved=` is given; `distance` is the Euclidean distance of state and
goal unless given. Only numpy and gymnasium's interface (reset, step, render, action_space) are used; anything with
these methods will do.
"""
import json
import os
import sys

import numpy as np


def serve(env, get_state, set_state, get_goal, set_goal, distance=None, solved=None, set_variation=None):
    """Answers requests on standard input until it ends.

    Factors of variation that Foresee draws ({"light": 0.5}) go to set_variation(env, factors) before each reset; without
    it, to env.reset(options={"variation_values": factors}), as stable-worldmodel's environments take them.
    """
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever the environment prints goes to standard error
    terminated, variation = False, {}

    def numbers(values):
        return [float(x) for x in np.asarray(values, dtype=np.float64).ravel()]

    def place():
        state, goal = numbers(get_state(env)), numbers(get_goal(env))
        if distance is not None:
            far = float(distance(env))
        else:
            n = min(len(state), len(goal))
            far = float(np.linalg.norm(np.subtract(state[:n], goal[:n])))
        reached = bool(solved(env)) if solved is not None else bool(terminated)
        return {"state": state, "goal": goal, "solved": reached, "distance": far}

    def picture(size):
        image = np.asarray(env.render(), dtype=np.uint8)
        if image.shape[:2] != (size, size):
            rows = (np.arange(size) + 0.5) * image.shape[0] / size
            columns = (np.arange(size) + 0.5) * image.shape[1] / size
            image = image[rows.astype(int)][:, columns.astype(int)]  # nearest; render at the wanted size for better
        return np.ascontiguousarray(image[..., :3]).tobytes()

    for line in sys.stdin.buffer:
        pixels = b""
        try:
            request = json.loads(line)
            do = request["do"]
            if do == "spec":
                variation = dict(request.get("variation", {}))
                answer = {"action_low": numbers(env.action_space.low), "action_high": numbers(env.action_space.high)}
            elif do == "reset":
                if variation and set_variation is not None:
                    set_variation(env, variation)
                options = {"variation_values": variation} if variation and set_variation is None else None
                env.reset(seed=int(request["seed"]), **({"options": options} if options else {}))
                terminated = False
                answer = place()
            elif do == "step":
                action = np.asarray(request["action"], dtype=env.action_space.dtype).reshape(env.action_space.shape)
                terminated = env.step(action)[2]
                answer = place()
            elif do == "set_state":
                set_state(env, np.asarray(request["state"]))
                terminated = False
                answer = place()
            elif do == "set_goal":
                set_goal(env, np.asarray(request["goal"]))
                answer = place()
            elif do == "render":
                pixels = picture(int(request["size"]))
                answer = {"bytes": len(pixels)}
            elif do == "render_goal":
                state, goal = get_state(env), numbers(get_goal(env))
                there = numbers(state)
                there[: len(goal)] = goal  # a goal is the first numbers of a state
                set_state(env, np.asarray(there))
                pixels = picture(int(request["size"]))
                set_state(env, np.asarray(state))
                answer = {"bytes": len(pixels)}
            else:
                answer = {"error": f"unknown request {do!r}"}
        except Exception as error:  # the other side shows it
            answer, pixels = {"error": f"{type(error).__name__}: {error}"}, b""
        answers.write(json.dumps(answer).encode() + b"\n" + pixels)
