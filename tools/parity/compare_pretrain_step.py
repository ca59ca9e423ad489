#!/usr/bin/env python3
"""Times one masked pretraining step: `foresee bench pretrain` against plain PyTorch, alternately, same threads.

The peer is the step of Meta's V-JEPA 2 trainer (app/vjepa/train.py) on its own operators, written out here because that
code is on no package index: Conv3d patch embedding of the whole clip, tokens selected by mask, blocks with RoPE on
queries and keys segment by segment, SDPA, mask-token predictor with sorting, L1 on layer-normed EMA targets, AdamW with
four groups, EMA by multi-tensor operations. Context and target have as many tokens as foresee's masks. float32.

    compare_pretrain_step.py --foresee build/release/foresee --predictor-width 192 --predictor-depth 6
"""
import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from pairs import compare


def rotate(x, position):
    """Upstream's rotary embedding of one segment [B, heads, N, d], frequencies tiled."""
    d = x.size(-1)
    omega = 10000.0 ** (-torch.arange(d // 2, dtype=x.dtype) / (d / 2.0))
    angle = position.unsqueeze(-1) * omega  # [B, 1, N, d / 2]
    sin, cos = angle.sin().repeat(1, 1, 1, 2), angle.cos().repeat(1, 1, 1, 2)
    first, second = x.unflatten(-1, (-1, 2)).unbind(-1)
    return x * cos + torch.stack((-second, first), -1).flatten(-2) * sin


class Attention(nn.Module):
    def __init__(self, width, heads, grid):
        super().__init__()
        self.heads, self.grid = heads, grid
        self.d = 2 * ((width // heads // 3) // 2)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, ids):
        b, n, c = x.shape
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        ids = ids.unsqueeze(1).repeat(1, self.heads, 1)
        frame = self.grid * self.grid
        t = ids // frame
        row = (ids - t * frame) // self.grid
        column = ids - t * frame - row * self.grid
        parts_q, parts_k, at = [], [], 0
        for position in (t, row, column):
            parts_q.append(rotate(q[..., at : at + self.d], position))
            parts_k.append(rotate(k[..., at : at + self.d], position))
            at += self.d
        if at < c // self.heads:
            parts_q.append(q[..., at:])
            parts_k.append(k[..., at:])
        x = F.scaled_dot_product_attention(torch.cat(parts_q, -1), torch.cat(parts_k, -1), v)
        return self.proj(x.transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, width, heads, grid):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads, grid)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x, ids):
        x = x + self.attn(self.norm1(x), ids)
        return x + self.mlp(self.norm2(x))


def gather(x, ids):
    return torch.gather(x, 1, ids.unsqueeze(-1).repeat(1, 1, x.size(-1)))


class Encoder(nn.Module):
    def __init__(self, width, depth, heads, grid):
        super().__init__()
        self.patch_embed = nn.Conv3d(3, width, (2, 16, 16), (2, 16, 16))
        self.blocks = nn.ModuleList(Block(width, heads, grid) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, clip, ids=None):
        x = self.patch_embed(clip).flatten(2).transpose(1, 2)
        if ids is None:
            ids = torch.arange(x.size(1)).unsqueeze(0).repeat(x.size(0), 1)
        else:
            x = gather(x, ids)
        for block in self.blocks:
            x = block(x, ids)
        return self.norm(x)


class Predictor(nn.Module):
    def __init__(self, inner, width, depth, heads, grid, patches):
        super().__init__()
        self.patches = patches
        self.embed, self.proj = nn.Linear(inner, width), nn.Linear(width, inner)
        self.mask_tokens = nn.ParameterList(nn.Parameter(torch.zeros(1, 1, width)) for _ in range(10))
        self.blocks = nn.ModuleList(Block(width, heads, grid) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x, context, target):
        x = self.embed(x)
        tokens = gather(self.mask_tokens[0].repeat(x.size(0), self.patches, 1), target)
        ids = torch.cat((context, target), 1)
        order = ids.argsort(1)
        x = gather(torch.cat((x, tokens), 1), order)
        ids = ids.gather(1, order)
        for block in self.blocks:
            x = block(x, ids)
        return self.proj(gather(self.norm(x), order.argsort(1))[:, -target.size(1) :])


class Step:
    def __init__(self, a, context, target):
        width, depth, heads = {"vit_tiny": (192, 12, 3), "vit_small": (384, 12, 6)}[a.encoder]
        grid, patches = a.size // 16, a.frames // 2 * (a.size // 16) ** 2
        self.encoder = Encoder(width, depth, heads, grid)
        self.predictor = Predictor(width, a.predictor_width, a.predictor_depth, a.predictor_heads, grid, patches)
        self.target = copy.deepcopy(self.encoder).requires_grad_(False)
        decayed = lambda p: p.dim() != 1
        groups = [{"params": [p for p in m.parameters() if decayed(p) == with_decay],
                   "weight_decay": 0.04 if with_decay else 0.0}
                  for with_decay in (True, False) for m in (self.encoder, self.predictor)]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-4)
        self.clip = torch.randn(a.batch, 3, a.frames, a.size, a.size)
        self.masks = []
        for c, t in zip(context, target):
            shuffled = torch.stack([torch.randperm(patches) for _ in range(a.batch)])
            self.masks.append((shuffled[:, :c].sort(1).values, shuffled[:, c : c + t].sort(1).values))
        self.run_encoder, self.run_predictor, self.run_target = self.encoder, self.predictor, self.target

    def compile(self):
        self.run_encoder, self.run_predictor = torch.compile(self.encoder), torch.compile(self.predictor)
        self.run_target = torch.compile(self.target)

    def __call__(self):
        begin = time.perf_counter()
        with torch.no_grad():
            h = self.run_target(self.clip)
            h = F.layer_norm(h, (h.size(-1),))
        losses = []
        for context, target in self.masks:
            z = self.run_predictor(self.run_encoder(self.clip, context), context, target)
            losses.append((z - gather(h, target)).abs().mean())
        (sum(losses) / len(losses)).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        with torch.no_grad():
            online, average = list(self.encoder.parameters()), list(self.target.parameters())
            torch._foreach_mul_(average, 0.999)
            torch._foreach_add_(average, online, alpha=0.001)
        return time.perf_counter() - begin


def ours(a, repetitions):
    command = [a.foresee, "bench", "pretrain", "--encoder", a.encoder, "--frames", str(a.frames), "--size", str(a.size),
               "--batch", str(a.batch), "--predictor-width", str(a.predictor_width), "--predictor-depth",
               str(a.predictor_depth), "--predictor-heads", str(a.predictor_heads), "--threads", str(a.threads),
               "--repetitions", str(repetitions)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee")
    parser.add_argument("--encoder", default="vit_tiny", choices=("vit_tiny", "vit_small"))
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--predictor-width", type=int, default=384)
    parser.add_argument("--predictor-depth", type=int, default=12)
    parser.add_argument("--predictor-heads", type=int, default=12)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3, help="steps of one side in a pair, of which the median counts")
    parser.add_argument("--peer", default="best", choices=("best", "eager", "compile"))
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)

    shape = ours(a, 1)
    step = Step(a, shape["context"], shape["target"])
    warm = {}
    for mode in ("eager", "compile"):
        if a.peer not in (mode, "best"):
            continue
        if mode == "compile":
            step.compile()
        try:
            step()
            warm[mode] = min(step() for _ in range(3))
        except Exception as error:  # no compiler on this machine
            print(f"peer: {mode} does not run: {error}", file=sys.stderr)
    best = min(warm, key=warm.get)
    if best == "eager":
        step.run_encoder, step.run_predictor, step.run_target = step.encoder, step.predictor, step.target
    print(f"peer: {', '.join(f'{name} {value:.3f} s' for name, value in warm.items())}; using {best}", file=sys.stderr)

    rows = compare(lambda i: statistics.median(step() for _ in range(a.steps)),
                   lambda i: ours(a, a.steps)["ms"]["p50"] / 1000, a.pairs, "s")
    print(json.dumps({
        "what": f"pretraining step, {a.encoder}, batch {a.batch}, {a.frames}x{a.size}, predictor "
                f"{a.predictor_width}x{a.predictor_depth}",
        "threads": a.threads, "peer_mode": best, "context": shape["context"], "target": shape["target"],
        **rows}, indent=2))


if __name__ == "__main__":
    main()
