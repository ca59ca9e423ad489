#!/bin/sh
# A world model of one door, adapted to another: one command for all figures.
#
#   sh tools/study/adapt.sh [OUT]          (default runs/adapt)
#
# The shipped Two-Room model knows the door at 49. It goes on with 0, 10, 30 or 100 episodes of the door at 170, beside
# episodes of the old door, and gets its heads anew on both. `far` is evaluated at both doors. Every step goes on where
# it was cut off: run the same command again. Results: OUT/table.md.
#
# Variables: FORESEE (program), MODEL, GIVEN (numbers of episodes), STEPS, HEAD_STEPS, STARTS (for each door), SEED,
# THREADS.
set -euf

out=${1:-runs/adapt}
foresee=${FORESEE:-build/release/foresee} model=${MODEL:-tools/assets/two_room}
given=${GIVEN:-0 10 30 100} steps=${STEPS:-600} head_steps=${HEAD_STEPS:-2000} starts=${STARTS:-60}
seed=${SEED:-0} threads=${THREADS:-2}
mkdir -p "$out/eval"

say() { printf '== %s\n' "$*" >&2; }

# collect NAME EPISODES SEED DOOR: by the noisy expert, as the model's own episodes were.
collect() {
  [ -f "$out/$1.h5" ] && return
  say "collect $2 episodes of door $4"
  "$foresee" data collect --env two_room --policy expert --noise 2.0 --episodes "$2" --size 64 --seed "$3" \
    --threads "$threads" --draw "two_room.door_position=$4" --out "$out/$1.h5"
}
collect old 120 $((seed + 10)) 49

# judge NAME MODEL
judge() {
  for door in 49 170; do
    folder="$out/eval/$1_$door"
    grep -q '"interrupted": false' "$folder/results.json" 2>/dev/null && continue
    say "far at door $door, $1 episodes given"
    "$foresee" eval --env two_room --model "$2" --protocol far --episodes "$starts" --seed 77 --threads "$threads" \
      --methods planner,inverse_dynamics,random --set "world.two_room.door_position=[$door,$door,$door]" \
      --set objective=distance --set begin=proposal --set proposal_gain=4 --set planner.horizon=3 \
      --set planner.receding=1 --set planner.samples=100 --set planner.elites=10 --set planner.iterations=4 \
      --set planner.init_std=0.5 --strips 0 --overwrite --out "$folder" >/dev/null
  done
}
for count in $given; do
  if [ "$count" = 0 ]; then
    judge 0 "$model"
    continue
  fi
  collect "new_$count" "$count" $((seed + 20)) 170
  say "adapt with $count episodes, $steps steps"
  "$foresee" train --init "$model" --data "$out/new_$count.h5" --rehearse "$out/old.h5" --steps "$steps" --seed "$seed" \
    --threads "$threads" --set train.learning_rate=3e-4 --set loop.evaluate_every=100 --checkpoint-every 100 \
    --out "$out/model_$count"
  heads="$out/heads_$count"
  [ -d "$heads/checkpoints/step-$head_steps" ] ||
    "$foresee" train --family lewm_heads --init "$out/model_$count" --data "$out/new_$count.h5" "$out/old.h5" \
      --steps "$head_steps" --seed "$seed" --threads "$threads" --out "$heads"
  judge "$count" "$heads"
done

python3 "$(dirname "$0")/adapt_table.py" "$out"
