"""From video to actions: the shipped encoder, frozen, carries a V-JEPA 2-AC predictor; a LeWM of equal training time is
beside it. One command for all figures.

    python3 tools/python/actions_study.py [--foresee build/release/foresee] [--out runs/actions] [--env two_room push_t]

For each environment it collects episodes, trains `vjepa2_ac` on the frozen encoder, then `lewm` for as many seconds (by
its measured seconds a step), and evaluates both on the same starts of protocol near, with the same search. What lies in
--out is kept: run the same command again to go on. Ends with a table in Markdown.
"""

import argparse
import pathlib

from study import kept, run, settings

COLLECT = {  # environment: the sets that are collected, as options of `data collect`
    "two_room": [["--policy", "expert", "--noise", "2.0", "--episodes", "1000", "--seed", "0"],
                 ["--policy", "random", "--episodes", "600", "--seed", "1"]],
    "push_t": [["--policy", "cem", "--episodes", "500", "--seed", "0"]],
}
PRESET = {"two_room": "lewm-s64", "push_t": "lewm-s64-pusht"}
SEARCH = {"samples": 64, "iterations": 10, "elites": 8, "horizon": 3, "receding": 3}


def collected(options, env):
    files = []
    for number, how in enumerate(COLLECT[env]):
        files.append(options.out / f"{env}-{number}.h5")
        if not files[-1].exists():
            run(options, "data", "collect", "--env", env, *how, "--size", "64", "--out", files[-1])
    return files


def train(options, folder, steps, *arguments):
    return kept(folder.with_suffix(".run.json"), lambda: run(options, "train", *arguments, "--steps", steps, "--seed",
                                                             options.seed, "--out", folder))


def seconds_a_step(options, env, lewm):
    """Of LeWM: two short runs differ by steps alone."""
    few, more = 10, 40
    spent = [train(options, options.out / f"{env}-pace-{steps}", steps, *lewm)["seconds"] for steps in (few, more)]
    return (spent[1] - spent[0]) / (more - few)


def judged(options, env, model):
    search = settings(f"planner.{key}={value}" for key, value in SEARCH.items())
    return kept(model.with_suffix(".eval.json"), lambda: run(options, "eval", "--env", env, "--model", model, "--methods",
                                                            "planner", "--episodes", options.episodes, "--seed", "7",
                                                            *search))


def cell(rate):
    return f"{100 * rate['rate']:.1f} ({100 * rate['low']:.1f} to {100 * rate['high']:.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee", help="the program")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/actions"))
    parser.add_argument("--encoder", default="tools/assets/encoder", help="frozen")
    parser.add_argument("--env", nargs="+", choices=list(COLLECT), default=list(COLLECT))
    parser.add_argument("--steps", type=int, default=2000, help="of the action predictor")
    parser.add_argument("--episodes", type=int, default=100, help="starts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = ["| environment | model | seconds | steps | success, % | random, % | n |", "|---|---|---|---|---|---|---|"]
    for env in options.env:
        files = collected(options, env)
        predictor = train(options, options.out / f"{env}-ac", options.steps, "--family", "vjepa2_ac", "--preset",
                          "vjepa2-ac-s", "--encoder", options.encoder, "--data", *files)
        lewm = ["--family", "lewm", "--preset", PRESET[env], "--data", *files]
        steps = max(1, round(predictor["seconds"] / seconds_a_step(options, env, lewm)))
        world = train(options, options.out / f"{env}-lewm", steps, *lewm)
        for name, trained in (("vjepa2_ac, frozen encoder", predictor), ("lewm", world)):
            success = judged(options, env, pathlib.Path(trained["run"]))["success"]
            lines.append(f"| {env} | {name} | {trained['seconds']:.0f} | {trained['steps']} | {cell(success['planner'])} | "
                         f"{cell(success['random'])} | {success['planner']['n']} |")
            print("\n".join(lines), flush=True)
    (options.out / "table.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
