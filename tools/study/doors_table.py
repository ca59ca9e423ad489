"""Pools what tools/study/doors.sh found over the values of each kind, and writes OUT/table.md.

    python3 tools/study/doors_table.py runs/doors
"""
import json
import sys
from pathlib import Path

from pooled import add, interval

KINDS = {"trained": "trained doors", "off": "doors near trained ones", "gap": "doors in the gap of 80 to 120 px",
         "outside": "doors outside", "colours": "colours never seen, door 50"}


def main():
    out = Path(sys.argv[1])
    counts = {}
    for file in sorted((out / "eval").glob("*/results.json")):
        result = json.loads(file.read_text())["result"]
        kind, protocol = file.parent.name.split("_")[:2]
        for value in result["values"].values():
            add(counts.setdefault((protocol, kind), {}), value["success"])
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
