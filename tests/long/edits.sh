#!/usr/bin/env bash
# edits - 10,000 changes of two zones, judged by ldns, BIND and Unbound after each
# needs: delv unbound-host ldns dnssec-verify
exec "$(dirname "$(readlink -f "$0")")/../interop/diff/edits.sh" 5000 "${SEED:-1}"
