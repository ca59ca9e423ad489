"""What the tables of the studies share: counts over several evaluations, and their rates."""
import math


def add(pool, success):
    """Adds the counts of an evaluation's "success" to {METHOD: [successes, trials]}."""
    for method, found in success.items():
        counts = pool.setdefault(method, [0, 0])
        counts[0] += round(found["rate"] * found["n"])
        counts[1] += found["n"]


def interval(successes, trials):
    """Wilson's 95 % interval, as Foresee prints it."""
    z = 1.959963984540054
    rate = successes / trials
    middle = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)
