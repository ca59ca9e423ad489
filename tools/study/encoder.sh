#!/bin/sh
# The shipped encoder (tools/assets/encoder): one command that makes it, judges it and writes its card.
#
#   sh tools/study/encoder.sh [OUT]        (default runs/encoder)
#
# It draws clips of moving scenes, pretrains the preset vjepa2-nano on them, and judges the encoder with `eval --protocol
# features` beside random weights and pixels, on scenes that did not choose the seed. With EPISODES it also trains on
# rendered episodes of Two-Room and Push-T. Every step goes on where it was cut off: run the same command again, also with
# more STEPS. Results: OUT/asset (what is shipped), OUT/features.json.
#
# Variables: FORESEE (program), STEPS, SCENES (clips), EPISODES (of each environment), CLIPS (to judge on), SEED,
# THREADS, SETTINGS (KEY=VALUE of the recipe over the preset, between spaces).
set -euf  # f: brackets are values, not names of files

out=${1:-runs/encoder}
foresee=${FORESEE:-build/release/foresee}
steps=${STEPS:-3000} scenes=${SCENES:-280} episodes=${EPISODES:-0} clips=${CLIPS:-20000}
seed=${SEED:-0} threads=${THREADS:-2} settings=${SETTINGS:-}
mkdir -p "$out"

say() { printf '== %s\n' "$*" >&2; }

# A folder or file that is there is whole: the program puts it in its place when it is finished.
if [ ! -d "$out/scenes" ]; then
  say "draw $scenes scenes"
  "$foresee" data scenes --clips "$scenes" --seed 100 --threads "$threads" --out "$out/scenes"
fi
rendered=""
[ "$episodes" -eq 0 ] || rendered="two_room push_t"
for env in $rendered; do
  if [ ! -f "$out/$env.h5" ]; then
    say "collect $episodes episodes of $env"
    "$foresee" data collect --env "$env" --policy random --episodes "$episodes" --size 64 --seed "$seed" \
      --threads "$threads" --out "$out/$env.h5"
  fi
  if [ ! -d "$out/$env" ]; then
    say "render them as video"
    "$foresee" data convert --input "$out/$env.h5" --output "$out/$env" --format video --fps 12
  fi
done

say "pretrain, $steps steps"
set --
for env in $rendered; do set -- "$@" "$out/$env"; done
for setting in $settings; do set -- "$@" --set "$setting"; done
"$foresee" pretrain --data "$out/scenes" "$@" --preset vjepa2-nano --steps "$steps" --seed "$seed" \
  --threads "$threads" --out "$out/run"

say "judge on $clips new scenes"
"$foresee" eval --protocol features --model "$out/run" --episodes "$clips" --seed 9 --threads "$threads" --json \
  >"$out/features.part"
mv "$out/features.part" "$out/features.json"

# What is shipped: the last checkpoint, with all that training goes on with, and the card.
rm -rf "$out/asset"
mkdir -p "$out/asset"
cp -R "$out/run/checkpoints/step-$steps/." "$out/asset"
python3 "$(dirname "$0")/encoder_card.py" "$out/features.json" --steps "$steps" --scenes "$scenes" \
  --episodes "$episodes" --seed "$seed" --settings "$settings" >"$out/asset/README.md"
size=$(du -sk "$out/asset" | cut -f1)
[ "$size" -le 25000 ] || { say "$out/asset has $size KB, more than the 25,000 that may be shipped"; exit 1; }
say "copy $out/asset to tools/assets/encoder to ship it ($size KB)"
