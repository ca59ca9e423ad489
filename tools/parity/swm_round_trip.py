"""LeWMs of this program in stable-worldmodel: `export --format swm` loads there and computes the same (1e-4).

bash tools/python/peer.sh --also swm tools/parity/swm_round_trip.py --foresee build/release/foresee
bash tools/python/peer.sh --also swm --also transformers4 tools/parity/swm_round_trip.py --foresee build/release/foresee

1. The folder loads with the load_pretrained of stable-worldmodel, which allows no missing and no unexpected tensor:
   under transformers 5 with today's names, under transformers 4 with `--names 4`. The other names do not load.
2. The exported tensors are the source's, bit for bit, without the heads that stable-worldmodel has not.
3. What the loaded model computes of a few pictures and actions (embeddings, predictions, roll-outs, costs) goes into a
   case folder with the source's tensors, and `foresee verify` holds ours against it.
4. For the fixture, the loaded model computes what was recorded of the original.
The last line is `N checks passed`; exit 1 at the first that fails. The module of load_pretrained and those of the
networks are the originals; the packages around them are entered without their imports of simulators and training code.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

from checks import PROGRAM_ENVIRONMENT, check, check_close, print_count
from swm_peer import enter, enter_networks

TOLERANCE = 1e-4
ROOT = Path(__file__).resolve().parents[2]
MODELS = (ROOT / "tools/assets/two_room", ROOT / "tests/fixtures/lewm/tiny")
HEADS = ("inverse_head.", "distance_head.", "picture_decoder.")


def weights_of(folder):
    """The tensors of a source as they are stored, without heads."""
    file = next(folder / name for name in ("model.safetensors", "weights.safetensors") if (folder / name).exists())
    return {name: value for name, value in load_file(file).items() if not name.startswith(HEADS)}


def inputs_for(config):
    """Two clips of four frames, noise and ramps, another size, and actions, for the sizes of a config.json."""
    side, patch, block = config["encoder"]["image_size"], config["encoder"]["patch_size"], config["action_encoder"]["input_dim"]
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2, 4, side, side, 3), generator=random, dtype=torch.uint8)
    pixels[1] = torch.linspace(0, 255, side)[:, None].to(torch.uint8)
    pixels[1, :, : side // 2] //= torch.arange(1, 5, dtype=torch.uint8)[:, None, None, None]
    return {"pixels_u8": pixels, "goal_u8": torch.randint(0, 256, (2, side, side, 3), generator=random, dtype=torch.uint8),
            "interp_pixels_u8": torch.randint(0, 256, (1, 2, side + 2 * patch, side + patch, 3), generator=random, dtype=torch.uint8),
            "actions": torch.randn(2, 4, block, generator=random), "candidates": torch.randn(2, 6, 5, block, generator=random)}


def embed(model, pixels):
    """uint8 [B, T, H, W, 3] as stable-worldmodel's evaluation prepares it -> [B, T, D]."""
    column = lambda *values: torch.tensor(values).view(3, 1, 1)
    normalised = (pixels.movedim(-1, -3).float() / 255 - column(0.485, 0.456, 0.406)) / column(0.229, 0.224, 0.225)
    return model.encode({"pixels": normalised})["emb"]


def upstream_outputs(model, inputs):
    """What the original computes, under the names of the case `lewm/forward`."""
    with torch.no_grad():
        out = {"emb": embed(model, inputs["pixels_u8"]), "interp_emb": embed(model, inputs["interp_pixels_u8"]),
               "goal_emb": embed(model, inputs["goal_u8"][:, None]), "act_emb": model.action_encoder(inputs["actions"])}
        for n in (1, 2, 3):
            out[f"pred_ctx{n}"] = model.predict(out["emb"][:, :n], out["act_emb"][:, :n])
        candidates = inputs["candidates"]
        samples = candidates.size(1)
        info = {"emb": out["emb"][:, None, :1].expand(-1, samples, -1, -1), "goal_emb": out["goal_emb"][:, None],
                "pixels": inputs["pixels_u8"][:, None, :1]}
        info = model.rollout(info, candidates)
        out["rollout_h1"] = info["predicted_emb"]
        out["cost_h1"] = model.criterion(info)
    return out


def write_case(folder, config, weights, inputs, outputs):
    folder.mkdir()
    save_file({name: value.contiguous() for name, value in weights.items()}, folder / "weights.safetensors")
    save_file({name: value.contiguous() for name, value in {**inputs, **outputs}.items()}, folder / "io.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    entry = lambda value, **more: {"meaning": "", "shape": list(value.shape), "dtype": str(value.dtype)[6:], **more}
    values = {f"io.safetensors:{name}": entry(value, role="input") for name, value in inputs.items()}
    values |= {f"weights.safetensors:{name}": entry(value, role="input") for name, value in weights.items()}
    for name, value in outputs.items():  # a cost is a sum over the embedding: relative to its size
        values[f"io.safetensors:{name}"] = entry(value, role="expected", atol=TOLERANCE, rtol=TOLERANCE if name.startswith("cost") else 0.0)
    (folder / "case.json").write_text(json.dumps({"kind": "lewm/forward", "what": "round trip", "config": config, "notes": [], "values": values}))


def loads(load_pretrained, folder):
    """The loaded model, or None where names do not fit."""
    try:
        return load_pretrained(folder.name, cache_dir=str(folder.parent.parent)).eval()
    except RuntimeError as error:
        if "Missing key" not in str(error) and "Unexpected key" not in str(error):
            raise
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foresee", required=True, type=Path)
    foresee = str(parser.parse_args().foresee.resolve())
    run = lambda *arguments: subprocess.run([foresee, *map(str, arguments)], capture_output=True, text=True, env=PROGRAM_ENVIRONMENT)
    enter("stable_worldmodel", "stable_worldmodel.data")
    load_pretrained = enter_networks()
    today = 5 if int(transformers.__version__.split(".")[0]) >= 5 else 4
    print(f"transformers {transformers.__version__}: names {today}")
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for source in MODELS:
            folders = {}
            for names, option in ((5, []), (4, ["--names", "4"])):
                folders[names] = work / "checkpoints" / f"{source.name}_{names}"
                result = run("export", "--model", source, "--format", "swm", "--out", folders[names], *option)
                check(f"{source.name} exports as swm with names {names}", result.returncode == 0, result.stderr.strip())
            model = loads(load_pretrained, folders[today])
            check(f"load_pretrained loads {source.name} with names {today}", model is not None)
            check(f"it does not load names {9 - today}", loads(load_pretrained, folders[9 - today]) is None)

            weights, written = weights_of(source), torch.load(folders[4] / "weights.pt", weights_only=True)
            same = weights.keys() == written.keys() and all(torch.equal(weights[n], written[n]) for n in weights)
            check("what was written are the source's tensors, bit for bit", same, f"({len(written)} tensors)")

            config = json.loads((folders[today] / "config.json").read_text())
            inputs = inputs_for(config)
            case = work / f"case_{source.name}"
            write_case(case, config, weights, inputs, upstream_outputs(model, inputs))
            result = run("verify", case)
            check("its pictures and actions give what we compute", result.returncode == 0, result.stdout)
            if (source / "io.safetensors").exists():
                recorded = load_file(source / "io.safetensors")
                for name, value in upstream_outputs(model, recorded).items():
                    check_close(f"the loaded model computes what was recorded: {name}", value, recorded[name], TOLERANCE)
    print_count()


if __name__ == "__main__":
    main()
