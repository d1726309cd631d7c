#!/bin/sh
# Each board of configs/ builds with one command; its unit tests run, emulated where need be.
# timeout: 1500
. "$TOP/tests/lib/tap.sh"
for board in "$TOP"/configs/*_defconfig; do
	name=$(basename "$board")
	expect "$name builds" nice make -C "$TOP" -j2 O="$TMP/$name" "$name" all || continue
	echo "# note: $name: $(stat -c %s "$TMP/$name/cleat") bytes"
	grep -qs "CONFIG_$(echo "$ARCH" | tr a-z A-Z)=y" "$TMP/$name/.config" && continue
	expect "$name passes its unit tests" nice make -C "$TOP" -j2 O="$TMP/$name" unit
	printf '%s\n' "$tap_out" | grep '^[0-9]* passed' | sed "s/^/# note: $name: unit tests: /"
done
tap_end
