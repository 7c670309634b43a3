#!/usr/bin/env bash
# edits.sh - zones changed in place, judged by others after each change; ./check --long edits makes 10,000
# needs: delv unbound-host ldns dnssec-verify
# beside: yes
# limit: 180
exec "$(dirname "$(readlink -f "$0")")/diff/edits.sh" 30 1
