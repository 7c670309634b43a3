#!/usr/bin/env bash
# install.sh - what "make install" puts where, whether systemd takes the units, whether man takes the
# pages, and whether the sample configurations are right as they stand and with every key in use.
# limit: 200
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/install.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
DEST=$WORK/dest

ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$WORK/out" 2>&1; then echo "ok install: $what"; else echo "not ok install: $what"; sed 's/^/    | /' "$WORK/out"; fi
}
is_silent() { [ -z "$("$@" 2>&1 | tee /dev/stderr)" ]; }
value_of() { sed -n "s/^$1 = //p" "$BUILD/Makefile" | head -n 1; }
prefix=$(value_of prefix)
expanded() { value_of "$1" | sed "s,\${exec_prefix},$prefix,; s,\${prefix},$prefix,"; }

ok "make install with DESTDIR" make -s -C "$BUILD" install DESTDIR="$DEST"
for file in bin/mapdig bin/mapctl sbin/mapd sbin/resolverd lib/systemd/system/mapd.service \
	lib/systemd/system/resolverd.service lib/sysusers.d/eidmap.conf lib/tmpfiles.d/eidmap.conf \
	share/man/man1/mapdig.1 share/man/man1/mapctl.1 share/man/man8/mapd.8 share/man/man8/resolverd.8 \
	share/man/man5/mapd.yaml.5 share/man/man5/resolverd.yaml.5 share/man/man5/realms.yaml.5; do
	ok "$file" test -s "$DEST$prefix/$file"
done
ok "nothing into folders of configuration and state" \
	test ! -e "$DEST$(expanded sysconfdir)" -a ! -e "$DEST/var" -a ! -e "$DEST/run"
ok "no place left open" is_silent grep -rIn '@[a-z]*dir@' "$DEST$prefix/lib/systemd" \
	"$DEST$prefix/lib/sysusers.d" "$DEST$prefix/lib/tmpfiles.d" "$DEST$prefix/share/man"
"$DEST$prefix/bin/mapdig" -V >"$WORK/version"
ok "what is installed runs" grep -q '^mapdig [0-9]' "$WORK/version"

if command -v systemd-analyze >/dev/null; then
	# systemd looks for the programs too: those of DESTDIR.
	mkdir "$WORK/units"
	for unit in mapd resolverd; do
		sed "s,=$prefix/,=$DEST$prefix/," "$DEST$prefix/lib/systemd/system/$unit.service" >"$WORK/units/$unit.service"
	done
	ok "systemd-analyze verify" is_silent systemd-analyze verify --man=no "$WORK/units/mapd.service" "$WORK/units/resolverd.service"
	if command -v systemd-sysusers >/dev/null; then
		mkdir -p "$WORK/root/etc"
		ok "systemd-sysusers takes the users" systemd-sysusers --root="$WORK/root" "$DEST$prefix/lib/sysusers.d/eidmap.conf"
		ok "both users are made" test "$(grep -cE '^(mapd|resolverd):' "$WORK/root/etc/passwd")" = 2
	fi
else
	echo "skip install: units: systemd-analyze"
fi
command -v mandoc >/dev/null || echo "skip install: man pages: mandoc"
for page in "$DEST$prefix"/share/man/man*/*; do
	target=$(sed -n '1s/^\.so //p' "$page") # a page that only leads to another one
	if [ -n "$target" ]; then
		ok "man page ${page##*/} leads somewhere" test -s "$DEST$prefix/share/man/$target"
	elif command -v mandoc >/dev/null; then
		ok "man page ${page##*/}" is_silent mandoc -T lint -W warning "$page"
	fi
done

# Sample configurations: "#key" is a setting that is not used, "# text" is a comment.
samples=$DEST$(expanded docdir | sed "s,\${datarootdir},$prefix/share,; s,\${PACKAGE_TARNAME},eidmap,")/examples
[ -d "$samples" ] || samples=$SOURCE/doc/examples
sed -E 's/^#([a-z0-9]|  )/\1/' "$samples/realms.yaml" >"$WORK/realms.yaml"
printf 'key "admin" { algorithm hmac-sha256; secret "MDEyMzQ1Njc4OWFiY2RlZg=="; };\n' >"$WORK/tsig.keys"
chmod 600 "$WORK/tsig.keys"
for daemon in mapd resolverd; do
	ok "$daemon.yaml as it stands" "$DEST$prefix/sbin/$daemon" --check -c "$samples/$daemon.yaml"
	# its user, directories and files are those of a machine that it is installed on: here are others
	sed -E "s/^#([a-z0-9]|  )/\1/; s/^user: .*/user: root/; s,/var/lib/eidmap,$WORK/db,; s,^realms: .*,realms: $WORK/realms.yaml,; s,^tsig-keys: .*,tsig-keys: $WORK/tsig.keys," \
		"$samples/$daemon.yaml" | grep -v '^trust-anchors:' >"$WORK/$daemon.yaml"
	ok "$daemon.yaml with every key in use" "$DEST$prefix/sbin/$daemon" --check -c "$WORK/$daemon.yaml"
	sed 's/^log: info/log: loud/' "$WORK/$daemon.yaml" >"$WORK/$daemon-wrong.yaml"
	"$DEST$prefix/sbin/$daemon" --check -c "$WORK/$daemon-wrong.yaml" >"$WORK/wrong" 2>&1
	[ $? = 1 ] || echo "not ok install: $daemon --check refuses a wrong key"
	line=$(grep -n '^log:' "$WORK/$daemon-wrong.yaml" | cut -d: -f1)
	ok "$daemon says file, line, key and what is expected" grep -q "$daemon-wrong.yaml:$line: log: .*expected" "$WORK/wrong"
done
ok "realms.yaml with its line in use" sh -c "echo 'realms: $WORK/realms.yaml' >'$WORK/r.yaml' && '$DEST$prefix/sbin/resolverd' --check -c '$WORK/r.yaml'"
