#!/bin/sh
# the part of the demo's page that is made anew for each request
up=$(sed 's/\..*//' /proc/uptime)
from=$(echo "$REMOTE_ADDR" | sed "s/^\[*::ffff://; s/\]$//")
printf 'Content-Type: text/plain\r\nCache-Control: no-store\r\n\r\n'
if [ "${QUERY_STRING:-}" = text ]; then
	echo "web $(hostname) answers $from after $up s"
	exit 0
fi
echo "container   $(hostname)"
echo "runs as     $(id)"
echo "you are     $from"
echo "machine up  $up s, Linux $(cat /proc/sys/kernel/osrelease)"
echo
echo "processes of this container:"
ps
echo
echo "rights:"
sed -n 's/^\(CapEff\|CapBnd\|NoNewPrivs\|Seccomp\):/  \1/p' /proc/self/status
