# shellcheck shell=bash
# table.sh - the closing table of the demonstration: its rows, whether each limit held, and what a busy
# machine excuses; sourced. Wants TEST set: empty for the table, or else "ok ..." lines for ./check.

PACE=20 # ms: what is between two blocks of the stream anyway
rows=() failed=0 disturbed=()

say() { [ -n "$TEST" ] || printf '%s\n' "$*"; }
at_most() { [ -n "$1" ] && [ "$1" -le "$2" ]; }
at_least() { [ -n "$1" ] && [ "$1" -ge "$2" ]; }
row_put() { rows+=("$(printf '%-46s %-28s %-18s %s' "$@")"); }
# What was measured, what it must be, and whether it is.
row() { # STATUS WHAT MEASURED LIMIT
	local is=held
	if [ "$1" != 0 ]; then is="NOT HELD" failed=1; fi
	row_put "$2" "$3" "$4" "$is"
	[ -z "$TEST" ] || { [ "$1" = 0 ] && echo "ok demo: $2 ($3)" || echo "not ok demo: $2 ($3, limit $4)"; }
}
# To know, without a limit.
fact() { # WHAT MEASURED
	row_put "$1" "$2" "" ""
	[ -z "$TEST" ] || echo "ok demo: $1 ($2)"
}
# A row whose limit is a time. A stream that nothing had happened to was watched in the same while (the
# control stream): what this stood still was this machine's doing, and a time that is over its limit
# by no more than that says nothing. By more, or in a row that is no time, it is a failure.
timed() { # WHAT MS LIMIT CONTROL-GAP
	local stall=$(($4 > PACE ? $4 - PACE : 0))
	if at_most "$2" "$3" || ! at_most "$2" $(($3 + stall)); then
		row "$(at_most "$2" "$3"; echo $?)" "$1" "$2 ms" "at most $3 ms"
		return
	fi
	disturbed+=("$1 $2 ms, control stream $4 ms")
	row_put "$1" "$2 ms" "at most $3 ms" "disturbed: control stream $4 ms"
	[ -z "$TEST" ] || echo "not ok demo: $1 ($2 ms, limit $3 ms; disturbed: control stream $4 ms)"
}
# How often it was tried, from the lines that the tries before left, and what the machine did meanwhile.
table_facts() { # EARLIER CONTROL-GAP...
	local line tries=1 before=''
	while read -r line; do
		if [ -n "$line" ]; then before+="; try $tries was disturbed: $line" tries=$((tries + 1)); fi
	done <<<"$1"
	shift
	fact "tries" "$tries$before"
	fact "control stream, r to c unbroken: largest gaps" "$(IFS=,; echo "$*") ms"
}
# 0: all held. 3: what did not is this machine's doing, as far as can be told.
table_status() {
	if [ $failed != 0 ]; then echo 1; elif [ ${#disturbed[@]} -gt 0 ]; then echo 3; else echo 0; fi
}
table_print() {
	local line
	say
	say "$(printf '%-46s %-28s %-18s %s' "" measured limit "")"
	for line in "${rows[@]}"; do say "$line"; done
	say
	case $(table_status) in
	0) say "all limits held" ;;
	3) printf 'disturbed: %s\n' "$(printf '%s; ' "${disturbed[@]}")"
		say "NOT all limits held; this machine stopped its own streams, so those times say nothing" ;;
	*) say "NOT all limits held" ;;
	esac
}
