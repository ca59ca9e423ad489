"""Gives every row of recorded episodes the action of another row, drawn over all episodes: pictures and the numbers of
actions stay as they are, what the actions did is lost. A model that is trained on them cannot know what actions do.

    foresee data convert --input log.h5 --format npz --output log.npz
    python3 tools/study/shuffle_actions.py log.npz shuffled.npz [SEED]
"""
import sys

import numpy


def shuffled(actions, seed):
    """Rows of finite numbers change places; an episode's last row, which is NaN, stays."""
    out = actions.copy()
    known = numpy.flatnonzero(numpy.isfinite(actions).all(axis=1))
    out[known] = actions[numpy.random.default_rng(seed).permutation(known)]
    return out


def main():
    source, target = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    with numpy.load(source) as log:
        arrays = {name: log[name] for name in log.files}
    arrays["action"] = shuffled(arrays["action"], seed)
    numpy.savez(target, **arrays)


if __name__ == "__main__":
    main()
