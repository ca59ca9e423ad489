"""Weights there and back between this program and their originals, with the same outputs (1e-5).

bash tools/python/peer.sh tools/parity/hf_round_trip.py --foresee build/release/foresee

1. A folder that transformers saves is read here: the outputs that transformers computes go into a case folder, and
   `foresee verify` holds ours against them. For VJEPA2Model and for VJEPA2ForVideoClassification.
2. `foresee export --format hf` of that folder, and of one of Meta's .pt files, loads in transformers without a missing
   or unexpected key, and computes the recorded outputs.
3. `foresee export --format official` is what torch.load(weights_only=True) reads, with the tensors of Meta's file.
The last line is `N checks passed`; exit 1 at the first that fails.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import VJEPA2Config, VJEPA2ForVideoClassification, VJEPA2Model

from checks import PROGRAM_ENVIRONMENT, check, check_close, print_count

TOLERANCE = 1e-5
FIXTURES = Path(__file__).resolve().parents[2] / "tests/fixtures/vjepa2"


def small_config(**changes):
    sizes = dict(crop_size=48, patch_size=16, frames_per_clip=4, hidden_size=48, num_attention_heads=3,
                 num_hidden_layers=3, mlp_ratio=3.0, pred_hidden_size=32, pred_num_attention_heads=2,
                 pred_num_hidden_layers=2, pred_num_mask_tokens=4, num_pooler_layers=2)
    return VJEPA2Config(**{**sizes, **changes})


def randomise(model):
    """Weights at which every part matters: transformers starts mask tokens and biases at zero."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.normal_(1.0 if "norm" in name and name.endswith("weight") else 0.0, 0.1)
    return model.eval()


def from_pretrained(cls, folder):
    model, report = cls.from_pretrained(folder, output_loading_info=True)
    wrong = {key: report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys") if report.get(key)}
    check(f"{cls.__name__} loads {Path(folder).name} with no key missing, unexpected or misshapen", not wrong, str(wrong or ""))
    return model.eval()


def write_case(folder, kind, inputs, outputs):
    save_file({name: value.contiguous() for name, value in {**inputs, **outputs}.items()}, folder / "io.safetensors")
    entry = lambda value, **more: {"meaning": "", "shape": list(value.shape), "dtype": str(value.dtype)[6:], **more}
    values = {f"io.safetensors:{name}": entry(value, role="input") for name, value in inputs.items()}
    values |= {f"io.safetensors:{name}": entry(value, role="expected", atol=TOLERANCE, rtol=0.0)
               for name, value in outputs.items()}
    (folder / "case.json").write_text(json.dumps({"kind": kind, "what": "round trip", "config": {}, "notes": [], "values": values}))


def base_outputs(model, clip, context, target):
    with torch.no_grad():
        out = model(clip, context_mask=[context], target_mask=[target])
        return {"last_hidden_state": out.last_hidden_state, "masked_hidden_state": out.masked_hidden_state,
                "target_hidden_state": out.predictor_output.target_hidden_state,
                "predictor_output": out.predictor_output.last_hidden_state}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foresee", required=True, type=Path)
    foresee = str(parser.parse_args().foresee.resolve())
    run = lambda *arguments: subprocess.run([foresee, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=PROGRAM_ENVIRONMENT)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)

        saved = work / "saved"
        model = randomise(VJEPA2Model(small_config()))
        model.save_pretrained(saved)
        clip = torch.randn(2, 4, 3, 48, 48)
        context, target = torch.tensor([[0, 3, 4, 10], [1, 2, 8, 17]]), torch.tensor([[5, 1], [16, 0]])
        outputs = base_outputs(model, clip, context, target)
        write_case(saved, "vjepa2/hf_base", {"pixel_values_videos": clip, "context_mask": context, "target_mask": target}, outputs)
        result = run("verify", saved)
        check("a folder of VJEPA2Model.save_pretrained computes the same here", result.returncode == 0, result.stdout)

        back = work / "back"
        check("it exports as hf", run("export", "--model", saved, "--format", "hf", "--out", back).returncode == 0)
        for name, value in base_outputs(from_pretrained(VJEPA2Model, back), clip, context, target).items():
            check_close(f"the exported folder computes the same in transformers: {name}", value, outputs[name], TOLERANCE)

        saved = work / "saved_classifier"
        labels = {i: f"class {i}" for i in range(5)}
        model = randomise(VJEPA2ForVideoClassification(small_config(mlp_ratio=4.0, id2label=labels, label2id={v: k for k, v in labels.items()})))
        model.save_pretrained(saved)
        with torch.no_grad():
            logits = model(clip).logits
        write_case(saved, "vjepa2/hf_classifier", {"pixel_values_videos": clip}, {"logits": logits})
        result = run("verify", saved)
        check("a folder of VJEPA2ForVideoClassification computes the same here", result.returncode == 0, result.stdout)
        back = work / "back_classifier"
        check("it exports as hf", run("export", "--model", saved, "--format", "hf", "--out", back).returncode == 0)
        model = from_pretrained(VJEPA2ForVideoClassification, back)
        check("its labels stay", model.config.id2label == labels)
        with torch.no_grad():
            check_close("the exported classifier computes the same in transformers", model(clip).logits, logits, TOLERANCE)

        sizes = ["--heads", "2", "--predictor-heads", "2", "--image-size", "32", "--frames", "4"]
        meta, back = FIXTURES / "official_pt/latest.pt", work / "from_meta"
        check("Meta's .pt exports as hf", run("export", "--model", meta, *sizes, "--format", "hf", "--out", back).returncode == 0)
        recorded = load_file(FIXTURES / "official_pt/io.safetensors")
        with torch.no_grad():
            out = from_pretrained(VJEPA2Model, back)(recorded["clip"].permute(0, 2, 1, 3, 4), skip_predictor=True)
        check_close("transformers computes what the official code recorded", out.last_hidden_state, recorded["encoder_out"], TOLERANCE)

        back = work / "official"
        check("Meta's .pt exports as official", run("export", "--model", meta, *sizes, "--format", "official", "--out", back).returncode == 0)
        ours = torch.load(back / "model.pt", weights_only=True)
        theirs = torch.load(meta, weights_only=True)
        for key in ("encoder", "predictor"):
            same = ours[key].keys() == theirs[key].keys() and all(torch.equal(ours[key][n], theirs[key][n]) for n in theirs[key])
            check(f"torch.load(weights_only=True) reads the exported '{key}' with Meta's names and numbers", same)
        check("the target encoder is the encoder that was read", all(torch.equal(ours["target_encoder"][n], ours["encoder"][n]) for n in ours["encoder"]))
    print_count()


if __name__ == "__main__":
    main()
