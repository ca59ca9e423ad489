#!/usr/bin/env python3
"""Times training steps of LeWM: `foresee bench train` against PyTorch, alternately; median ratio and spread of the pairs.

The peer is stable-worldmodel's training step (scripts/train/lewm.py) on the same operators: transformers' ViTModel with
a class token, projectors with BatchNorm, action embedder, AdaLN predictor, SIGReg with 17 knots and 1,024 directions,
AdamW, clipping to 1.0. It runs with whatever of 1 and N threads, eager and torch.compile, is fastest on this machine
(a short trial of each says which), in float32 and under bfloat16 autocast. Run through tools/python/peer.sh.

    compare_lewm_training.py --foresee build/release/foresee --preset lewm-s64 --precision fp32,bf16
"""
import argparse
import contextlib
import json
import os
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from pairs import compare

PRESETS = {
    "lewm": dict(size=224, patch=14, width=192, layers=12, heads=3, mlp=768, batch=128, pred_width=192, pred_layers=6,
                 pred_heads=16, head_dim=64, pred_mlp=2048, embedding=192, hidden=2048),
    "lewm-s64": dict(size=64, patch=8, width=96, layers=4, heads=3, mlp=384, batch=64, pred_width=96, pred_layers=4,
                     pred_heads=4, head_dim=32, pred_mlp=384, embedding=96, hidden=512),
}


def projector(into, hidden, out):
    return nn.Sequential(nn.Linear(into, hidden), nn.BatchNorm1d(hidden), nn.GELU(), nn.Linear(hidden, out))


class Attention(nn.Module):
    def __init__(self, width, heads, head_dim, dropout):
        super().__init__()
        self.heads, self.dropout, inner = heads, dropout, heads * head_dim
        self.norm, self.to_qkv = nn.LayerNorm(width), nn.Linear(width, 3 * inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, width), nn.Dropout(dropout))

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (part.view(b, t, self.heads, -1).transpose(1, 2) for part in self.to_qkv(self.norm(x)).chunk(3, -1))
        seen = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout if self.training else 0.0, is_causal=True)
        return self.to_out(seen.transpose(1, 2).reshape(b, t, -1))


class ConditionalBlock(nn.Module):
    def __init__(self, width, heads, head_dim, mlp, dropout):
        super().__init__()
        self.attn = Attention(width, heads, head_dim, dropout)
        self.mlp = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, mlp), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(mlp, width), nn.Dropout(dropout))
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.norm2 = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(c).chunk(6, -1)
        x = x + gate1 * self.attn(self.norm1(x) * (1 + scale1) + shift1)
        return x + gate2 * self.mlp(self.norm2(x) * (1 + scale2) + shift2)


class SigReg(nn.Module):
    def __init__(self, width, knots=17, directions=1024):
        super().__init__()
        t = torch.linspace(0, 3, knots)
        weights = torch.full((knots,), 2 * 3 / (knots - 1))
        weights[0] = weights[-1] = 3 / (knots - 1)
        phi = torch.exp(-t.square() / 2)
        self.shape = (width, directions)
        for name, value in (("t", t), ("phi", phi), ("weights", weights * phi)):
            self.register_buffer(name, value)

    def forward(self, z):  # [T, N, D]
        a = torch.randn(self.shape, device=z.device)
        x = (z @ (a / a.norm(dim=0))).unsqueeze(-1) * self.t
        error = (x.cos().mean(1) - self.phi).square() + x.sin().mean(1).square()
        return ((error @ self.weights) * z.size(1)).mean()


