#!/usr/bin/env bash
# survive.sh - sessions by identity across every failure of the testbed: the longest gap that the receiver of a paced stream
# (2 KiB each 5 ms) sees, and whether an octet was lost or doubled. A multi-homed host that listens, and a peer that connects. Each
# fault is where most of the stream is at that moment.
#
# usage: survive.sh [-n FAULTS] [-m MOST] [-c CLASSES] [-d DIRECTIONS] [-p PATHS] [-e ENDS] [-r ROLES] [-a AGENTS] [-f FAULT]...
#   FAULTS     in one stream, of each cell (1)
#   MOST       faults, until so many have hit the stream (FAULTS, which hit it or not): its kernel may send by the other path just then
#   CLASSES    of fast, normal, sticky (fast), by commas;   DIRECTIONS  of down (the host sends), up (both)
#   PATHS      who looks after them: kernel, manage (both); to compare with: alone, the kernel without any agent's help, backup,
#              the same with provider B as a backup, and tcp, a session that has one path and no agent
#   ENDS       one, the host only has two providers, or two, its peer has too (one)
#   ROLES      of the host: listens, connects, by commas (listens; with ENDS two it always does)
#   AGENTS     both, or host: the peer's looks names up and does nothing else (both)
#   FAULT      "blackhole isp-a both", "fail isp-a-site" and so on (two of them; -f all: all), with isp-c at a peer that has it; the
#              same at the other provider when the stream is there
#   LIMIT, MEDIAN, RETURN  in the environment: ms that a gap may last (400), and half of them (LIMIT), and one after the restore
#              (400); none for what is compared with
# needs: root namespaces mptcp
# limit: 300
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=survive
case " $* " in *" -e two "*) export FIG1_R2=1 FIG1_SITE_C=random FIG1_SITE_D=random ;; esac
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
N=1 MOST='' CLASSES=fast DIRECTIONS=down,up MODES=kernel,manage ENDS=one ROLES=listens AGENTS=both FAULTS=()
while getopts n:m:c:d:p:e:r:f:a: option; do
	case $option in
	n) N=$OPTARG ;;
	m) MOST=$OPTARG ;;
	c) CLASSES=$OPTARG ;;
	d) DIRECTIONS=$OPTARG ;;
	p) MODES=$OPTARG ;;
	e) ENDS=$OPTARG ;;
	r) ROLES=$OPTARG ;;
	f) FAULTS+=("$OPTARG") ;;
	a) AGENTS=$OPTARG ;;
	*) exit 2 ;;
	esac
