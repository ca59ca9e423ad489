"""The README's table of the shipped models, from what tools/study/shipped.sh found: writes OUT/table.md.

    python3 tools/study/shipped_table.py runs/shipped
"""
import json
import sys
from pathlib import Path

from pooled import add, interval

TASKS = {"near": "Two-Room, goal 25 steps ahead", "far": "Two-Room, opposite rooms, with heads",
         "push_t": "Push-T, goal 25 steps ahead"}
METHODS = {"planner": "planner", "random": "random", "noop": "doing nothing", "oracle": "true simulator"}


def cell(counts):
    if not counts or not counts[1]:
        return "-"
    low, high = interval(*counts)
    return f"{100 * counts[0] / counts[1]:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def main():
    out = Path(sys.argv[1])
    pools = {}
    for file in sorted((out / "eval").glob("*/results.json")):
        task = file.parent.name.rpartition("_")[0]
        add(pools.setdefault(task, {}), json.loads(file.read_text())["result"]["success"])
    lines = ["| task | starts | " + " | ".join(METHODS.values()) + " |", "|---|---|" + "---|" * len(METHODS)]
    for task, name in TASKS.items():
        if task in pools:
            pool = pools[task]
            lines.append(f"| {name} | {pool['planner'][1]} | " + " | ".join(cell(pool.get(m)) for m in METHODS) + " |")
    (out / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
