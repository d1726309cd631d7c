#!/bin/sh
# The source names neither the folder it happens to lie in nor the mirror that this machine uses.
. "$TOP/tests/lib/tap.sh"
cd "$TOP" || exit

search() {
	find . \( -path ./.git -o -path ./build -o -path ./dl -o -path "$O" \) -prune -o -type f -print0 |
		xargs -0 grep -nIF -e "$1" | head -20
}

above=$(dirname "$TOP")
case $above in
/ | /home | /root | /tmp | /usr | /opt | /src) ok "no path of this machine" ;;
*)	found=$(search "$above/")
	if [ -n "$found" ]; then fail "no path of this machine" "$found"; else ok "no path of this machine"; fi ;;
esac

hosts=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	sed -n 's|.*://\([A-Za-z0-9.-]*\).*|\1|p' | grep -F . | sort -u)
found=
for host in $hosts; do
	found="$found$(search "$host")"
done
if [ -n "$found" ]; then fail "no package mirror by name" "$found"; else ok "no package mirror by name"; fi
tap_end
