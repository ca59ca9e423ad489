"""Compares recipes of pretraining under one fixed protocol: the same clips, steps, seeds and questions for each.

    python3 tools/python/pretrain_study.py --foresee build/release/foresee --out runs/study [--row NAME...] [--seeds 3]

Draws clips of moving scenes, pretrains each row's recipe on them with each seed, and judges each encoder with `eval
--protocol features`. Results that lie in --out already are kept: run the same command again to go on. Ends with a table
in Markdown, each row with its command.
"""

import argparse
import pathlib
import statistics
import subprocess

from study import call, kept, settings

NONE = ["objective.regulariser=none"]
SIGREG = ["objective.regulariser=sigreg"]
DENSE = ["objective.context=0.5", "model.predictor.context_output=true"]
# Small blocks that hide the whole time, as the published short-range masks, beside the default's half of the time.
SMALL_BLOCKS = [
    "masks.short_range.num_blocks=8",
    "masks.short_range.spatial_scale=[0.15,0.15]",
    "masks.short_range.temporal_scale=[1,1]",
    "masks.short_range.aspect_ratio=[0.75,1.5]",
]
# The published masks: small blocks, and two large blocks that hide the whole time.
BLOCKS = SMALL_BLOCKS + [
    "masks.long_range.num_blocks=2",
    "masks.long_range.spatial_scale=[0.7,0.7]",
    "masks.long_range.temporal_scale=[1,1]",
    "masks.long_range.aspect_ratio=[0.75,1.5]",
]
WIDE = ["model.encoder.width=128", "model.predictor.width=96"]
SLOW_RATE = ["optimizer.peak_rate=3e-4", "optimizer.final_rate=1e-4"]
UNTRAINED = "step 0"
ROWS = {  # name: settings over the preset
    "default": [],
    UNTRAINED: ["optimizer.start_rate=0", "optimizer.peak_rate=0", "optimizer.final_rate=0"],
    "published recipe": NONE
    + BLOCKS
    + ["loader.clip.fps=4", "optimizer.peak_rate=5.25e-4", "optimizer.final_rate=5.25e-4"]
    + ["optimizer.ema_start=0.99925", "optimizer.ema_end=0.99925"],
    "none": NONE,
    "published masks": BLOCKS,
    "half of the time, and small blocks": SMALL_BLOCKS,
    "4 frames per second": ["loader.clip.fps=4"],
    "12 frames per second": ["loader.clip.fps=12"],
    "patches of 4": ["model.encoder.patch_size=4"],
    "8 frames": ["model.encoder.frames=8", "loader.clip.fps=5.6"],
    "width of 128": WIDE,
    "width of 128, batch of 32": WIDE + ["loader.batch=32"],
    "batch of 8": ["loader.batch=8"],
    "batch of 32": ["loader.batch=32"],
    "rate 3e-4": SLOW_RATE,
    "rate 2e-3": ["optimizer.peak_rate=2e-3"],
    "rate 3e-3": ["optimizer.peak_rate=3e-3"],
    "faster target": ["optimizer.ema_start=0.99", "optimizer.ema_end=1"],
    "variance alone": ["objective.covariance=0"],
    "covariance alone": ["objective.variance=0"],
    "targets as they are": ["objective.steady=1"],
    "targets of change alone": ["objective.steady=0"],
    "VICReg, five times": ["objective.variance=0.5", "objective.covariance=0.05"],
    "SIGReg": SIGREG,
    "SIGReg on pooled tokens, too": SIGREG + ["objective.sigreg_pooled=0.1"],
    "squared error": ["objective.exponent=2"],
    "dense loss": DENSE,
    "target of 4 levels": ["objective.target_levels=4"],
    "deep supervision": ["model.predictor.levels=4"],
    "V-JEPA 2.1's losses": DENSE + ["objective.context_warmup=[0.11,0.22]", "model.predictor.levels=4"],
    "the preset until 0.2": BLOCKS
    + SLOW_RATE
    + ["model.encoder.patch_size=4", "loader.clip.fps=12", "loader.batch=8"]
    + ["objective.variance=0.5", "objective.covariance=0.05"],
}
FACTORS = ("direction", "speed", "count", "colour", "bounce", "occlusion")


def pretrain_arguments(options, row, seed, run):
    arguments = ["pretrain", "--data", str(options.out / "scenes"), "--preset", options.preset]
    arguments += ["--steps", "1" if row == UNTRAINED else str(options.steps), "--seed", str(seed), "--out", str(run)]
    return arguments + settings(ROWS[row])


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
    """Each cell: model, the same network with random weights, pixels of the same patches."""
    head = ["recipe", *FACTORS, "collapsed"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row, runs in results.items():
        cells = []
        for factor in FACTORS:
            model = mean(judged[factor]["model"]["rate"] for _, judged in runs)
            beside = [statistics.fmean(judged[factor][kind]["rate"] for _, judged in runs) for kind in ("random", "pixels")]
            cells.append(f"{model} ({beside[0]:.2f}, {beside[1]:.2f})")
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
    parser.add_argument("--clips", type=int, default=20000, help="to test on; twice as many to fit, 2,000 at most")
    parser.add_argument("--scenes", type=int, default=280, help="clips to train on")
    parser.add_argument("--row", nargs="+", choices=list(ROWS), default=list(ROWS), help="recipes; default: all")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not (options.out / "scenes").exists():
        subprocess.run([options.foresee, "data", "scenes", "--clips", str(options.scenes), "--seed", "100", "--quiet", "--out",
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
