#!/usr/bin/env bash
# visible - 100,000 updates, each there for the next question after its acknowledgement
# needs: dnspython cryptography
UPDATES=100000 exec "$(dirname "$(readlink -f "$0")")/../interop/visible.sh"
