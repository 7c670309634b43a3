#!/bin/sh
# clean-root.sh - quickstart in the smallest Debian 12 there is
# needs: root namespaces mptcp debootstrap
start=$(date +%s)
if tests/clean-root ./quickstart; then
	echo "ok quickstart in a clean root, $(($(date +%s) - start)) s with packages"
else
	echo "not ok quickstart in a clean root"
	exit 1
fi
