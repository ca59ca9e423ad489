#!/bin/sh
# How well do the shipped models plan? The README's table, from a clean state, by one command.
#
#   sh tools/study/shipped.sh [OUT]          (default runs/shipped)
#
# Three seeds of starts for each task, beside random actions, doing nothing, and where it says something the same search
# on the true simulator. Every evaluation goes on where it was cut off: run the same command again. Hours on two cores.
# Results: OUT/table.md.
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
  printf '== %s, seed %s\n' "$name" "$seed" >&2
  "$foresee" eval --episodes "$episodes" --seed "$seed" --threads "$threads" --out "$out/eval/${name}_$seed" "$@" \
    >/dev/null
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
