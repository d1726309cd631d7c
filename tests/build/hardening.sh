#!/bin/sh
# What the linker was asked for is in the binary.
. "$TOP/tests/lib/tap.sh"
need readelf
has() {
	expect_out "$1" "$2" readelf -W -h -l -d "$CLEAT"
}
lacks() {
	tap_run readelf -W -h -l -d "$CLEAT"
	if printf '%s\n' "$tap_out" | grep -qE "$1"; then
		fail "$2" "$(printf '%s\n' "$tap_out" | grep -E "$1")"
	else
		ok "$2"
	fi
}
has 'Type: +DYN' "position independent"
lacks 'INTERP' "static"
has 'GNU_RELRO' "relocated data is read-only"
if [ "$ARCH" = "$(uname -m)" ]; then # and not only marked so: nobody but the program itself does it
	(sleep 3 | exec "$CLEAT" oci update --resources - nobody >/dev/null 2>&1) &
	at_exit "wait $!"
	sealed() {
		for maps in /proc/[0-9]*/exe; do
			[ "$(readlink "$maps")" = "$(readlink -f "$CLEAT")" ] || continue
			awk -v f="$(readlink -f "$CLEAT")" '$6 == f { n++; last[$2]++ } END { exit !(n == 5 && last["r--p"] == 3) }' "${maps%exe}maps" && return
		done
		return 1
	}
	expect "it is so in a process" wait_for 2 sealed
fi
has 'BIND_NOW|FLAGS_1.*NOW' "bound at start"
has 'GNU_STACK.* RW ' "the stack is not executable"
lacks 'LOAD.* RWE ' "no segment is writable and executable"
[ "$ARCH" = riscv64 ] || lacks 'TEXTREL' "no relocation in code"
lacks 'NEEDED' "needs no library"
expect_out ' section headers|There are no section' "stripped" sh -c "readelf -S '$CLEAT'; ! readelf -S '$CLEAT' | grep -q debug_info"
tap_end
