#!/bin/sh
# Does `eval --protocol offline` tell a model of the true actions from one of shuffled actions? One command for all
# figures.
#
#   sh tools/study/offline.sh [OUT]          (default runs/offline)
#
# It collects episodes of Two-Room, and gives every row of a copy the action of another row. Both train a small LeWM and
# a small V-JEPA 2-AC on an encoder that learned from the same pictures. All four are judged on other episodes, as HDF5
# and as a LeRobot v3 set. A V-JEPA 2-AC of poses does the same with DROID's folders (droid_layout.py). Every step goes
# on where it was cut off: run the same command again. Results: OUT/table.md. The scripts need NumPy and h5py.
#
# Variables: FORESEE (program), EPISODES (of the expert; random: two thirds of it), STEPS, ENCODER_STEPS, AC_STEPS (0:
# LeWM alone), STARTS, SEED, THREADS.
set -eu

out=${1:-runs/offline}
here=$(dirname "$0") foresee=${FORESEE:-build/release/foresee}
episodes=${EPISODES:-240} steps=${STEPS:-400} encoder_steps=${ENCODER_STEPS:-1500} ac_steps=${AC_STEPS:-1300}
starts=${STARTS:-100} seed=${SEED:-0} threads=${THREADS:-2}
mkdir -p "$out/eval"

say() { printf '== %s\n' "$*" >&2; }

# collect NAME EPISODES SEED POLICY...
collect() {
  name=$1 count=$2 own=$3
  shift 3
  [ -f "$out/$name.h5" ] && return
  say "collect $count episodes: $name"
  "$foresee" data collect --env two_room --episodes "$count" --size 64 --seed "$own" --threads "$threads" "$@" \
    --out "$out/$name.h5"
}
collect expert "$episodes" "$seed" --policy expert --noise 2.0
collect random $((episodes * 2 / 3)) $((seed + 1)) --policy random
collect test 60 $((seed + 91)) --policy expert --noise 2.0

# convert FORMAT OUTPUT INPUT...
convert() {
  format=$1 output=$2
  shift 2
  [ -e "$output" ] || "$foresee" data convert --format "$format" --output "$output" --input "$@"
}
convert npz "$out/true.npz" "$out/expert.h5" "$out/random.h5"
convert lerobot "$out/test-lerobot" "$out/test.h5"
[ -f "$out/shuffled.npz" ] || python3 "$here/shuffle_actions.py" "$out/true.npz" "$out/shuffled.npz" "$seed"

# train FAMILY KIND DATA STEPS OPTIONS...: a run that is there goes on; one that is finished ends at once.
train() {
  family=$1 kind=$2 data=$3 count=$4
  shift 4
  say "train $family on $kind actions, $count steps"
  "$foresee" train --family "$family" --data "$out/$data" --steps "$count" --checkpoint-every 100 --seed "$seed" \
    --threads "$threads" --out "$out/$family-$kind" "$@"
}
# judge FAMILY KIND SET
judge() {
  folder="$out/eval/$1 $2 $(basename "$3")"
  [ -f "$folder/results.json" ] && return
  say "judge $1 of $2 actions on $3"
  "$foresee" eval --protocol offline --model "$out/$1-$2" --data "$3" --set "starts=$starts" --set horizon=3 \
    --set iterations=3 --seed 7 --threads "$threads" --out "$folder"
}
families=lewm
for kind in true shuffled; do
  train lewm $kind $kind.npz "$steps" --preset lewm-s64 --set train.batch=32
done
if [ "$ac_steps" -gt 0 ]; then
  families="lewm vjepa2_ac"
  convert video "$out/videos" "$out/random.h5"
  convert video "$out/test-videos" "$out/test.h5"
  [ -d "$out/droid-true" ] || python3 "$here/droid_layout.py" "$out/videos" "$out/droid-true"
  [ -d "$out/droid-shuffled" ] || python3 "$here/droid_layout.py" "$out/videos" "$out/droid-shuffled" --shuffle "$seed"
  [ -d "$out/droid-test" ] || python3 "$here/droid_layout.py" "$out/test-videos" "$out/droid-test"
  say "pretrain an encoder, $encoder_steps steps"
  "$foresee" pretrain --preset vjepa2-nano --data "$out/videos" --steps "$encoder_steps" --seed "$seed" \
    --threads "$threads" --out "$out/encoder"
  for kind in true shuffled; do
    ac="--preset vjepa2-ac-s --encoder $out/encoder --set train.batch=12"
    # shellcheck disable=SC2086  # a list of words
    train vjepa2_ac $kind $kind.npz "$ac_steps" $ac
    # shellcheck disable=SC2086
    train vjepa2_ac droid-$kind droid-$kind "$ac_steps" $ac --set state_update=arm_pose --set actions=state_change \
      --set frameskip=5
    judge vjepa2_ac droid-$kind "$out/droid-test"
  done
fi
for family in $families; do
  for kind in true shuffled; do
    for set in "$out/test.h5" "$out/test-lerobot"; do judge "$family" $kind "$set"; done
  done
done
python3 "$here/offline_table.py" "$out"
