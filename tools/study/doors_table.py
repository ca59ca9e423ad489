"""Pools what tools/study/doors.sh found over the values of each kind, and writes OUT/table.md.

    python3 tools/study/doors_table.py runs/doors
"""
import json
import math
import sys
from pathlib import Path

KINDS = {"trained": "trained doors", "off": "doors near trained ones", "gap": "doors in the gap of 80 to 120 px",
         "outside": "doors outside", "colours": "colours never seen, door 50"}


def interval(successes, trials):
    """Wilson's 95 % interval, as Foresee prints it."""
    z = 1.959963984540054
    rate = successes / trials
    middle = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def main():
    out = Path(sys.argv[1])
    counts = {}
    for file in sorted((out / "eval").glob("*/results.json")):
        result = json.loads(file.read_text())["result"]
        kind, protocol = file.parent.name.split("_")[:2]
        for value in result["values"].values():
            for method, found in value["success"].items():
                pool = counts.setdefault((protocol, kind), {}).setdefault(method, [0, 0])
                pool[0] += round(found["rate"] * found["n"])
                pool[1] += found["n"]
    lines = ["| protocol | values | planner | 95 % interval | n | random | no-op |", "|---|---|---|---|---|---|---|"]
    for protocol in ("near", "far"):
        for kind, name in KINDS.items():
            methods = counts.get((protocol, kind))
            if not methods or methods["planner"][1] == 0:
                continue
            low, high = interval(*methods["planner"])
            rate = {method: f"{s / n:.2f}" if n else "-" for method, (s, n) in methods.items()}
            lines.append(f"| {protocol} | {name} | {rate['planner']} | {low:.2f} .. {high:.2f} | "
                         f"{methods['planner'][1]} | {rate.get('random', '-')} | {rate.get('noop', '-')} |")
    (out / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
