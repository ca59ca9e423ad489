# Completion for bash: commands, then the flags that `foresee COMMAND --help` lists, then files.
_foresee() {
  local word=${COMP_WORDS[COMP_CWORD]} commands=()
  local i; for ((i = 1; i < COMP_CWORD; ++i)); do
    case "${COMP_WORDS[i]}" in -*) break ;; *) commands+=("${COMP_WORDS[i]}") ;; esac
  done
  COMPREPLY=()
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "${commands[@]:0:2}" --help 2>/dev/null | grep -o -- '--[a-z][a-z_-]*')" -- "$word")
  elif [ ${#commands[@]} = 0 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null | sed -n '/^[A-Z]*ubcommands:/,$s/^  \([a-z]*\) .*/\1/p')" -- "$word")
  fi
}
complete -o default -F _foresee foresee
