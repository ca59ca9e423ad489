"""LeWMs of torch-world in this program: the file of a state_dict() is read, and computes what torch-world computes.

bash tools/python/peer.sh --also torch_world tools/parity/torch_world_models.py --foresee build/release/foresee [--record FOLDER]

1. Networks of several sizes, heads that do not divide the width among them, as .safetensors and as a file of torch.save,
   with the sizes in config.json: embeddings, predictions, roll-outs and costs of a few pictures (`foresee verify`).
2. Without config.json the sizes come from options, and a message names those that are missing.
3. An exported folder of ours holds the same network.
The last line is `N checks passed`; exit 1 at the first that fails. --record writes the smallest case as a fixture.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch_world.models import LeWM
from torch_world.nn import CLSEncoder

from checks import PROGRAM_ENVIRONMENT, check, print_count

TOLERANCE = 1e-4
# Sizes of the encoder, then of the LeWM. The second is the one of torch-world's own first page.
CASES = {
    "small": (
        {"img_size": 16, "patch_size": 8, "embed_dim": 12, "depth": 2, "num_heads": 2},
        {"action_dim": 4, "embed_dim": 12, "history": 2, "depth": 2, "num_heads": 2, "head_dim": 8, "mlp_dim": 20, "proj_dim": 16},
    ),
    "first_page": ({"img_size": 32, "patch_size": 8, "embed_dim": 64}, {"action_dim": 2, "embed_dim": 64}),
    "no_dropout": (
        {"img_size": 48, "patch_size": 8, "embed_dim": 36, "depth": 3, "num_heads": 6, "mlp_ratio": 2.0},
        {"action_dim": 3, "embed_dim": 36, "history": 4, "depth": 3, "num_heads": 1, "head_dim": 36, "dropout": 0.0},
    ),
}
MEANINGS = {
    "pixels_u8": "pictures [B, T, H, W, 3], one more than the history",
    "goal_u8": "goal pictures [B, H, W, 3]",
    "actions": "normalised actions that leave the pictures [B, T, A]",
    "candidates": "candidates of a search [B, S, H, A]",
    "emb": "embeddings of the pictures [B, T, D]",
    "act_emb": "embedded actions [B, T, D]",
    "goal_emb": "embeddings of the goals [B, 1, D]",
    "rollout_h1": "roll-outs of the candidates from the first picture [B, S, 1 + H, D]",
    "rollout_hist": "roll-outs of the candidates from a whole history",
    "cost_h1": "squared distance of the last state to the goal [B, S]",
    "cost_hist": "the same behind a whole history",
    **{f"pred_ctx{n}": f"what follows each of the first {n} pictures" for n in range(1, 9)},
}


def network(encoder, sizes, seed):
    """A network whose every part matters: gates and biases that begin at zero do not here."""
    torch.manual_seed(seed)
    model = LeWM(CLSEncoder(**encoder), **sizes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for name, buffer in model.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.add_(0.5 * torch.rand_like(buffer))
    return model.eval()


def inputs_for(encoder, sizes, seed):
    random = torch.Generator().manual_seed(seed)
    side, block, frames = encoder["img_size"], sizes["action_dim"], sizes.get("history", 3) + 1
    return {"pixels_u8": torch.randint(0, 256, (2, frames, side, side, 3), generator=random, dtype=torch.uint8),
            "goal_u8": torch.randint(0, 256, (2, side, side, 3), generator=random, dtype=torch.uint8),
            "actions": torch.randn(2, frames, block, generator=random),
            "candidates": torch.randn(2, 5, 6, block, generator=random)}


def outputs_of(model, inputs):
    """What torch-world computes, under the names of the case `lewm/forward`. Pictures from 0 to 1, as its environments."""
    pictures = lambda stored: stored.movedim(-1, -3).float() / 255
    with torch.no_grad():
        out = {"emb": model.encode(pictures(inputs["pixels_u8"])), "act_emb": model.action_encoder(inputs["actions"]),
               "goal_emb": model.encode(pictures(inputs["goal_u8"])[:, None])}
        for n in range(1, model.history + 1):
            out[f"pred_ctx{n}"] = model.predict(out["emb"][:, :n], inputs["actions"][:, :n])
        candidates, history = inputs["candidates"], model.history
        each = lambda x: x[:, None].expand(-1, candidates.size(1), *[-1] * (x.dim() - 1)).flatten(0, 1)
        for name, known in (("h1", 1), ("hist", history)):
            actions = torch.cat([each(inputs["actions"][:, : known - 1]), candidates.flatten(0, 1)], 1)
            states = model.rollout(each(out["emb"][:, :known]), actions)
            out[f"rollout_{name}"] = states.unflatten(0, candidates.shape[:2])
            gap = out[f"rollout_{name}"][:, :, -1] - out["goal_emb"]
            out[f"cost_{name}"] = gap.square().sum(-1)
    return out


def write_case(folder, model, encoder, sizes, seed):
    folder.mkdir(parents=True)
    inputs = inputs_for(encoder, sizes, seed)
    outputs = outputs_of(model, inputs)
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    save_file({name: value.contiguous() for name, value in {**inputs, **outputs}.items()}, folder / "io.safetensors")
    defaults = {"num_heads": 3}
    (folder / "config.json").write_text(json.dumps({**sizes, "encoder": {**defaults, **encoder}}, indent=1) + "\n")
    entry = lambda name, value, **more: {"meaning": MEANINGS.get(name, "a tensor of state_dict()"), "shape": list(value.shape), "dtype": str(value.dtype)[6:], **more}
    values = {f"io.safetensors:{name}": entry(name, value, role="input") for name, value in inputs.items()}
    values["config.json"] = {"meaning": "what the constructors were given", "role": "input"}
    values |= {f"weights.safetensors:{name}": entry(name, value, role="input") for name, value in weights.items()}
    for name, value in outputs.items():  # a cost is a sum over the embedding: relative to its size
        values[f"io.safetensors:{name}"] = entry(name, value, role="expected", atol=TOLERANCE, rtol=TOLERANCE if name.startswith("cost") else 0.0)
    case = {"kind": "lewm/forward", "what": "LeWM of torch-world 0.2.0, eval mode, float32",
            "upstream": {"torch_world": "0.2.0", "torch": torch.__version__, "functions": ["models.LeWM.encode/predict/rollout"]},
            "config": {**sizes, "encoder": encoder}, "notes": [], "values": values}
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foresee", required=True, type=Path)
    parser.add_argument("--record", type=Path, help="where the smallest case goes")
    options = parser.parse_args()
    foresee = str(options.foresee.resolve())
    run = lambda *arguments: subprocess.run([foresee, *map(str, arguments)], capture_output=True, text=True, env=PROGRAM_ENVIRONMENT)
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for seed, (name, (encoder, sizes)) in enumerate(CASES.items()):
            model, case = network(encoder, sizes, seed), work / name
            write_case(case, model, encoder, sizes, seed)
            result = run("verify", case)
            check(f"{name}: computes what torch-world computes", result.returncode == 0, result.stdout + result.stderr)

            torch.save(model.state_dict(), case / "weights.pt")
            folder = work / f"{name}_own"
            result = run("export", "--model", case / "weights.pt", "--format", "foresee", "--out", folder)
            check(f"{name}: a file of torch.save is read and exported", result.returncode == 0, result.stderr)
            alone = work / f"{name}_alone"
            alone.mkdir()
            shutil.copy(case / "weights.safetensors", alone / "model.safetensors")
            for key in ("heads", "image-size"):
                given = {"image-size": encoder["img_size"], "heads": encoder.get("num_heads", 3),
                         "predictor-heads": sizes.get("num_heads", 16)}
                given.pop(key)
                arguments = [part for option, value in given.items() for part in (f"--{option}", value)]
                result = run("export", "--model", alone, "--format", "foresee", "--out", work / "none", *arguments)
                check(f"{name}: --{key} is asked for", result.returncode == 1 and f"--{key}" in result.stderr, result.stderr)
            arguments = ["--image-size", encoder["img_size"], "--heads", encoder.get("num_heads", 3),
                         "--predictor-heads", sizes.get("num_heads", 16)]
            again = work / f"{name}_options"
            result = run("export", "--model", alone, "--format", "foresee", "--out", again, *arguments)
            check(f"{name}: options say what config.json said", result.returncode == 0, result.stderr)
            one, other = (load_file(place / "model.safetensors") for place in (folder, again))
            same = one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)
            same = same and (folder / "config.json").read_text() == (again / "config.json").read_text()
            check(f"{name}: it is the same network", same, f"({len(one)} tensors)")
            result = run("export", "--model", folder, "--format", "swm", "--out", work / "swm")
            check(f"{name}: as stable-worldmodel's it is refused", result.returncode == 1 and "blocks" in result.stderr, result.stderr)
        if options.record:
            shutil.rmtree(options.record, ignore_errors=True)
            write_case(options.record, network(*CASES["small"], 0), *CASES["small"], 0)
    print_count()


if __name__ == "__main__":
    main()
