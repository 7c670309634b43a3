#!/usr/bin/env bash
# links.sh - symbolic links where mapd has its files: what is another file under a name of ours is neither written
# through nor taken for a database; what is read may be a link, and is judged by what it leads to.
# needs: root dig dnspython cryptography
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=links
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
refused() { # WHAT TEXT: a start ends with status 1, soon, and says it
	: >"$DIR/mapd.log"
	timeout 20 "$BUILD/mapd/mapd" -f -c "$DIR/mapd.yaml" 2>"$DIR/mapd.log"
	[ $? = 1 ] && grep -qF -- "$2" "$DIR/mapd.log"
	result $? "$1: mapd does not start, and says why" "$DIR/mapd.log"
}
administer() { /usr/bin/python3 "$SOURCE/tests/fault/update/rewrite.py" "$PORT" $REALM "$SECRET" 1; }
not_administer() { ! administer; }

realm_conf "verify-locators: no"
echo precious >"$DIR/victim"
chmod 600 "$DIR/victim"

# --- control: where a link stands no socket is made, and nothing is removed
ln -s victim "$DIR/control"
refused "a link at control:" "control: $DIR/control: File exists"
rm "$DIR/control"
ln -s nowhere "$DIR/control"
refused "a link at control: that leads nowhere" "control: $DIR/control: File exists"
same "what the links lead to is as it was" "$(cat "$DIR/victim") $(readlink "$DIR/control")" "precious nowhere"
ok "what is not there is not made" [ ! -e "$DIR/nowhere" ]
rm "$DIR/control"

# --- tsig-keys: the file that it leads to is for its owner alone
mv "$DIR/tsig" "$DIR/tsig.real"
ln -s tsig.real "$DIR/tsig"
chmod 640 "$DIR/tsig.real"
refused "a link at tsig-keys: to what others may read" "tsig-keys: $DIR/tsig: others may read or write it (mode 0640)"
rm "$DIR/tsig"
mkfifo "$DIR/pipe"
chmod 600 "$DIR/pipe"
for to in nowhere:"No such file" pipe:"no regular file" db:"no regular file"; do
	mkdir -p "$DIR/db"
	ln -s "${to%%:*}" "$DIR/tsig"
	refused "a link at tsig-keys: to ${to%%:*}" "tsig-keys: $DIR/tsig: ${to#*:}"
	rm "$DIR/tsig"
done
chmod 600 "$DIR/tsig.real"
ln -s tsig.real "$DIR/tsig"

# --- keys/: may lead to another directory, which is not for others either
rmdir "$DIR/db/keys" # which the starts so far have made
mkdir -m 755 "$DIR/elsewhere"
ln -s ../elsewhere "$DIR/db/keys"
refused "a link at keys/ to what others may read" "keys directory $DIR/db/keys: may be used by others (mode 755)"
chmod 700 "$DIR/elsewhere"
realm_must_start
realm_load
ok "a link at keys/ to what they may not: a zone is signed" [ "$(find "$DIR/elsewhere" -name 'K*.private' | wc -l)" = 1 ]
ok "a link at tsig-keys: to what they may not: an update is taken" administer
# read again at a reload, by the link's new end
printf 'key "admin." { algorithm hmac-sha256; secret "%s"; };\n' b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI= >"$DIR/tsig.other"
chmod 600 "$DIR/tsig.other"
ln -sfn tsig.other "$DIR/tsig"
ok "tsig-keys: leads elsewhere: reload" mapctl reload
ok "tsig-keys: leads elsewhere: the keys are those" not_administer
ln -sfn tsig.real "$DIR/tsig"
chmod 644 "$DIR/tsig.real"
mapctl reload >"$DIR/out" 2>&1
grep -qF "others may read or write it (mode 0644)" "$DIR/out"
result $? "tsig-keys: leads to what others may read: a reload is refused" "$DIR/out"
chmod 600 "$DIR/tsig.real"
realm_stop

# --- a key's own file
key=$(basename "$DIR"/elsewhere/K*.private)
mv "$DIR/elsewhere/$key" "$DIR/secret"
chmod 644 "$DIR/secret"
ln -s "$DIR/secret" "$DIR/elsewhere/$key"
refused "a link at a key's file to what others may read" "$key: others may read or write it (mode 0644)"
chmod 600 "$DIR/secret"
realm_must_start
same "a link at a key's file to what they may not: it signs" "$(ask www.$REALM A)" 192.0.2.3
ok "a link at a key's file to what they may not: an update is signed" administer
realm_stop

# --- data.mdb: is the one file of a directory that one mapd has
mv "$DIR/db/data.mdb" "$DIR/data"
sum=$(cksum <"$DIR/data")
ln -s ../data "$DIR/db/data.mdb"
refused "a link at data.mdb" "$DIR/db/data.mdb: is a symbolic link"
same "what it leads to is as it was" "$(cksum <"$DIR/data")" "$sum"
rm "$DIR/db/data.mdb"
ln -s ../nowhere "$DIR/db/data.mdb"
refused "a link at data.mdb that leads nowhere" "$DIR/db/data.mdb: is a symbolic link"
same "the link stays" "$(readlink "$DIR/db/data.mdb")" ../nowhere
ok "no other database is made in its place" [ ! -e "$DIR/nowhere" ]
rm "$DIR/db/data.mdb"
mv "$DIR/data" "$DIR/db/data.mdb"
for lock in lock lock.mdb; do
	rm -f "$DIR/db/$lock"
	ln -s ../victim "$DIR/db/$lock"
	refused "a link at $lock" "$DIR/db"
	rm "$DIR/db/$lock"
done
same "what they lead to is as it was" "$(cat "$DIR/victim")" precious

# --- the directory itself may have another name, which is the same database
realm_must_start
ln -s db "$DIR/name"
sed "s,^database:.*,database: $DIR/name,; s,@$PORT,@$((PORT + 1)),; s,$DIR/control,$DIR/control2," "$DIR/mapd.yaml" >"$DIR/second.yaml"
timeout 20 "$BUILD/mapd/mapd" -f -c "$DIR/second.yaml" >"$DIR/out" 2>&1
[ $? = 1 ] && grep -q "$DIR/name: in use by process $MAPD" "$DIR/out"
result $? "a directory by another name: a second mapd does not start" "$DIR/out"
realm_stop
sed -i "s,^database:.*,database: $DIR/name," "$DIR/mapd.yaml"
realm_must_start
same "a directory by another name: it is served" "$(ask www.$REALM A)" 192.0.2.3
exit $failed
