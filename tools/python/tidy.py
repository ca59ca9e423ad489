"""Runs clang-tidy over some files of the tree, several in one go: LibTorch's headers are read once per group.

tidy.py BUILD_DIR [--jobs N] [--seconds S] FILE...     exit 1 when something was found, or when a file does not parse

BUILD_DIR holds a compile_commands.json with one command per source (preset `lint`). Files of one target share a
generated source that includes them, as in a unity build. A group that does not parse is checked file by file. With
--seconds all work ends after that time; it is said how many files are left.
"""
import argparse
import concurrent.futures
import itertools
import json
import pathlib
import re
import shlex
import subprocess
import sys
import time

GROUP = 8
GCC_ONLY = {"-fopenmp", "-Werror", "-Winvalid-pch"}


def flags_by_source(build):
    """Source -> flags that clang understands, without input, output and precompiled header."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])[1:]
        kept, skip = [], False
        for word in words:
            if skip:
                skip = False
            elif word in ("-o", "-c", "-include"):
                skip = True
            elif word not in GCC_ONLY:
                kept.append(word)
        flags[pathlib.Path(entry["file"])] = (*kept, "-w")  # the compiler's own warnings are the build's business
    return flags


def flags_of(path, flags):
    """A header takes the flags of a source beside it, or of the nearest folder above that has one."""
    if path in flags:
        return flags[path]
    for folder in path.parents:
        for source in sorted(flags):
            if source.is_relative_to(folder):
                return flags[source]
    return None


def groups_of(paths, flags):
    together = {}
    for path in paths:
        mine = flags_of(path, flags)
        if mine and not (path.suffix == ".cpp" and path not in flags):  # a source that this configuration leaves out
            together.setdefault((path.parent, mine), []).append(path)
    return [(members[i:i + GROUP], mine)
            for (_, mine), members in together.items() for i in range(0, len(members), GROUP)]


class Tidy:
    def __init__(self, build, root):
        self.folder, self.root, self.numbers = build / "tidy", root, itertools.count(1)
        self.folder.mkdir(exist_ok=True)

    def run(self, paths, flags, deadline):
        """What clang-tidy says of the files, errors of parsing among it. @throws TimeoutExpired behind the deadline."""
        source = self.folder / f"group_{next(self.numbers)}.cpp"
        source.write_text("".join(f'#include "{path}"\n' for path in paths))
        command = ["clang-tidy", "--quiet", f"--config-file={self.root / '.clang-tidy'}", str(source), "--", *flags]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True,
                              timeout=max(0.0, deadline - time.monotonic()))
        if done.returncode and len(paths) > 1 and "clang-diagnostic-error" in done.stdout:
            return "".join(self.run([path], flags, deadline) for path in paths)
        if done.returncode and not done.stdout:
            return f"{paths[0]}: error: clang-tidy ended with {done.returncode}: {done.stderr[-500:]}\n"
        return done.stdout


def findings(text):
    """One text per finding, each begun by a line `/path:line:column: warning:` or `error:`."""
    return [part for part in re.split(r"(?m)^(?=/[^:\n]+:(?:\d+:\d+:)? (?:warning|error): )", text) if part.strip()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9)
    options = parser.parse_intermixed_args()
    root, deadline = pathlib.Path.cwd(), time.monotonic() + options.seconds
    flags = flags_by_source(options.build)
    groups = groups_of([root / path for path in options.files], flags)
    tidy = Tidy(options.build, root)

    def work(group):
        try:
            return tidy.run(*group, deadline)
        except subprocess.TimeoutExpired:
            return None

    seen, left = set(), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (paths, _), text in zip(groups, pool.map(work, groups)):
            left += len(paths) if text is None else 0
            for finding in findings(text or ""):
                if finding not in seen:  # of a header, once
                    seen.add(finding)
                    print(finding.replace(f"{root}/", ""), end="", flush=True)
    total = sum(len(paths) for paths, _ in groups)
    rest = f"; no time for {left} files (all of them: tools/lint.sh --tidy)" if left else ""
    print(f"clang-tidy: {total - left} files, {len(seen)} findings{rest}", file=sys.stderr)
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
