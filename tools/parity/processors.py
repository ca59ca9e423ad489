"""Processors of transformers: `foresee encode` gives the features of transformers (1e-4), or names the key.

bash tools/python/peer.sh tools/parity/processors.py --foresee build/release/foresee

Each row is a processor's file beside one small VJEPA2Model with random weights. transformers reads the file, prepares
pictures of two shapes and computes features. This program must give the same, or refuse the folder and name the key of
the row. What transformers itself cannot do must be refused. The last line is `N of M rows hold`; exit 1 where one does
not.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoVideoProcessor, VJEPA2Config, VJEPA2Model

TOLERANCE = 1e-4
SIZE, PATCH, FRAMES = 32, 8, 2
OTHER = {"video_processor_type": "VideoMAEVideoProcessor"}

# What a row changes in the usual file; the key that a refusal names; the file's name where it is another one.
ROWS = [
    ("as published", {}, None),
    ("do_normalize false", {"do_normalize": False}, None),
    ("do_rescale false", {"do_rescale": False}, None),
    ("neither rescaled nor normalised", {"do_rescale": False, "do_normalize": False}, None),
    ("do_resize false", {"do_resize": False}, None),
    ("do_center_crop false", {"do_center_crop": False}, "do_center_crop"),
    ("neither resized nor cut", {"do_resize": False, "do_center_crop": False}, None),
    ("bicubic", {"resample": 3}, None),
    ("nearest", {"resample": 0}, None),
    ("lanczos", {"resample": 1}, "resample"),
    ("box", {"resample": 4}, "resample"),
    ("rescale_factor 1/127.5", {"rescale_factor": 1 / 127.5}, None),
    ("mean and std of one half", {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}, None),
    ("crop_size as a number", {"crop_size": SIZE}, None),
    ("crop_size without equal sides", {"crop_size": {"height": SIZE, "width": 48}}, "crop_size"),
    ("a size that the class computes itself", {"size": {"shortest_edge": 64}}, None),
    ("another class, shortest_edge 48", {**OTHER, "size": {"shortest_edge": 48}}, None),
    ("another class, height and width", {**OTHER, "size": {"height": 40, "width": 48}}, None),
    ("crop_pct", {"crop_pct": 0.5}, "crop_pct"),
    ("do_resize null", {"do_resize": None}, "do_resize"),
    ("do_normalize null", {"do_normalize": None}, "do_normalize"),
    ("another class, a size of one number", {**OTHER, "size": 48}, "default_to_square"),
    ("the class of a file for pictures",
     {"video_processor_type": None, "image_processor_type": "VideoMAEImageProcessor", "size": {"shortest_edge": 48}},
     None),
    ("a class with steps of its own", {"video_processor_type": "Qwen2VLVideoProcessor"}, "video_processor_type"),
    ("processor_config.json", {"do_normalize": False}, None, "processor_config.json"),
]


def usual():
    return {"video_processor_type": "VJEPA2VideoProcessor", "do_resize": True, "do_center_crop": True,
            "do_rescale": True, "do_normalize": True, "crop_size": {"height": SIZE, "width": SIZE},
            "size": {"shortest_edge": SIZE * 256 // 224}, "resample": 2, "rescale_factor": 1 / 255,
            "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def make_model():
    torch.manual_seed(1)
    config = VJEPA2Config(crop_size=SIZE, patch_size=PATCH, frames_per_clip=4, tubelet_size=FRAMES, hidden_size=24,
                          num_attention_heads=2, num_hidden_layers=2, mlp_ratio=4.0, pred_hidden_size=24,
                          pred_num_attention_heads=2, pred_num_hidden_layers=1, pred_num_mask_tokens=2)
    model = VJEPA2Model(config).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.normal_(1.0 if "norm" in name and name.endswith("weight") else 0.0, 0.1)
    return model


def make_pictures(folder):
    """Waves and an edge, in two shapes."""
    paths = []
    for name, height, width in (("wide.png", 64, 96), ("square.png", SIZE, SIZE)):
        rows, columns = np.mgrid[0:height, 0:width]
        red = 127 + 100 * np.sin(rows * 0.7) * np.cos(columns * 0.45)
        picture = np.stack([red, (rows * 3 + columns) % 256, np.where(columns > width / 2, 220, 30)], axis=-1)
        paths.append(folder / name)
        Image.fromarray(picture.astype(np.uint8)).save(paths[-1])
    return paths


def features_of_peer(model, folder, picture):
    processor = AutoVideoProcessor.from_pretrained(folder)
    pixels = torch.from_numpy(np.array(Image.open(picture).convert("RGB"))).permute(2, 0, 1)
    made = processor(pixels.repeat(FRAMES, 1, 1, 1), return_tensors="pt")
    clip = made["pixel_values_videos"] if "pixel_values_videos" in made else made["pixel_values"]  # by class
    with torch.no_grad():
        return model(clip.float(), skip_predictor=True).last_hidden_state[0].numpy()


def features_of_ours(foresee, folder, picture, out):
    command = [foresee, "encode", "--model", str(folder), "--input", str(picture), "--pool", "token", "--out", str(out),
               "--overwrite", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True)
    return (np.load(out)[0], "") if done.returncode == 0 else (None, done.stderr.strip().splitlines()[-1])


def holds(foresee, model, folder, picture, key, out):
    try:
        wanted, excuse = features_of_peer(model, folder, picture), ""
    except Exception as error:  # whatever transformers raises
        wanted, excuse = None, f"transformers: {type(error).__name__}"
    got, refusal = features_of_ours(foresee, folder, picture, out)
    if got is None:
        named = key is None and "do_resize" in refusal or key is not None and key in refusal
        return named, f"refused: {refusal[-110:]}"
    if wanted is None:
        return False, f"encoded, although {excuse}"
    if got.shape != wanted.shape:
        return False, f"shape {got.shape}, expected {wanted.shape}"
    difference = float(np.abs(got - wanted).max())
    return difference <= TOLERANCE, f"max abs {difference:.2g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", default="build/release/foresee")
    arguments = parser.parse_args()
    good = 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        model, pictures = make_model(), make_pictures(root)
        for index, (label, change, key, *file) in enumerate(ROWS):
            folder = root / f"row{index}"
            model.save_pretrained(folder)
            content = {**usual(), **change}
            target = file[0] if file else "video_preprocessor_config.json"
            (folder / target).write_text(json.dumps({"video_processor": content} if file else content))
            results = [holds(arguments.foresee, model, folder, picture, key, root / "out.npy") for picture in pictures]
            fine = all(result for result, _ in results)
            good += fine
            print(f"{'ok' if fine else 'FAILED'}: {label}: {'; '.join(text for _, text in results)}", flush=True)
    print(f"{good} of {len(ROWS)} rows hold")
    sys.exit(0 if good == len(ROWS) else 1)


if __name__ == "__main__":
    main()
