"""Compares recipes of pretraining under one fixed protocol: the same clips, steps, seeds and questions for each.

    python3 tools/python/pretrain_study.py --foresee build/release/foresee --out runs/study [--row NAME...] [--seeds 3]

Draws clips of moving scenes, pretrains each row's recipe on them with each seed, and judges each encoder with `eval
--protocol features`. Results that lie in --out already are kept: run the same command again to go on. Ends with a table
in Markdown, each row with its command.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

NONE = ["objective.regulariser=none"]
SIGREG = ["objective.regulariser=sigreg"]
DENSE = ["objective.context=0.5", "model.predictor.context_output=true"]
# One block over the whole picture and half of the time: the other half has to be predicted from this one.
HALF = [
    "masks.long_range.num_blocks=1",
    "masks.long_range.spatial_scale=[1,1]",
    "masks.long_range.temporal_scale=[0.5,0.5]",
    "masks.long_range.aspect_ratio=[1,1]",
]
SLOW = ["loader.clip.fps=4"]
FAST_RATE = ["optimizer.peak_rate=1e-3"]
BATCH = ["loader.batch=32"]
UNTRAINED = "step 0"
ROWS = {  # name: settings over the preset
    "default": [],
    UNTRAINED: ["optimizer.start_rate=0", "optimizer.peak_rate=0", "optimizer.final_rate=0"],
    "published recipe": NONE
    + ["optimizer.peak_rate=5.25e-4", "optimizer.final_rate=5.25e-4"]
    + ["optimizer.ema_start=0.99925", "optimizer.ema_end=0.99925"],
    "none": NONE,
    "published EMA, none": NONE + ["optimizer.ema_start=0.99925", "optimizer.ema_end=0.99925"],
    "variance alone": ["objective.covariance=0"],
    "covariance alone": ["objective.variance=0"],
    "VICReg, twice": ["objective.variance=1", "objective.covariance=0.1"],
    "SIGReg": SIGREG,
    "SIGReg on pooled tokens, too": SIGREG + ["objective.sigreg_pooled=0.1"],
    "SIGReg on pooled tokens alone": SIGREG + ["objective.sigreg_tokens=0", "objective.sigreg_pooled=0.1"],
    "dense loss": DENSE,
    "dense loss, one output": ["objective.context=0.5"],
    "dense loss, none": NONE + DENSE,
    "target of 2 levels": ["objective.target_levels=2"],
    "target of 4 levels": ["objective.target_levels=4"],
    "dense loss, target of 4 levels": DENSE + ["objective.target_levels=4"],
    "deep supervision": ["model.predictor.levels=4"],
    "V-JEPA 2.1's losses": NONE + DENSE + ["objective.context_warmup=[0.11,0.22]", "model.predictor.levels=4"],
    "faster target": ["optimizer.ema_start=0.99", "optimizer.ema_end=1"],
    "twice the rate": ["optimizer.peak_rate=6e-4", "optimizer.final_rate=2e-4"],
    "rate 1e-3": FAST_RATE,
    "batch of 32": BATCH,
    "deeper predictor": ["model.predictor.depth=4"],
    "smaller blocks": ["masks.short_range.num_blocks=4", "masks.long_range.spatial_scale=[0.5,0.5]"],
    "large crops": ["loader.crop.scale=[0.6,1]"],
    "8 frames": ["model.encoder.frames=8"],
    "4 frames per second": SLOW,
    "half of the time hidden": HALF,
    "half of the time, 4 per second": HALF + SLOW,
    "half of the time, 4 per second, rate 1e-3": HALF + SLOW + FAST_RATE,
    "half of the time, 4 per second, dense": HALF + SLOW + FAST_RATE + DENSE,
    "half of the time, 4 per second, batch of 32": HALF + SLOW + FAST_RATE + BATCH,
    "half of the time, 4 per second, batch of 32, dense": HALF + SLOW + FAST_RATE + BATCH + DENSE,
}
FACTORS = ("direction", "speed", "count", "colour", "bounce", "occlusion")


def call(program, arguments):
    """Runs the program and gives what it prints with --json."""
    done = subprocess.run([program, *arguments, "--json", "--quiet"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def kept(path, make):
    """What lies in a file, or what `make` gives, then written there as a whole."""
    if not path.exists():
        result = make()
        part = path.with_suffix(".part")
        part.write_text(json.dumps(result, indent=1))
        part.rename(path)
    return json.loads(path.read_text())


def pretrain_arguments(options, row, seed, run):
    arguments = ["pretrain", "--data", str(options.out / "scenes"), "--preset", options.preset]
    arguments += ["--steps", "1" if row == UNTRAINED else str(options.steps), "--seed", str(seed), "--out", str(run)]
    for setting in ROWS[row]:
        arguments += ["--set", setting]
    return arguments


def study(options, row, seed):
    """One run and its judgement."""
    name = "".join(c if c.isalnum() or c in ".-" else "-" for c in row.replace(",", "").replace("'", ""))
    run = options.out / f"{name}-{seed}"
    arguments = pretrain_arguments(options, row, seed, run)
    trained = kept(options.out / f"{name}-{seed}.run.json", lambda: call(options.foresee, arguments))
    judge = ["eval", "--protocol", "features", "--model", str(run), "--episodes", str(options.clips), "--seed", "7"]
    judged = kept(options.out / f"{name}-{seed}.features.json", lambda: call(options.foresee, judge))
    return trained, judged


def intervals(row, results):
    """Says of each run whether the probe of direction lies above chance, random weights and pixels."""
    lines = []
    for seed, (_, judged) in enumerate(results[row]):
        direction = judged["direction"]
        low = direction["model"]["low"]
        above = {"chance": direction["chance"], **{kind: direction[kind]["high"] for kind in ("random", "pixels")}}
        beaten = ", ".join(name for name, value in above.items() if low > value) or "nothing"
        rates = ", ".join(
            f"{kind} {direction[kind]['rate']:.3f} ({direction[kind]['low']:.3f} to {direction[kind]['high']:.3f})"
            for kind in ("model", "random", "pixels")
        )
        lines.append(f"- {row}, seed {seed}: {rates}, n = {direction['model']['n']}; above {beaten}")
    return lines


def mean(values):
    values = list(values)
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.2f}{spread}"


def table(options, results):
    head = ["recipe", *FACTORS, "collapsed"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for kind in ("random", "pixels"):
        first = next(iter(results.values()))
        cells = [mean(judged[factor][kind]["rate"] for _, judged in first) for factor in FACTORS]
        lines.append(f"| {kind} | " + " | ".join(cells) + " | |")
    for row, runs in results.items():
        cells = [mean(judged[factor]["model"]["rate"] for _, judged in runs) for factor in FACTORS]
        collapsed = sum("collapse" in trained["flags"] for trained, _ in runs)
        lines.append(f"| {row} | " + " | ".join(cells) + f" | {collapsed} of {len(runs)} |")
    lines += ["", "Direction, with 95 % intervals:", ""]
    for row in results:
        lines += intervals(row, results)
    lines += ["", "Commands:", ""]
    for row in results:
        shown = pretrain_arguments(options, row, "SEED", pathlib.Path("RUN"))
        lines.append(f"- {row}: `foresee {' '.join(shown)}`")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee", help="the program")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of runs, judgements and the table")
    parser.add_argument("--preset", default="vjepa2-nano")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, ...")
    parser.add_argument("--clips", type=int, default=1000, help="to test on; twice as many to fit")
    parser.add_argument("--row", nargs="+", choices=list(ROWS), default=list(ROWS), help="recipes; default: all")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not (options.out / "scenes").exists():
        subprocess.run([options.foresee, "data", "scenes", "--clips", "280", "--seed", "100", "--quiet", "--out",
                        str(options.out / "scenes")], stdout=subprocess.DEVNULL, check=True)
    results = {}
    for row in options.row:
        results[row] = []
        for seed in range(options.seeds):
            results[row].append(study(options, row, seed))
            print(f"{row}, seed {seed}: direction {results[row][-1][1]['direction']['model']['rate']:.2f}", flush=True)
    text = table(options, results)
    (options.out / "table.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
