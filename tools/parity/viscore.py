#!/usr/bin/env python3
"""Transcribes VIScore (arXiv 2608.11174) to NumPy, for random latents, and holds this program's formulas against it.

The transcription writes latents and its own numbers as JSON. tests/foresee/quality/viscore_test.cpp reads the file and
compares. Needs numpy.

    viscore.py --write tests/fixtures/viscore.json      # makes the file anew
    viscore.py --compare tests/fixtures/viscore.json    # holds the file against the transcription
"""
import argparse
import json
import math

import numpy as np

from checks import check, print_count

SHRINK, FULL_NATS = 0.1, 82.0


def shrunk(rows):
    covariance = np.cov(rows, rowvar=False)
    return (1 - SHRINK) * covariance + SHRINK * np.diag(np.diag(covariance))


def empowerment(changes, residuals, deviation):
    width = changes.shape[1]
    noise = shrunk(residuals)
    noise = noise + 1e-8 * np.trace(noise) / width * np.eye(width)
    noise = deviation**2 * noise / max(np.trace(noise), 1e-12)
    # The determinant of I + N^-1 S by another way than the program's: log det (N + S) - log det N.
    return 0.5 * (np.linalg.slogdet(noise + np.cov(changes, rowvar=False))[1] - np.linalg.slogdet(noise)[1])


def tolerance_of(latents, pairs, tolerance, has_nuisance):
    chosen = [p for p in pairs if 0.8 * tolerance <= p[2] <= 1.2 * tolerance]
    if len(chosen) < 30:
        return None
    if has_nuisance:
        least = np.quantile([p[3] for p in chosen], 0.25)
        quiet = [p for p in chosen if p[3] <= least]
        chosen = quiet if len(quiet) >= 30 else chosen
    return float(np.median([np.linalg.norm(latents[a] - latents[b]) for a, b, _, _ in chosen]))


def scored(case):
    latents, predicted, truth, changes, residuals = (
        np.array(case[key]) for key in ("latents", "predicted", "truth", "changes", "residuals"))
    variance = np.trace(np.cov(latents, rowvar=False))
    error = np.mean(np.sum((predicted - truth) ** 2, -1)) / variance
    deviation = math.sqrt(max(error, 1e-9) * variance)
    distance = tolerance_of(latents, case["pairs"], case["tolerance"], True)
    nats = empowerment(changes, residuals, deviation)
    return {"nmse": error, "deviation": deviation, "latent_tolerance": distance,
            "veracity": math.erf(distance / 2 / (math.sqrt(2) * deviation)), "nats": nats,
            "influence": min(nats / FULL_NATS, 1.0)}


def random_case(seed):
    rng = np.random.default_rng(seed)
    width = 5
    latents = rng.standard_normal((60, width)) * np.array([2, 1, 1, 0.5, 0.1])
    truth = rng.standard_normal((40, width))
    pairs = []
    for _ in range(300):
        a, b = (int(i) for i in rng.choice(60, 2, replace=False))
        pairs.append([a, b, float(rng.uniform(0, 32)), float(rng.uniform())])
    case = {"latents": latents, "truth": truth, "predicted": truth + 0.3 * rng.standard_normal(truth.shape),
            "changes": rng.standard_normal((80, width)) @ rng.standard_normal((width, width)),
            "residuals": 0.2 * rng.standard_normal((70, width)) @ rng.standard_normal((width, width))}
    return {**{key: np.round(value, 6).tolist() for key, value in case.items()}, "pairs": pairs, "tolerance": 16.0}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--compare", metavar="FILE")
    arguments = parser.parse_args()
    if arguments.write:
        cases = [random_case(seed) for seed in range(2)]
        with open(arguments.write, "w") as file:
            json.dump({"cases": [{**case, "expected": scored(case)} for case in cases]}, file)
    if arguments.compare:
        with open(arguments.compare) as file:
            cases = json.load(file)["cases"]
        for i, case in enumerate(cases):
            for name, value in scored(case).items():
                check(f"case {i}: {name}", math.isclose(value, case["expected"][name], rel_tol=1e-9), f"{value:.9g}")
        print_count()


if __name__ == "__main__":
    main()
