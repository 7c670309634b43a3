#!/usr/bin/env bash
# kills - 1,000 times kill -9 under a load of updates: what was acknowledged is there, signatures, serial, journal
# needs: root namespaces dig ldns dnssec-verify dnspython cryptography strace
set -u
FAULT=$(dirname "$(readlink -f "$0")")/../fault
ROUNDS=1000 "$FAULT/kill-update.sh" || exit 1
echo "# names of another zone, which are owed an edit when mapd is killed"
ROUNDS=1000 "$FAULT/owed-kill.sh" || exit 1
echo "# disks that are full, fail, are cut; a map that is full; two daemons"
"$FAULT/update-disk.sh"
