#!/bin/sh
# identities.sh - bench/identities.sh in small: what mapd signs and serves is what NSD serves of the same zone when
# ldns-signzone has signed it.
# needs: dig ldns nsd
EIDMAP_SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
if "$EIDMAP_SOURCE/bench/identities.sh" 3000; then
	echo "ok identities: loaded, and served as NSD serves them"
else
	echo "not ok identities: loaded, and served as NSD serves them"
	exit 1
fi
