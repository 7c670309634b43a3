# shellcheck shell=bash disable=SC2034
# run.sh - programs in the background whose output is awaited, never a time; sourced.
# Wants FIG1 and WORK set; knows nothing of what the programs do.

declare -A PID=() OUT=()

# Starts CMD in NODE; its output is read by wait_line, its errors go to WORK/NAME.log.
start() { # NAME NODE CMD...
	local name=$1 node=$2 fd
	shift 2
	exec {fd}< <(exec "$FIG1" exec "$node" "$@" 2>"$WORK/$name.log")
	PID[$name]=$! OUT[$name]=$fd
}
# The next line that matches; prints it. 1: the program has ended, or the time is over.
wait_line() { # NAME REGEX SECONDS
	local line deadline=$((SECONDS + $3))
	while [ $SECONDS -le $deadline ] && IFS= read -r -t "$3" -u "${OUT[$1]}" line; do
		printf '%s\n' "$line" >>"$WORK/$1.out"
		if [[ $line =~ $2 ]]; then
			printf '%s\n' "$line"
			return 0
		fi
	done
	return 1
}
# For a daemon that was started with --ready-fd 1.
wait_ready() { # NAME SECONDS
	local octet
	IFS= read -r -N 1 -t "$2" -u "${OUT[$1]}" octet
}
tell() { kill "-$2" "${PID[$1]}" 2>/dev/null; } # NAME SIGNAL
# Ends a program and waits until it has, by force after five seconds.
finish() { # NAME
	local fd
	[ -n "${PID[$1]:-}" ] || return 0
	tell "$1" TERM
	for _ in {1..100}; do
		kill -0 "${PID[$1]}" 2>/dev/null || break
		sleep 0.05
	done
	tell "$1" KILL
	wait "${PID[$1]}" 2>/dev/null
	fd=${OUT[$1]}
	exec {fd}<&-
	unset "PID[$1]" "OUT[$1]"
}
finish_all() {
	local name
	for name in "${!PID[@]}"; do tell "$name" TERM; done
	for name in "${!PID[@]}"; do finish "$name"; done
}
now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }
field() { sed -nE "s/.*(^| )$1=([^ ]*).*/\2/p" <<<"$2"; } # NAME LINE: the value of name=value
