"""Checks what a formatter does not see: check_files.py [FILE...]      default: every file that git tracks

Texts end with a newline. They have no trailing blanks and no carriage returns. JSON files parse. No file is larger than
1 MB. Weights in tools/assets and recorded values in tests/fixtures come from elsewhere: they may have 8 MB, and their
texts stay as they came. Prints one line per finding; the exit code is 1 when there is one.
"""
import json
import pathlib
import subprocess
import sys

FOREIGN = ("tools/assets/", "tests/fixtures/")
LIMIT, FOREIGN_LIMIT = 1 << 20, 8 << 20  # bytes
BINARY = {".safetensors", ".pt", ".png", ".jpg", ".mp4", ".npz", ".h5"}


def findings(path):
    name = path.as_posix()
    foreign = name.startswith(FOREIGN)
    size, limit = path.stat().st_size, FOREIGN_LIMIT if foreign else LIMIT
    if size > limit:
        yield f"{name}: {size} bytes, at most {limit} are allowed here"
    if path.suffix in BINARY:
        return
    content = path.read_bytes()
    if path.suffix == ".json":
        try:
            json.loads(content)
        except ValueError as error:
            yield f"{name}: not JSON: {error}"
    if not foreign and b"\0" not in content:
        yield from findings_in_text(name, content)


def findings_in_text(name, content):
    if content and not content.endswith(b"\n"):
        yield f"{name}: no newline at its end"
    for number, line in enumerate(content.split(b"\n"), 1):
        if b"\r" in line:
            yield f"{name}:{number}: a carriage return"
        elif line != line.rstrip():
            yield f"{name}:{number}: blanks at the end of the line"
        elif line.startswith((b"<<<<<<< ", b">>>>>>> ")):
            yield f"{name}:{number}: a merge conflict"


def main(names):
    if not names:
        listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True).stdout
        names = [name.decode() for name in listed.split(b"\0") if name]
    paths = [pathlib.Path(name) for name in names]
    found = [finding for path in paths if path.is_file() and not path.is_symlink() for finding in findings(path)]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
