"""Writes the card of the shipped encoder from what `eval --protocol features --json` said (tools/study/encoder.sh).

    python3 tools/study/encoder_card.py features.json --steps N --scenes N --episodes N --seed N > README.md
"""

import argparse
import json
import pathlib

FACTORS = ("direction", "speed", "count", "colour", "bounce", "occlusion")

CARD = """---
license: apache-2.0
---

# A small encoder of video

`foresee demo` goes on from this encoder on the clips that it is given. The architecture is that of the preset
`vjepa2-nano`: clips of {frames} frames of {size} pixels. The folder holds all that training goes on with: encoder,
target encoder, predictor and the optimizer's state.

## How it was made

It was trained by this program, from nothing, on {scenes:,} clips of the generator of moving scenes{rendered}. The
last of {steps:,} steps was taken. Seed {seed} was chosen among 0, 1 and 2 by what probes read on the scenes of
seeds 7 and 8 ([results](../../../docs/results.md#pretraining-on-moving-scenes)). The table below is of other scenes.

```
STEPS={steps} SCENES={scenes} EPISODES={episodes} SEED={seed}{settings} sh tools/study/encoder.sh
```

## How good it is

An attentive probe on the frozen features, on {clips:,} new scenes of the generator ({train_clips:,} others fitted it),
beside the same probe on random weights and on pixels. Rates with their 95 % intervals, which tell of the scenes to
test alone: other scenes to fit move a rate by up to 0.05, of pixels as well.

{table}

{verdict}

## What it is good for, and what not

It shows on one page what pretraining does, and it is a start for clips in which simple things move. It has seen drawn
scenes only: no real film, no people, no text. For any other purpose train your own, or take
published weights.
"""


def cell(rate):
    return f"{rate['rate']:.3f} ({rate['low']:.3f} to {rate['high']:.3f})"


def table(judged):
    lines = ["| factor | chance | this encoder | random weights | pixels |", "|---|---|---|---|---|"]
    for name in FACTORS:
        row = judged[name]
        cells = " | ".join(cell(row[kind]) for kind in ("model", "random", "pixels"))
        lines.append(f"| {name} | {row['chance']:.2f} | {cells} |")
    return "\n".join(lines)


def verdict(judged):
    """Which factors lie outside both intervals, above or below; nothing is left unsaid."""
    groups = {"above both": [], "below one of them": [], "neither": []}
    for name in FACTORS:
        model, others = judged[name]["model"], (judged[name]["random"], judged[name]["pixels"])
        if all(model["low"] > other["high"] for other in others):
            groups["above both"].append(name)
        elif any(model["high"] < other["low"] for other in others):
            groups["below one of them"].append(name)
        else:
            groups["neither"].append(name)
    named = {group: ", ".join(names) or "none" for group, names in groups.items()}
    return (f"Outside both intervals, above: {named['above both']}. Below one of them: {named['below one of them']}.\n"
            f"Not told apart: {named['neither']}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features", type=pathlib.Path)
    for name in ("steps", "scenes", "episodes", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--settings", default="", help="KEY=VALUE of the recipe over the preset")
    options = parser.parse_args()
    judged = json.loads(options.features.read_text())
    filled = CARD.format(
        frames=judged["frames"],
        size=judged["size"],
        clips=judged["clips"],
        train_clips=judged["train_clips"],
        steps=options.steps,
        scenes=options.scenes,
        episodes=options.episodes,
        rendered=f" and on {options.episodes} rendered episodes each of Two-Room and Push-T" if options.episodes else "",
        seed=options.seed,
        settings=f" SETTINGS='{options.settings}'" if options.settings else "",
        table=table(judged),
        verdict=verdict(judged),
    )
    print(filled, end="")


if __name__ == "__main__":
    main()
