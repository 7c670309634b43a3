#!/usr/bin/env bash
# backup.sh - does a path that a site marks as its backup carry nothing as long as another one lives, from either end? Two streams, one in
# each direction: by the preferred provider until it dies, by the backup until it is back, and by the other one when the marks change
# under them. Octets are counted path by path.
# needs: root namespaces mptcp
# limit: 120
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=backup
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
R=$FIG1_R
TTL=2
declare -A PORT=([down]=7000 [up]=7001) CAME=([down]=0 [up]=0)
ok_more() {
	"$FIG1" exec r ss -Htin state established '( dport = 7000 or dport = 7001 )'
	for id in $(ctl r sessions | cut -d' ' -f1); do ctl r why "$id"; done
}
marks() { # SED-COMMAND...: the set's records are changed, and published
	sed -i "$@" "$WORK/zones/site.records"
	site_load || give_up "the set can be changed"
}
# DIRECTION: down, the host sends, or up; r connects. The receiver has the direction's name.
stream() {
	local here=$1 there=$1-sender
	[ "$1" = down ] || here=up-sender there=up
	MAP_SOCKET=$WORK/host.sock start $there host "$BUILD/tests/survive/pace" listen "$HOST_ID" "${PORT[$1]}" "$1"
	wait_line $there '^listening' 5 >/dev/null || return 1
	MAP_SOCKET=$WORK/r.sock start $here r "$BUILD/tests/survive/pace" connect host.example.test "${PORT[$1]}" "$1"
	wait_line $here '^connected' 15 >/dev/null
}
both() { both_lead "$R $A" "$R $B"; }
both_lead() { leads r 7000 "$@" && leads r 7001 "$@"; } # PATH...
# Octets of a stream that went and came by the path to an address of the host, as r's kernel counts them.
by() { # DIRECTION ADDRESS
	"$FIG1" exec r ss -Htin state established dst "[$2]:${PORT[$1]}" | grep -oE 'bytes_(sent|received):[0-9]+' |
		awk -F: '{ n += $2 } END { print n + 0 }'
}
mark() { # DIRECTION: what came since the last time
	tell "$1" USR1
	line=$(wait_line "$1" '^mark ' 5) && CAME[$1]=$(field octets "$line")
}
# OCTETS: so many come in both streams; the longest time in which none did to $gap
come() {
	local direction came
	gap=0
	for direction in down up; do
		came=0
		mark $direction || return 1
		for _ in {1..200}; do
			pass 0.02
			mark $direction || return 1
			[ "$(field gap "$line")" -le $gap ] || gap=$(field gap "$line")
			came=$((came + CAME[$direction]))
			[ $came -lt "$1" ] || break
		done
		[ $came -ge "$1" ] || return 1
	done
}
# OCTETS ADDRESS OTHER: that much of both streams goes by the one address, and not an octet by the other.
only_by() {
	local direction
	declare -A used=() spared=()
	for direction in down up; do used[$direction]=$(by $direction "$2") spared[$direction]=$(by $direction "$3"); done
	come "$1" || return 1
	for direction in down up; do
		used[$direction]=$(($(by $direction "$2") - used[$direction])) spared[$direction]=$(($(by $direction "$3") - spared[$direction]))
		echo "$direction: ${used[$direction]} octets by $2, ${spared[$direction]} by $3"
	done
	[ "${spared[*]}" = "0 0" ] && [ "${used[down]}" -ge "$1" ] && [ "${used[up]}" -ge "$1" ]
}
# Neither end has asked the other to spare a path, nor been asked.
unmarked() { ! for node in host r; do "$FIG1" exec $node ss -Htin state established; done | grep -E 'flags:[a-zA-Z]*[bB]'; }
nothing_by() { [ "$(by down "$1") $(by up "$1")" = "0 0" ]; } # ADDRESS
# By the host's kernel; SF_ESTABLISHED has what the handshake said, SF_PRIO would be a word that came later.
joined_as_backup() {
	local _
	for _ in 1 2; do wait_line monitor "SF_ESTABLISHED.* saddr6=$B .* backup=1" 2 || return 1; done
	! grep 'backup=0' "$WORK/monitor.out"
}
told() { # PATTERN TIMES: in the stories of the sessions
	for id in $(ctl r sessions | cut -d' ' -f1); do ctl r why "$id"; done | tee /dev/stderr | grep -c "$1" | grep -qx "$2"
}
realm_records() { sed -i '/isp-b/s/$/ backup/' "$WORK/zones/site.records"; }

realm_start $TTL
agent_start host "paths: manage" "classes: {any: {watch: sticky}}" || give_up "resolverd serves on host" # so that r is the first to judge
agent_start r "paths: manage" "classes: {any: {watch: fast}}" || give_up "resolverd serves on r"
start monitor host stdbuf -oL ip mptcp monitor
for direction in down up; do stream $direction || give_up "a stream $direction"; done
ok "two streams" come 1000
ok "are by both providers, of which one is a backup" soon 10 both
ok "which r says as it joins" joined_as_backup
ok "they use the other one" only_by 200000 "$A" "$B"
ok "and never used the backup" nothing_by "$B"

"$FIG1" blackhole isp-a
ok "that one dies: they are by the backup" soon 5 both_lead "$R $B"
ok "which carries them, and had none wait" eval 'come 100000; echo "gap $gap ms"; [ $gap -le 400 ]'
ok "the story of who found it out says how" told "path from $R to $A: no answer, where another one answers" 1
ok "and both say that the path was dead" told "path from $R to $A left: dead" 2
"$FIG1" restore isp-a
ok "it is back" soon 20 both
ok "and so are they, when what was under way has come" soon 3 only_by 20000 "$A" "$B"
ok "by it alone" only_by 200000 "$A" "$B"

marks '/isp-b/s/ backup//; /isp-a/s/$/ backup/'
ok "the marks change places under them" follows only_by 5000 "$B" "$A"
ok "and they do, in both directions" only_by 200000 "$B" "$A"
marks 's/ backup//'
ok "there is no backup any more, at neither end" follows unmarked
for direction in down up; do
	tell $direction TERM
	ok "$direction: it ends, and not an octet was lost or doubled" eval "wait_line $direction '^end ' 5 && ! grep wrong '$WORK/$direction.log'"
done
exit $failed
