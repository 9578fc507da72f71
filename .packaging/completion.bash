
# bash splits words at the colons of URLs: they are put together again, by functions of bash-completion.
_agent_whole_words() {
    local cur prev words cword
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n := cur prev words cword
        COMP_WORDS=("${words[@]}") COMP_CWORD=${cword}
        _agent "$1" "${cur}" "${prev}"
        __ltrim_colon_completions "${cur}"
    else
        _agent "$@"
    fi
}

complete -o filenames -F _agent_whole_words agent
