#!/bin/sh
# How well do the shipped models plan? The README's table, from a clean state, by one command.
#
#   sh tools/study/shipped.sh [OUT]          (default runs/shipped)
#
# Three seeds of starts for each task, beside random actions, doing nothing, and where it says something the same search
# on the true simulator. Run the same command again to go on: an evaluation that was killed goes on at its next start,
# one that Ctrl-C ended begins anew. Half an hour to an hour on two cores. Results: OUT/table.md.
#
# Variables: FORESEE (program), EPISODES (starts of each seed), SEEDS, TASKS (near, far, push_t), THREADS.
set -eu

out=${1:-runs/shipped}
here=$(dirname "$0") foresee=${FORESEE:-build/release/foresee}
episodes=${EPISODES:-100} seeds=${SEEDS:-7 8 9} tasks=${TASKS:-far near push_t} threads=${THREADS:-2}
mkdir -p "$out/eval"

# judge NAME SEED OPTION...
judge() {
  name=$1 seed=$2
  shift 2
  folder="$out/eval/${name}_$seed" again=
  if [ -f "$folder/results.json" ]; then
    grep -q '"interrupted": false' "$folder/results.json" && return
    again=--overwrite # Ctrl-C left a result of some of the starts
  fi
  printf '== %s, seed %s\n' "$name" "$seed" >&2
  "$foresee" eval --episodes "$episodes" --seed "$seed" --threads "$threads" --out "$folder" $again "$@" >/dev/null
}

for task in $tasks; do
  for seed in $seeds; do
    case $task in
      far)
        judge far "$seed" --env two_room --model tools/assets/two_room --protocol far --methods planner,random,noop \
          --set objective=distance --set begin=proposal --set proposal_gain=4 --set planner.horizon=3 \
          --set planner.receding=1 --set planner.samples=100 --set planner.elites=10 --set planner.iterations=4 \
          --set planner.init_std=0.5
        ;;
      near | push_t)
        env=$task
        [ "$task" = push_t ] || env=two_room
        judge "$task" "$seed" --env "$env" --model "tools/assets/$env" --protocol near \
          --methods planner,random,noop,oracle
        ;;
      *)
        printf 'expected tasks among near, far and push_t, got %s\n' "$task" >&2
        exit 1
        ;;
    esac
  done
done
python3 "$here/shipped_table.py" "$out"