class Lewm(nn.Module):
    def __init__(self, c, action_block=10, history=3):
        super().__init__()
        from transformers import ViTConfig, ViTModel

        self.encoder = ViTModel(
            ViTConfig(hidden_size=c["width"], num_hidden_layers=c["layers"], num_attention_heads=c["heads"],
                      intermediate_size=c["mlp"], image_size=c["size"], patch_size=c["patch"],
                      attn_implementation="sdpa"), add_pooling_layer=False)
        d, width = c["embedding"], c["pred_width"]
        self.projector, self.pred_proj = projector(c["width"], c["hidden"], d), projector(d, c["hidden"], d)
        self.smooth = nn.Conv1d(action_block, 10, 1)
        self.embed = nn.Sequential(nn.Linear(10, 4 * d), nn.SiLU(), nn.Linear(4 * d, d))
        self.positions = nn.Parameter(torch.randn(1, history, d))
        self.blocks = nn.ModuleList(
            ConditionalBlock(width, c["pred_heads"], c["head_dim"], c["pred_mlp"], 0.1) for _ in range(c["pred_layers"]))
        self.norm, self.sigreg = nn.LayerNorm(width), SigReg(d)
        self.history = history

    def forward(self, pixels, actions):  # float [B, T, 3, S, S] normalised, [B, T, block]
        b, t = pixels.shape[:2]
        z = self.projector(self.encoder(pixels.flatten(0, 1)).last_hidden_state[:, 0]).view(b, t, -1)
        c = self.embed(self.smooth(actions.transpose(1, 2)).transpose(1, 2))[:, : self.history]
        x = z[:, : self.history] + self.positions
        for block in self.blocks:
            x = block(x, c)
        predicted = self.pred_proj(self.norm(x).flatten(0, 1)).view(b, self.history, -1)
        return (predicted.float() - z[:, 1:].float()).square().mean(), z.float().transpose(0, 1)


class Peer:
    """A training step that can be timed."""

    def __init__(self, config, threads, compiled, precision, batch):
        self.threads, self.precision = threads, precision
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.model = Lewm(config).train()
        self.run = torch.compile(self.model) if compiled else self.model
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=5e-5, weight_decay=1e-3)
        self.pixels = torch.randint(0, 256, (batch, 4, 3, config["size"], config["size"]), dtype=torch.uint8)
        self.actions = torch.randn(batch, 4, 10)
        self.mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
        self.std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)

    def step(self):
        torch.set_num_threads(self.threads)
        half = self.precision == "bf16"
        with torch.autocast("cpu", torch.bfloat16) if half else contextlib.nullcontext():
            prediction, z = self.run((self.pixels.float() / 255 - self.mean) / self.std, self.actions)
        loss = prediction + 0.09 * self.model.sigreg(z)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()

    def seconds(self, steps):
        self.step()
        begin = time.perf_counter()
        for _ in range(steps):
            self.step()
        return (time.perf_counter() - begin) / steps


def fastest_peer(config, precision, batch, threads, trials):
    """The fastest way to run the peer here. @returns the peer and a line that says which it is."""
    best, named, seconds = None, "", float("inf")
    for count in sorted({1, threads}):
        for compiled in (False, True):
            try:
                peer = Peer(config, count, compiled, precision, batch)
                taken = peer.seconds(trials)
            except Exception as error:  # torch.compile needs a compiler
                print(f"  peer with {count} threads, compiled: {type(error).__name__}, left out", file=sys.stderr)
                continue
            name = f"{count} threads, {'torch.compile' if compiled else 'eager'}"
            print(f"  peer with {name}: {taken:.3f} s a step", file=sys.stderr)
            if taken < seconds:
                best, named, seconds = peer, name, taken
    return best, named


def foresee_rate(a, precision):
    command = [a.foresee, "bench", "train", "--json", "--preset", a.preset, "--precision", precision, "--batch",
               str(a.batch), "--repetitions", str(a.steps), "--warmup", "1", "--threads", str(a.threads), "--device", "cpu"]
    environment = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH")}
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)[
        precision]["frames_per_s"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--foresee", required=True)
    p.add_argument("--preset", choices=PRESETS, default="lewm-s64")
    p.add_argument("--precision", default="fp32,bf16")
    p.add_argument("--pairs", type=int, default=5)
    p.add_argument("--steps", type=int, default=5, help="timed steps a measurement")
    p.add_argument("--batch", type=int, default=0, help="clips; 0: the preset's")
    p.add_argument("--threads", type=int, default=os.cpu_count())
    a = p.parse_args()
    config = PRESETS[a.preset]
    a.batch = a.batch or config["batch"]
    result = {"preset": a.preset, "batch": a.batch, "threads": a.threads}
    for precision in a.precision.split(","):
        peer, named = fastest_peer(config, precision, a.batch, a.threads, max(1, a.steps // 2))
        result[precision] = {"peer": named} | compare(lambda i: 4 * a.batch / peer.seconds(a.steps),
                                                      lambda i: foresee_rate(a, precision), a.pairs, "frames_per_s",
                                                      precision)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
