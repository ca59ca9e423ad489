"""What the comparisons share: the peer at its fastest setting, and alternating pairs of measurements."""
import statistics
import sys
import time


def compare(peer, foresee, pairs, unit, what=""):
    """Measures both sides alternately; who goes first changes from pair to pair.

    peer and foresee take the number of the pair and give one measurement each. unit "s" is a duration, all else a rate:
    a ratio above 1 says that Foresee is faster. Returns medians, the median ratio and its extremes.
    """
    rows = []
    for i in range(pairs):
        if i % 2 == 0:
            theirs, ours = peer(i), foresee(i)
        else:
            ours, theirs = foresee(i), peer(i)
        rows.append((theirs, ours, theirs / ours if unit == "s" else ours / theirs))
        print(f"{what}{', ' if what else ''}pair {i + 1}: peer {theirs:.4g} {unit}, foresee {ours:.4g} {unit}, "
              f"ratio {rows[-1][2]:.3f}", file=sys.stderr)
    theirs, ours, ratios = zip(*rows)
    return {"pairs": pairs, f"peer_{unit}": statistics.median(theirs), f"foresee_{unit}": statistics.median(ours),
            "ratio": statistics.median(ratios), "ratio_low": min(ratios), "ratio_high": max(ratios)}


def fastest(network, run, arguments, compiled=None):
    """Times run(network), eager and compiled as arguments.peer asks, and keeps the faster one.

    compiled makes the compiled network from the network; torch.compile without it.

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
        candidates["compile"] = (compiled or torch.compile)(network)
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
