"""Success over the episodes that were given, from what tools/study/adapt.sh found: writes OUT/table.md.

    python3 tools/study/adapt_table.py runs/adapt
"""
import json
import sys
from pathlib import Path

METHODS = ("planner", "inverse_dynamics", "random")


def main():
    out = Path(sys.argv[1])
    lines = ["| episodes of the new door | door | planner | inverse dynamics | random | n |", "|---|---|---|---|---|---|"]
    folders = [file.parent for file in (out / "eval").glob("*/results.json")]
    for folder in sorted(folders, key=lambda one: [int(part) for part in one.name.split("_")]):
        given, door = folder.name.split("_")
        found = json.loads((folder / "results.json").read_text())["result"]["success"]
        cells = [f"{found[m]['rate']:.2f} ({found[m]['low']:.2f} .. {found[m]['high']:.2f})" for m in METHODS if m in found]
        lines.append(f"| {given} | {door} | {' | '.join(cells)} | {found['planner']['n']} |")
    (out / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
