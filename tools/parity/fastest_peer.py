"""What the comparisons share: the peer at its fastest setting."""
import sys
import time


def fastest(network, run, arguments):
    """Times run(network), eager and compiled as arguments.peer asks, and keeps the faster one.

    Returns the setting's name and a function of no arguments that gives the seconds of one run.
    """
    import torch

    def seconds(step):
        begin = time.perf_counter()
        with torch.inference_mode():
            run(step)
        return time.perf_counter() - begin

    candidates = {}
    if arguments.peer in ("eager", "best"):
        candidates["eager"] = network
    if arguments.peer in ("compile", "best"):
        candidates["compile"] = torch.compile(network)
    warm = {}
    for name, step in candidates.items():
        try:
            seconds(step)
            warm[name] = min(seconds(step) for _ in range(arguments.warmup))
        except Exception as error:  # no compiler on this machine
            print(f"peer: {name} does not run: {error}", file=sys.stderr)
    best = min(warm, key=warm.get)
    print(f"peer: {', '.join(f'{name} {value:.2f} s' for name, value in warm.items())}; using {best}", file=sys.stderr)
    return best, lambda: seconds(candidates[best])
