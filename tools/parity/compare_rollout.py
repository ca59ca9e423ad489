#!/usr/bin/env python3
"""Times action-conditioned roll-outs: `foresee bench rollout` against the official algorithm in PyTorch, alternately.

The peer is written after facebookresearch/vjepa2 (src/models/ac_predictor.py, notebooks/utils/world_model_wrapper.py):
every step of the roll-out runs all frames of every candidate again, under the block-causal mask, and computes the
rotary angles in every layer. Needs torch (measured with 2.11). Both sides have random weights of the same sizes; the
peer runs with whichever of eager and torch.compile was faster in its warm-up.

    compare_rollout.py --foresee build/release/foresee --pairs 5
"""
import argparse
import copy
import json
import os
import subprocess

from pairs import compare, fastest


def rotate(torch, x, positions):
    """x [B, heads, N, d], positions [N]: the tiled angles of V-JEPA 2."""
    d = x.size(-1)
    omega = 1.0 / 10000 ** (torch.arange(d // 2, dtype=x.dtype) / (d / 2.0))
    angles = positions.to(x.dtype).unsqueeze(-1) * omega
    sin, cos = angles.sin().repeat(1, 2), angles.cos().repeat(1, 2)
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    return x * cos + torch.stack((-b, a), -1).flatten(-2) * sin


def make_predictor(torch, arguments):
    nn, functional = torch.nn, torch.nn.functional
    width, heads, side = arguments.width, arguments.heads, arguments.side
    head_dim = width // heads
    segment = 2 * (head_dim // 3 // 2)

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

        def split(self, x):
            return self.qkv(x).unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)

        def forward(self, x, mask, steps):
            batch = x.size(0)
            x = x.view(batch, steps, 2 + side * side, width)
            grouped = []
            for i in range(2):  # action, state: they turn with the time alone
                q, k, v = self.split(x[:, :, i])
                time_ids = torch.arange(steps)
                q, k = (torch.cat([rotate(torch, y[..., :segment], time_ids), y[..., segment:]], -1) for y in (q, k))
                grouped.append([y.unsqueeze(3) for y in (q, k, v)])
            q, k, v = self.split(x[:, :, 2:].flatten(1, 2))
            ids = torch.arange(steps * side * side)
            time_ids, rest = ids // (side * side), ids % (side * side)
            axes = (time_ids, rest // side, rest % side)

            def turned(y):
                parts = [rotate(torch, y[..., i * segment:(i + 1) * segment], 1.0 * p) for i, p in enumerate(axes)]
                return torch.cat([*parts, y[..., 3 * segment:]], -1)

            grouped.append([y.unflatten(2, (steps, side * side)) for y in (turned(q), turned(k), v)])
            q, k, v = (torch.cat([group[j] for group in grouped], 3).flatten(2, 3) for j in range(3))
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
            return self.proj(mixed.transpose(1, 2).flatten(2))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
            self.attn = Attention()
            self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x, mask, steps):
            x = x + self.attn(self.norm1(x), mask, steps)
            return x + self.fc2(functional.gelu(self.fc1(self.norm2(x))))

    class Predictor(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(arguments.encoder_width, width)
            self.action, self.state = nn.Linear(7, width), nn.Linear(7, width)
            self.blocks = nn.ModuleList(Block() for _ in range(arguments.depth))
            self.norm, self.proj = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, arguments.encoder_width)
            most, group = 32, 2 + side * side
            step = torch.arange(most).repeat_interleave(group)
            self.register_buffer("mask", step.unsqueeze(1) >= step.unsqueeze(0))

        def forward(self, features, actions, states):
            steps = actions.size(1)
            x = self.embed(features).unflatten(1, (steps, side * side))
            x = torch.cat([self.action(actions).unsqueeze(2), self.state(states).unsqueeze(2), x], 2).flatten(1, 2)
            mask = self.mask[:x.size(1), :x.size(1)]
            for block in self.blocks:
                x = block(x, mask, steps)
            x = x.unflatten(1, (steps, -1))[:, :, 2:].flatten(1, 2)
            return self.proj(self.norm(x))

    return Predictor().eval()


def peer_rollout(arguments):
    import torch

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    predictor = make_predictor(torch, arguments)
    n, count = arguments.side ** 2, arguments.candidates
    first, goal = torch.randn(2, 1, n, arguments.encoder_width)
    actions = torch.randn(count, arguments.horizon, 7) * 0.05

    def costs(step):
        # Poses are advanced by adding: their arithmetic on the host costs milliseconds, which is in the peer's favour.
        features, poses = first.expand(count, -1, -1), torch.zeros(count, 1, 7)
        for h in range(arguments.horizon):
            following = step(features, actions[:, :h + 1], poses)[:, -n:]
            following = torch.nn.functional.layer_norm(following, (following.size(-1),))
            features = torch.cat([features, following], 1)
            poses = torch.cat([poses, poses[:, -1:] + actions[:, h:h + 1]], 1)
        return (features[:, -n:] - goal).abs().mean((1, 2))

    def block_by_block(network):  # the whole network takes torch.compile more than ten minutes
        twin = copy.deepcopy(network)
        for block in twin.blocks:
            block.compile()
        return twin

    return fastest(predictor, costs, arguments, block_by_block)


def ours(arguments):
    command = [arguments.foresee, "bench", "rollout", "--candidates", str(arguments.candidates), "--horizons",
               str(arguments.horizon), "--width", str(arguments.width), "--depth", str(arguments.depth), "--heads",
               str(arguments.heads), "--encoder-width", str(arguments.encoder_width), "--side", str(arguments.side),
               "--threads", str(arguments.threads), "--repetitions", "1", "--warmup", "1"]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return row[f"horizon_{arguments.horizon}"]["cached_ms"]["p50"] / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee")
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--horizon", type=int, default=2)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--depth", type=int, default=24)
    parser.add_argument("--heads", type=int, default=16)
    parser.add_argument("--encoder-width", type=int, default=1024)
    parser.add_argument("--side", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--peer", default="best", choices=("best", "eager", "compile"))
    arguments = parser.parse_args()

    mode, peer = peer_rollout(arguments)
    rows = compare(lambda i: peer(), lambda i: ours(arguments), arguments.pairs, "s")
    print(json.dumps({
        "what": f"roll-out of {arguments.candidates} candidates, {arguments.horizon} steps, {arguments.depth} layers of "
                f"{arguments.width}, {arguments.side ** 2} tokens a frame",
        "threads": arguments.threads, "peer_mode": mode, **rows}, indent=2))


if __name__ == "__main__":
    main()
