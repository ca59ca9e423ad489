"""Prints what gcov counted: gcov_lines.py ROOT BUILD      per source below ROOT: path, lines reached, lines, by tabs

A header's line counts as reached when one of the sources that include it reaches it.
"""
import collections
import json
import pathlib
import subprocess
import sys


def main(root, build):
    root, build = pathlib.Path(root).resolve(), pathlib.Path(build).resolve()
    reached = collections.defaultdict(dict)  # path -> line -> whether some run was there
    for notes in sorted(build.rglob("*.gcno")):
        done = subprocess.run(["gcov", "--json-format", "--stdout", notes], cwd=build, capture_output=True, text=True,
                              check=True)
        for report in map(json.loads, done.stdout.splitlines()):
            for file in report["files"]:
                path = pathlib.Path(report["current_working_directory"], file["file"]).resolve()
                if not path.is_relative_to(root):  # a header of the system
                    continue
                lines = reached[path.relative_to(root)]
                for line in file["lines"]:
                    lines[line["line_number"]] = lines.get(line["line_number"], False) or line["count"] > 0
    for path, lines in sorted(reached.items()):
        print(path, sum(lines.values()), len(lines), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
