"""Do sound world models raise flags? Trains LeWMs of several seeds and judges each with `eval --protocol quality` and in
closed loop. One command for all figures.

    python3 tools/python/healthy_models.py [--foresee build/release/foresee] [--out runs/healthy] [--two-room 7] [--push-t 3]

Every model has its own seed and its own episodes. Quality reads them beside others that it never saw. Flags of quality
say that the model is broken; those of the closed loop may also say that the task is easy, so they stand beside them.
What lies in --out is kept: run the same command again to go on. Ends with a table in Markdown.
"""

import argparse
import pathlib

from study import kept, run, settings

COLLECT = {  # environment: the sets that are collected, as options of `data collect`
    "two_room": [["--policy", "expert", "--noise", "2.0", "--episodes", "240"], ["--policy", "random", "--episodes", "160"]],
    "push_t": [["--policy", "weak", "--episodes", "400"]],
}
PRESET = {"two_room": "lewm-s64", "push_t": "lewm-s64-pusht"}
FAST = ["model.vit.patch=16"]  # a quarter of the tokens: minutes for each model
SEARCH = {"samples": 150, "iterations": 10, "elites": 15}


def collected(options, env, seed, part):
    files = []
    for number, how in enumerate(COLLECT[env]):
        files.append(options.out / f"{env}-{part}-{seed}-{number}.h5")
        if not files[-1].exists():
            own = 1000 * seed + 100 * number + (0 if part == "train" else 50)
            run(options, "data", "collect", "--env", env, *how, "--size", "64", "--seed", own, "--out", files[-1])
    return files


def judged(options, env, seed):
    """What quality and the closed loop say of one model."""
    folder = options.out / f"{env}-{seed}"
    files = collected(options, env, seed, "train")
    kept(folder.with_suffix(".run.json"),
         lambda: run(options, "train", "--preset", PRESET[env], "--data", *files, "--steps", options.steps, "--seed", seed,
                     *settings([f"train.batch={options.batch}", *FAST]), "--out", folder))
    others = collected(options, env, seed, "other")
    quality = kept(folder.with_suffix(".quality.json"),
                   lambda: run(options, "eval", "--protocol", "quality", "--model", folder, "--data", *files, *others))
    loop = kept(folder.with_suffix(".eval.json"),
                lambda: run(options, "eval", "--env", env, "--model", folder, "--methods", "planner", "--episodes",
                            options.episodes, "--seed", 7,
                            *settings(f"planner.{key}={value}" for key, value in SEARCH.items())))
    return quality, loop


def names(flags):
    return ", ".join(f"{flag['name']} ({flag['value']:.3g}, bound {flag['threshold']:.3g})" for flag in flags) or "none"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee", help="the program")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/healthy"))
    parser.add_argument("--two-room", type=int, default=7, help="models of Two-Room")
    parser.add_argument("--push-t", type=int, default=3, help="models of Push-T")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--episodes", type=int, default=50, help="starts of the closed loop")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = ["| environment | seed | flags of quality | planner, % | random, % | flags of the closed loop |", "|---|---|---|---|---|---|"]
    for env, models in (("two_room", options.two_room), ("push_t", options.push_t)):
        for seed in range(1, models + 1):
            quality, loop = judged(options, env, seed)
            rates = " | ".join(f"{100 * loop['success'][method]['rate']:.0f}" for method in ("planner", "random"))
            lines.append(f"| {env} | {seed} | {names(quality['flags'])} | {rates} | {names(loop['flags'])} |")
            print(lines[-1], flush=True)
    (options.out / "table.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
