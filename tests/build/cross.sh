#!/bin/sh
# Each board of configs/ builds with one command and is not larger than configs/size.limits says; its unit
# tests run, emulated where need be.
# timeout: 1500
. "$TOP/tests/lib/tap.sh"
for board in "$TOP"/configs/*_defconfig; do
	name=$(basename "$board")
	expect "$name builds" nice make -C "$TOP" -j2 O="$TMP/$name" "$name" all || continue
	bytes=$(stat -c %s "$TMP/$name/cleat")
	echo "# note: $name: $bytes bytes"
	limit=$(awk -v board="${name%_defconfig}" '$1 == board { print $2 }' "$TOP/configs/size.limits")
	[ -z "$limit" ] || expect "$name is not larger than $limit bytes" test "$bytes" -le "$limit"
	grep -qs "CONFIG_$(echo "$ARCH" | tr a-z A-Z)=y" "$TMP/$name/.config" && continue
	expect "$name passes its unit tests" nice make -C "$TOP" -j2 O="$TMP/$name" unit
	printf '%s\n' "$tap_out" | grep '^[0-9]* passed' | sed "s/^/# note: $name: unit tests: /"
done
tap_end
