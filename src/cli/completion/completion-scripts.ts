/** Shells that there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The hidden command that the scripts call. */
export const COMPLETE_COMMAND = '__complete';

/*
 * Each script hands the words of the line to `appimagectl __complete` and gets a candidate a line, the word and its description with a tab
 * between, and in the last line `:` and what the shell is to complete by itself: `files`, `folders` or nothing.
 */

const BASH = `# bash completion of appimagectl. Needs no other package. Load it with: source <(appimagectl completion bash)
_appimagectl() {
  local line directive='' current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  if [[ $current == '=' ]]; then
    current=''
  fi
  while IFS= read -r line; do
    if [[ $line == :* ]]; then
      directive="\${line#:}"
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <("\${COMP_WORDS[0]}" ${COMPLETE_COMMAND} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case $directive in
    files)
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
      ;;
    folders)
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current")
      ;;
  esac
}
complete -F _appimagectl appimagectl
`;

const ZSH = `#compdef appimagectl
# zsh completion of appimagectl. Load it with: source <(appimagectl completion zsh)
# or write it to a file _appimagectl in a folder of your fpath.
_appimagectl() {
  local line directive=''
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :* ]]; then
      directive="\${line#:}"
    else
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <("\${words[1]}" ${COMPLETE_COMMAND} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe -V 'appimagectl' candidates
  case $directive in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _appimagectl ]]; then
  _appimagectl "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef _appimagectl appimagectl
fi
`;

const FISH = `# fish completion of appimagectl. Load it with: appimagectl completion fish | source
# or write it to ~/.config/fish/completions/appimagectl.fish
function __appimagectl_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program ${COMPLETE_COMMAND} -- $words 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path (commandline -ct)
            case ':folders'
                __fish_complete_directories (commandline -ct)
            case ':*'
            case '*'
                printf '%s\\n' $line
        end
    end
end
complete -c appimagectl -f -a '(__appimagectl_complete)'
`;

/** The script that makes a shell complete the command line. */
export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
