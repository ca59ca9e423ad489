#!/usr/bin/env python3
"""Times encoding one clip: `foresee bench encode` against transformers' VJEPA2Model, alternately, same threads.

Needs torch and transformers (measured with 2.11 and 5.23). Both sides have random weights of the same sizes and run in
the same precision; the peer runs with whichever of eager and torch.compile was faster in its warm-up.

    compare_encode.py --foresee build/release/foresee --precision fp32 --pairs 5
"""
import argparse
import json
import os
import subprocess

from pairs import compare, fastest

SIZES = {  # width, depth, heads, mlp_ratio
    "vit_tiny": (192, 12, 3, 4.0),
    "vit_small": (384, 12, 6, 4.0),
    "vit_base": (768, 12, 12, 4.0),
    "vit_large": (1024, 24, 16, 4.0),
    "vit_huge": (1280, 32, 16, 4.0),
    "vit_giant_xformers": (1408, 40, 22, 48 / 11),
}


def peer_encoder(arguments):
    import torch
    from transformers import VJEPA2Config, VJEPA2Model

    torch.set_num_threads(arguments.threads)
    width, depth, heads, ratio = SIZES[arguments.model]
    config = VJEPA2Config(
        hidden_size=width, num_hidden_layers=depth, num_attention_heads=heads, mlp_ratio=ratio,
        crop_size=arguments.size, frames_per_clip=arguments.frames, pred_num_hidden_layers=1)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[arguments.precision]
    encoder = VJEPA2Model(config).eval().to(dtype).encoder
    clip = torch.randn(1, arguments.frames, 3, arguments.size, arguments.size, dtype=dtype)
    return fastest(encoder, lambda network: network(clip), arguments)


def ours(arguments):
    command = [arguments.foresee, "bench", "encode", "--model", arguments.model, "--frames", str(arguments.frames),
               "--size", str(arguments.size), "--precision", arguments.precision, "--threads", str(arguments.threads),
               "--repetitions", "1", "--warmup", "1"]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return row[arguments.precision]["ms"]["p50"] / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee")
    parser.add_argument("--model", default="vit_large", choices=SIZES)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--peer", default="best", choices=("best", "eager", "compile"))
    arguments = parser.parse_args()

    mode, peer = peer_encoder(arguments)
    rows = compare(lambda i: peer(), lambda i: ours(arguments), arguments.pairs, "s")
    print(json.dumps({
        "what": f"encode {arguments.frames}x{arguments.size}x{arguments.size}, {arguments.model}, {arguments.precision}",
        "threads": arguments.threads, "peer_mode": mode, **rows}, indent=2))


if __name__ == "__main__":
    main()
