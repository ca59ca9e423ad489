#!/bin/sh
# Two-Room with other doors and colours than those of the training: one command for all figures.
#
#   sh tools/study/doors.sh [OUT]          (default runs/doors)
#
# It collects episodes with drawn doors and colours, trains a world model and its heads, and evaluates near and far at
# doors that were trained, that lie 10 px off, in a gap and outside, and in colours of neither. Random and no-op stand
# beside each. Every step goes on where it was cut off: run the same command again. Results: OUT/table.md.
#
# Variables: FORESEE (program), STEPS, HEAD_STEPS, EPISODES (of the expert for each door), STARTS (for each value),
# SEED, THREADS, COLOURS (0: the default colours alone).
set -euf  # f: brackets are colours, not names of files

out=${1:-runs/doors}
foresee=${FORESEE:-build/release/foresee}
steps=${STEPS:-6000} head_steps=${HEAD_STEPS:-4000} episodes=${EPISODES:-120} starts=${STARTS:-50}
seed=${SEED:-0} threads=${THREADS:-2} colours=${COLOURS:-1}
doors=30,50,70,130,150,170,190       # the gap of 80 to 120 px is never seen
mkdir -p "$out"

draw="--draw two_room.door_position=$doors"
if [ "$colours" = 1 ]; then
  draw="$draw --draw two_room.background_color=[200..255,200..255,200..255]"
  draw="$draw --draw two_room.wall_color=[0..90,0..90,0..90]"
  draw="$draw --draw two_room.agent_color=[180..255,0..70,0..70]"
fi

say() { printf '== %s\n' "$*" >&2; }

# collect NAME POLICY EPISODES SEED: nothing where the file is there; parts of a cut-off collection are gone on with.
collect() {
  [ -f "$out/$1.h5" ] && return
  say "collect $3 episodes, policy $2"
  # shellcheck disable=SC2086  # draw is a list of words
  "$foresee" data collect --env two_room --policy "$2" --episodes "$3" --size 64 --seed "$4" --threads "$threads" $draw \
    --out "$out/$1.h5"
}
count=$(echo "$doors" | tr ',' '\n' | wc -l)
collect expert expert $((count * episodes)) "$seed"
collect random random $((count * episodes / 2)) $((seed + 1))

# A run that is there is resumed; one that is finished ends at once.
say "train lewm-s64, $steps steps"
"$foresee" train --family lewm --preset lewm-s64 --data "$out/expert.h5" "$out/random.h5" --steps "$steps" \
  --checkpoint-every 500 --seed "$seed" --threads "$threads" --out "$out/model"
say "train heads, $head_steps steps"
[ -d "$out/heads/checkpoints/step-$head_steps" ] || "$foresee" train --family lewm_heads --init "$out/model" --data "$out/expert.h5" "$out/random.h5" \
  --steps "$head_steps" --checkpoint-every 500 --seed "$seed" --threads "$threads" --out "$out/heads"

near="--protocol near --set planner.samples=150 --set planner.iterations=10"
far="--protocol far --set objective=distance --set begin=proposal --set proposal_gain=4 --set planner.horizon=3
  --set planner.receding=1 --set planner.samples=100 --set planner.elites=10 --set planner.iterations=4
  --set planner.init_std=0.5"

# judge NAME KEY=VALUES [OPTIONS]: near and far over the values. One folder for each value, so that a cut-off sweep loses one.
judge() {
  key=${2%%=*}
  for value in ${2#*=}; do
    for protocol in near far; do
      [ "$protocol" = near ] && how=$near || how=$far
      folder="$out/eval/$1_${protocol}_$(printf '%s' "$value" | tr -c '0-9\n' '-')"
      grep -q '"interrupted": false' "$folder/results.json" 2>/dev/null && continue
      say "$protocol at $key=$value"
      # shellcheck disable=SC2086
      "$foresee" eval --env two_room --model "$out/heads" $how --episodes "$starts" --seed 77 --threads "$threads" \
        --methods planner,random,noop --vary "$key=$value" ${3:-} --strips 4 --overwrite --out "$folder" >/dev/null
    done
  done
}
mkdir -p "$out/eval"
judge trained "two_room.door_position=30 50 70 130 150 170 190"
judge off "two_room.door_position=40 60 140 160 180"
judge gap "two_room.door_position=85 90 95 100 105 110 115"
judge outside "two_room.door_position=24 197 200"
middle="--set world.two_room.door_position=[50,50,50]"
if [ "$colours" = 1 ]; then
  judge colours "two_room.background_color=[150,200,255] [255,220,150] [120,120,120]" "$middle"
  judge colours "two_room.agent_color=[0,0,255] [0,160,0] [160,0,160]" "$middle"
fi

python3 "$(dirname "$0")/doors_table.py" "$out"
