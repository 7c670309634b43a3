# shellcheck shell=bash disable=SC2034
# realm.sh - the zones of zones/ filled with fresh identities and one site's prefixes; sourced.
# Knows mapctl; knows nothing of namespaces and sessions. Wants BUILD, SOURCE and WORK set.

REALM=2001:3f:fe00:a00::/56=id.example.test
mapctl() { "$BUILD/mapctl/mapctl" -s "$WORK/mapd.control" "$@"; }

# "a1" -> "1.a.0.0": 16 bits of a prefix as nibble labels, last first
nibbles() {
	local x
	printf -v x '%04x' "0x$1"
	echo "${x:3:1}.${x:2:1}.${x:1:1}.${x:0:1}"
}
provider_zone() { echo "$(nibbles "$1").8.b.d.0.1.0.0.2.ip6.arpa"; }

# Makes an identity; its records go to the names' and the identities' zone.
# NAME [--via HOSTPART@SET | --locator ADDRESS]...
realm_identity() {
	local name=$1 out line
	shift
	out=$(mapctl id new --realm "$REALM" --name "$name" --dir "$WORK/id" "$@") || return 1
	while read -r line; do
		case $line in
		\;*) ;;
		"$name. "*) echo "$line" >>"$WORK/zones/names.records" ;;
		*) echo "$line" >>"$WORK/zones/identities.records" ;;
		esac
	done <<<"$out"
	printf '%s\n' "$out" | sed -nE 's/^; identity ([^,]*),.*/\1/p'
}
# Everything but the DS records, which need the children's keys first.
realm_make() { # SITE_A SITE_B R-ADDRESS
	local a=$1 b=$2 x
	mkdir -p "$WORK/zones" "$WORK/id"
	cp "$SOURCE"/zones/*.zone "$WORK/zones/"
	: >"$WORK/zones/names.records"
	: >"$WORK/zones/identities.records"
	: >"$WORK/zones/providers.records"
	# provider A is preferred, so that it is the one whose failure hurts
	{ echo "site ELOC 10 50 net:2001:db8:$a::/48 path=isp-a"
	  echo "site ELOC 20 50 net:2001:db8:$b::/48 path=isp-b"; } >"$WORK/zones/site.records"
	HOST_ID=$(realm_identity host.example.test --via ::1:0:0:0:10@site.example.test) &&
		R_ID=$(realm_identity r.example.test --locator "$3") || return 1
	if [ -n "${FIG1_R2:-}" ]; then
		R2_ID=$(realm_identity r2.example.test --locator "$FIG1_R2_C" --locator "$FIG1_R2_D") || return 1
	fi
	{ printf 'host.example.test. AAAA 2001:db8:%s:1::10\n' "$a" "$b"
	  echo "r.example.test. AAAA $3"; } >>"$WORK/zones/names.records"
	echo "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0 EPID 10 $HOST_ID at=56/id.example.test." \
		>"$WORK/zones/reverse.records"
	for x in "$a" "$b"; do echo "$(provider_zone "$x"). NS ns.test." >>"$WORK/zones/providers.records"; done
}
realm_load() { # SITE_A SITE_B: children first, so that a parent has their DS
	local zone x z=$WORK/zones
	for zone in id.example.test rev.site.example.test; do
		mapctl zone load $zone "$z/$zone.zone" || return 1
		mapctl key ds $zone >>"$z/ds.example.test" || return 1
	done
	mapctl zone load example.test "$z/example.test.zone" &&
		mapctl key ds example.test >"$z/ds.test" &&
		mapctl zone load test "$z/test.zone" || return 1
	for x in "$1" "$2"; do
		zone=$(provider_zone "$x")
		mapctl zone load "$zone" "$z/provider.zone" &&
			mapctl key ds "$zone" >>"$z/providers.records" || return 1
	done
	mapctl zone load 8.b.d.0.1.0.0.2.ip6.arpa "$z/8.b.d.0.1.0.0.2.ip6.arpa.zone" || return 1
	{ mapctl key ds test && mapctl key ds 8.b.d.0.1.0.0.2.ip6.arpa; } >"$WORK/anchors"
}
