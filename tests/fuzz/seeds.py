"""Makes what the fuzz targets begin with: seeds.py FIXTURES FOLDER

FOLDER gets one folder per target. The seeds are recorded files of FIXTURES that are small, and small files of the kinds
that are not among them. Nothing but Python's standard library is used.
"""
import base64
import io
import json
import pathlib
import shutil
import struct
import sys
import zipfile
import zlib

LARGEST = 40_000  # bytes: small files are changed more often in the same time
# One pixel, without loss.
WEBP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="


def npy(descr, shape, payload, fortran=False):
    header = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + payload


def npz(arrays, packed=False):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            archive.writestr(name + ".npy", array)
    return out.getvalue()


def arrays_of_episodes():
    """Two episodes of five rows, as numpy.savez writes them."""
    pixels = bytes(range(250)) * 8
    plain = {"pixels": npy("|u1", (10, 8, 8, 3), pixels[:1920]),
             "action": npy("<f4", (10, 2), struct.pack("<20f", *range(20))),
             "ep_len": npy("<i8", (2,), struct.pack("<2q", 5, 5)),
             "ep_offset": npy("<i8", (2,), struct.pack("<2q", 0, 5)),
             "ep_idx": npy("<i4", (10,), struct.pack("<10i", *[i // 5 for i in range(10)]))}
    stacked = {"observations": npy("|u1", (2, 5, 8, 8, 3), pixels[:1920]),
               "actions": npy(">f8", (2, 4, 2), struct.pack(">16d", *range(16)), fortran=True)}
    short = {"action": npy("<f4", (5, 2), bytes(40)), "state": npy("<f8", (6, 1), bytes(48)),
             "pixels": npy("<f4", (6, 1, 8, 8), bytes(4 * 6 * 64)), "text": npy("<U3", (6,), bytes(72))}
    return [plain, stacked, short]


def make_npz(seeds):
    for number, arrays in enumerate(arrays_of_episodes()):
        for packed in (False, True):
            for target in ("npz", "episodes"):
                (seeds / target / f"{number}{'z' if packed else ''}.npz").write_bytes(npz(arrays, packed))
        for name, array in arrays.items():
            (seeds / "npz" / f"{number}-{name}.npy").write_bytes(array)


def png(width, height, colour, depth, palette=b""):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b"\0" + bytes(i * 7 % 256 for i in range((width * channels * depth + 7) // 8))
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)) +
            (chunk(b"PLTE", palette) if palette else b"") + chunk(b"IDAT", zlib.compress(row * height)) +
            chunk(b"IEND", b""))


def tiff(width, height, order="<", bits=8, samples=3, packing=1, tile=0):
    payload = bytes(i % 251 for i in range(width * height * samples * bits // 8))
    if packing == 8:
        payload = zlib.compress(payload)
    entries = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, packing), (262, 3, 2 if samples == 3 else 1),
               (277, 3, samples)]
    if tile:
        entries += [(322, 4, tile), (323, 4, tile), (324, 4, 8), (325, 4, len(payload))]
    else:
        entries += [(273, 4, 8), (278, 4, height), (279, 4, len(payload))]
    payload += b"\0" * (len(payload) % 2)
    out = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(payload)) + payload
    out += struct.pack(order + "H", len(entries))
    for tag, kind, value in sorted(entries):
        field = struct.pack(order + "H", value) + b"\0\0" if kind == 3 else struct.pack(order + "I", value)
        out += struct.pack(order + "HHI", tag, kind, 1) + field
    return out + struct.pack(order + "I", 0)


def bmp(width, height, bits, packing=0):
    row = (width * bits + 31) // 32 * 4
    colours = b"\x10\x20\x30\0" * (1 << bits) if bits <= 8 else b""
    payload = bytes(i % 251 for i in range(row * height)) if not packing else b"\x04\x01\0\0" * height + b"\0\x01"
    begin = 54 + len(colours)
    return (b"BM" + struct.pack("<IHHI", begin + len(payload), 0, 0, begin) +
            struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(payload), 0, 0, 0, 0) + colours + payload)


def make_pictures(fixtures, seeds):
    folder = seeds / "picture"
    made = {"grey.png": png(9, 5, 0, 8), "deep.png": png(9, 5, 2, 16), "alpha.png": png(9, 5, 6, 8),
            "colours.png": png(9, 5, 3, 8, bytes(range(256)) * 3), "bits.png": png(9, 5, 0, 1),
            "a.tif": tiff(6, 5), "big.tif": tiff(6, 5, ">"), "deep.tif": tiff(6, 5, bits=16, samples=1),
            "packed.tif": tiff(6, 5, packing=8), "tiles.tif": tiff(16, 16, tile=16),
            "a.bmp": bmp(5, 4, 24), "colours.bmp": bmp(5, 4, 8), "bits.bmp": bmp(5, 4, 1), "rle.bmp": bmp(4, 4, 8, 1),
            "a.ppm": b"P6\n# words\n4 3\n255\n" + bytes(36), "a.pgm": b"P5 4 3 65535\n" + bytes(24),
            "text.ppm": b"P3\n2 1\n255\n1 2 3 4 5 6\n", "bits.pbm": b"P4\n9 2\n" + bytes(4),
            "text.pbm": b"P1\n3 2\n1 0 1\n0 1 0\n", "text.pgm": b"P2\n3 1\n7\n1 2 3\n",
            "a.webp": base64.b64decode(WEBP)}
    for name, content in made.items():
        (folder / name).write_bytes(content)
    copy(fixtures, folder, ".png", 1000)
    encoded = (fixtures / "cases/data/h5-pixels/jpeg.h5").read_bytes()
    begin = encoded.index(b"\xff\xd8\xff")
    (folder / "a.jpg").write_bytes(encoded[begin:encoded.index(b"\xff\xd9", begin) + 2])


def make_json(fixtures, seeds):
    texts = {"x": [{"a": 1, "b": -2.5, "c": "t", "d": [1, 2], "e": {"f": None, "g": True}}, {"n": 1e5, "u": "\u00e9"}],
             "c": [{"flag": True, "rate": 0.1, "kind": "large", "sizes": [1, 2], "most": None, "inner": {"size": 7}}],
             "p": [{"size": 224, "mean": [0.1, 0.2, 0.3], "std": [1, 1, 1], "colours": "exact", "picture": "resize",
                    "cameras": ["top"]}],
             "a": [{"size": 2, "block": 1, "low": [-1, -1], "high": [1, 1], "mean": [0, 0], "std": [1, 1]}],
             "f": [{"family": "lewm", "preset": "tiny", "model": {"width": 3}}],
             "i": [{"step": 3, "run": "r", "files": {"actions.json": {"bytes": 2, "crc32c": "01234567"}}}],
             "o": [{"program": "foresee", "version": "0.2.0", "content": "episodes", "files": ["a", "b/c"]}]}
    folder = seeds / "json"
    for kind, values in texts.items():
        for number, value in enumerate(values):
            (folder / f"{kind}{number}").write_text(kind + json.dumps(value))
    (folder / "m0").write_text('m{"step": 1, "loss": 0.5}\n{"step": 2, "loss": null}\n{"st')
    for number, text in enumerate(("rate=0.5", "inner.size=4", "name=a b", "sizes=[1, 2]", "inner={\"size\": 5}")):
        (folder / f"s{number}").write_text("s" + text)
    small = [path for path in sorted(fixtures.rglob("*.json")) if path.stat().st_size < 2000]
    for number, path in enumerate(small):
        (folder / f"fixture{number}").write_bytes(b"x" + path.read_bytes())


def make_answers(seeds):
    state = {"state": [0.5, 1], "goal": [5, 0], "distance": 2.5, "solved": False}
    picture = json.dumps({"bytes": 48}).encode() + b"\n" + bytes(range(48)).replace(b"\0", b"\1")
    line = json.dumps(state).encode() + b"\n"
    spec = json.dumps({"action_low": [-1, -1], "action_high": [1, 1]}).encode() + b"\n"
    wholes = {"sound": [spec, line, line, picture, line, line, picture], "error": [spec, b'{"error": "no\\u001b[31m"}\n'],
              "torn": [spec, line[:9]], "chatter": [spec + b"hello\n", line], "list": [b"[1]\n"]}
    for name, parts in wholes.items():
        (seeds / "process" / name).write_bytes(b"\0".join(parts))


def make_lerobot(fixtures, seeds):
    for number, name in enumerate(("lr-baseline/v21", "lr-baseline/v30", "lr-gaps/v21", "lr-gaps/v30", "lr-broken/jsonl")):
        meta = fixtures / "cases/data" / name / "meta"
        lines, table = meta / "episodes.jsonl", sorted(meta.glob("episodes/*/*.parquet"))
        content = (meta / "info.json").read_bytes() + b"\0" + (lines.read_bytes() if lines.exists() else b"") + b"\0"
        (seeds / "lerobot" / str(number)).write_bytes(content + (table[0].read_bytes() if table else b""))


def copy(fixtures, folder, suffix, largest=LARGEST):
    seen = set()
    for path in sorted(fixtures.rglob("*" + suffix)):
        content = path.read_bytes()
        if path.is_file() and len(content) <= largest and content not in seen:
            seen.add(content)
            shutil.copyfile(path, folder / f"{len(seen)}{suffix}")


def main(fixtures, seeds):
    shutil.rmtree(seeds, ignore_errors=True)
    suffixes = {"pt": [".pt", ".pth"], "safetensors": [".safetensors"], "hdf5": [".h5", ".hdf5"], "parquet": [".parquet"],
                "video": [".mp4", ".mkv", ".webm", ".avi", ".mov", ".mpg", ".gif", ".ogv", ".3gp"], "json": [],
                "npz": [".npz", ".npy"], "episodes": [], "picture": [], "process": [], "lerobot": []}
    for target, kinds in suffixes.items():
        (seeds / target).mkdir(parents=True)
        for suffix in kinds:
            copy(fixtures, seeds / target, suffix, {"pt": 200_000, "safetensors": 200_000, "video": 16_000}.get(target, LARGEST))
    for number, path in enumerate(sorted((seeds / "pt").iterdir())):  # the pickles in them, to be changed by themselves
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith("/data.pkl"):
                        (seeds / "pt" / f"{number}.pkl").write_bytes(archive.read(name))
    make_npz(seeds)
    make_pictures(fixtures, seeds)
    make_json(fixtures, seeds)
    make_answers(seeds)
    make_lerobot(fixtures, seeds)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