done
MOST=${MOST:-$N} HIT=20 # ms: a gap of a fault that hit a stream of blocks each 5 ms
[ ${#FAULTS[@]} -gt 0 ] || FAULTS=("blackhole isp-a both" "fail core-isp-a")
[ "${FAULTS[0]}" != all ] || FAULTS=("blackhole isp-a both" "blackhole isp-a in" "blackhole isp-a out" "fail isp-a-site"
	"fail core-isp-a" "fail exit-a-lan" "withdraw isp-a" "loss isp-a 5")
PEER=r
if [ "$ENDS" = two ]; then
	PEER=r2 ROLES=listens
	[ ${#FAULTS[@]} -lt 8 ] || FAULTS+=("blackhole isp-c both" "blackhole isp-c in" "blackhole isp-c out" "fail r2-isp-c" "fail core-isp-c" "withdraw isp-c")
fi

mark() { tell receiver USR1; line=$(wait_line receiver '^mark ' 5); }
# FAULT: by both providers of that end; who knows all pairs has them all.
all_paths() {
	local most=2 end=2
	case $mode-$ENDS in tcp-*) return 0 ;; manage-two) most=4 ;; esac
	case $1 in *-c*) end=1 ;; esac # what leads at the peer: "LOCAL REMOTE" of each
	[ "$(led $PEER 7000 | cut -d' ' -f$end | sort -u | wc -l)" -ge 2 ] && mark && [ "$(field paths "$line")" -ge $most ]
}
# What was on a path that was dead waits for its own timer after the restore, which is up to 1.6 s by then; a fault of the other path meanwhile
# would be one of all there is.
rested() { local node; for node in host $PEER; do ! "$FIG1" exec "$node" ss -Htin state established "( sport = 7000 or dport = 7000 )" | grep -q ' backoff:' || return 1; done; }
ready() { all_paths "$1" && rested; } # FAULT
# What both ends have then: paths, endpoints, and what is to become of them.
seen() {
	local node one
	for node in host $PEER; do
		"$FIG1" exec "$node" ip mptcp endpoint
		"$FIG1" exec "$node" ss -Htnie state established "( sport = 7000 or dport = 7000 )"
		"$FIG1" exec "$node" ss -HMni state established "( sport = 7000 or dport = 7000 )"
		[ ! -S "$WORK/$node.control" ] || for one in $(ctl "$node" sessions | cut -d' ' -f1); do ctl "$node" why "$one"; done
		tail -n 20 "$WORK/agent-$node.log"
	done | sed "s/^/    | /"
}
# FAULT: where the stream is, of that provider and the other one of the same end
aimed() {
	local one=a other=b
	case $1 in *isp-c*) one=c other=d ;; esac
	sed "s/-$one\\b/-$(carrying $one $other)/" <<<"$1"
}
undo() { "$FIG1" restore "$(cut -d' ' -f2 <<<"$1")"; } # FAULT
# CLASS: agents, or what is compared with them
agents() {
	local node options=()
	for node in host $PEER; do "$FIG1" exec "$node" sysctl -qw "net.mptcp.enabled=$([ "$mode" = tcp ]; echo $?)"; done
	case $mode in
	# faults that have nothing to do with each other, though they come every three seconds
	kernel | manage) options=("paths: $mode" "classes: {any: {watch: $1}}" "flap: {penalty: 1}") ;;
	*) options=("paths: off" "probe: off" "exits: off") ;;
	esac
	agent_start host "${options[@]}" || return 1
	[ "$AGENTS" = both ] || options=("paths: off" "probe: off" "exits: off")
	agent_start $PEER "${options[@]}" || return 1
	case $mode in
	alone) endpoints host "" ;;
	backup) endpoints host backup ;;
	esac
	case $mode-$AGENTS in alone-* | backup-* | *-host) "$FIG1" exec $PEER ip mptcp limits set subflow 8 add_addr_accepted 8 ;; esac
}
endpoints() { # NODE [backup]: as an administrator would
	"$FIG1" exec "$1" ip mptcp limits set subflow 8 add_addr_accepted 8
	"$FIG1" exec "$1" ip mptcp endpoint flush
	"$FIG1" exec "$1" ip mptcp endpoint add "$A" subflow signal
	# shellcheck disable=SC2086 # a word or none
	"$FIG1" exec "$1" ip mptcp endpoint add "$B" subflow signal $2
}
# ROLE DIRECTION: one that is new
stream() {
	local there=host here=$PEER id=$HOST_ID name=host.example.test way=$2 at_there=sender at_here=receiver transport=
	[ "$mode" != tcp ] || transport=tcp
	finish receiver
	finish sender
	if [ "$1" = connects ]; then
		there=$PEER here=host id=$R_ID name=r.example.test
		if [ "$2" = down ]; then way=up; else way=down; fi
	fi
	[ "$way" = down ] || at_there=receiver at_here=sender
	MAP_SOCKET=$WORK/$there.sock start $at_there $there "$BUILD/tests/survive/pace" listen "$id" 7000 "$way"
	wait_line $at_there '^listening' 5 >/dev/null || return 1
	MAP_SOCKET=$WORK/$here.sock start $at_here $here "$BUILD/tests/survive/pace" connect $name 7000 "$way" ${transport:+"$transport"}
	wait_line $at_here '^connected' 15 >/dev/null
}
whole() { # the stream ends, and all of it came
	tell receiver TERM
	wait_line receiver '^end ' 5 >/dev/null && ! grep -q wrong "$WORK/receiver.log"
}
# ROLE DIRECTION FAULT: N of it in one stream, of a peer that has no agent in streams of ten: its kernel counts the addresses that
# a session was offered again, and takes no more after some 15 faults. The gaps to $gaps, those of restores to $returns.
cell() {
	local fault i
	gaps=() returns=()
	stream "$1" "$2" || return 1
	for ((i = 0; i < MOST && ${#gaps[@]} < N; i++)); do
		if [ "$AGENTS" = host ] && [ $i != 0 ] && [ $((i % 10)) = 0 ]; then
			whole && stream "$1" "$2" || return 1
		fi
		soon 20 ready "$3" || { echo "    | not all paths before fault $i"; seen; return 1; }
		pass 0.35
		fault=$(aimed "$3")
		mark || return 1
		# shellcheck disable=SC2086 # a fault is words
		"$FIG1" $fault
		pass 1.5
		mark || return 1
		if [ "$MOST" = "$N" ] || [ "$(field gap "$line")" -ge $HIT ]; then gaps+=("$(field gap "$line")"); fi
		undo "$fault"
		pass 1.2
		mark || return 1
		returns+=("$(field gap "$line")")
	done
	tries=$i
	[ ${#gaps[@]} -ge "$N" ] || { echo "    | only ${#gaps[@]} of $tries faults hit the stream"; return 1; }
	whole
}
# MS...: "MEDIAN WORST"
spread() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)], v[NR] }'; }
figures() { local median worst; read -r median worst <<<"$(spread "$@")"; echo "median $median ms, worst $worst ms"; }
held() { # MEDIAN WORST MS...
	local median worst
	read -r median worst <<<"$(spread "${@:3}")"
	[ "$median" -le "$1" ] && [ "$worst" -le "$2" ]
}
cells() { # CLASS ROLE
	local direction fault name word limit turn most=${LIMIT:-400} middle=${MEDIAN:-} back=${RETURN:-400}
	case $mode in alone | backup | tcp) most=1000000 middle='' back=1000000 ;; esac
	for direction in ${DIRECTIONS//,/ }; do
		for fault in "${FAULTS[@]}"; do
			name="$mode, $fault, $direction, $1"
			[ "$ENDS" = one ] || name+=", both ends"
			[ "$2" = listens ] || name+=", the host connects"
			[ "$AGENTS" = both ] || name+=", no agent at the peer"
			limit=$most
			turn=$back
			case $fault in loss*) # what is lost waits for the kernel's own timer
				[ "$most" -gt 400 ] || limit=400
				[ "$back" -gt 400 ] || turn=400 ;;
			esac
			if cell "$2" "$direction" "$fault"; then
				if held "${middle:-$limit}" "$limit" "${gaps[@]}" && held "$turn" "$turn" "${returns[@]}"; then word=ok; else word="not ok" failed=1; fi
				echo "$word survive: $name: $(figures "${gaps[@]}") of $N$([ "$tries" = "$N" ] || echo " that hit the stream, of $tries"); at the return $(figures "${returns[@]}"); no octet lost or doubled"
			else
				echo "not ok survive: $name: $(tail -n 1 "$WORK/receiver.log" 2>/dev/null)"
				"$FIG1" restore all
				failed=1
			fi
		done
	done
}

realm_start
for class in ${CLASSES//,/ }; do
	for mode in ${MODES//,/ }; do
		agents "$class" || give_up "agents"
		for role in ${ROLES//,/ }; do cells "$class" "$role"; done
	done
done
exit $failed
