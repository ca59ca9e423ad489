"""What the scripts share that hold one program against another: claims are counted, the first that fails ends it."""

import os

# For this program: the libraries that peer.sh preloads are for Python.
PROGRAM_ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("LD_")}

_passed = 0


def check(claim, holds, detail=""):
    global _passed
    if not holds:
        raise SystemExit(f"FAILED: {claim} {detail}")
    _passed += 1
    print(f"ok: {claim} {detail}".rstrip(), flush=True)


def check_close(claim, value, reference, tolerance):
    """Two tensors of one shape, whose elements differ by at most `tolerance`."""
    same_shape = value.shape == reference.shape
    difference = (value.double() - reference.double()).abs().max().item() if same_shape else float("inf")
    check(claim, difference <= tolerance, f"(max abs {difference:.2g}, shape {list(value.shape)})")


def print_count():
    print(f"{_passed} checks passed")
