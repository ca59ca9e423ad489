"""Writes OUT/table.md of what tools/study/offline.sh found.

    python3 tools/study/offline_table.py runs/offline
"""
import json
import sys
from pathlib import Path


def cell(figure, key):
    if figure["low"] is None:
        return f"{figure[key]:.3f}"
    return f"{figure[key]:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def main():
    out = Path(sys.argv[1])
    lines = ["| model | actions | log | blocks | rank, chance 0.5 | among recorded | retrieval | unchanged | n | episodes |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for file in sorted((out / "eval").glob("*/results.json")):
        family, kind, log = file.parent.name.split(" ")
        found = json.loads(file.read_text())["result"]["offline"]
        for blocks, rank in found["rank"].items():
            retrieval = found["retrieval"]
            lines.append(f"| {family} | {kind} | {log} | {blocks[1:]} | {cell(rank, 'percentile')} | "
                         f"{cell(found['rank_recorded'][blocks], 'percentile')} | "
                         f"{cell(retrieval['model'][blocks], 'accuracy')} | "
                         f"{cell(retrieval['unchanged'][blocks], 'accuracy')} | {rank['n']} | {rank['episodes']} |")
    (out / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
