#!/bin/sh
# size: flash of the binary for each board, and what it consists of (the totals of 'make size').
. "$TOP/tests/bench/lib/bench.sh"

# the most that this stage of the project may take: 0.8 MiB, and 0.65 MiB on ARMv7
limit() {
	case $1 in
	x86_64) echo 838860 ;;
	armv7) echo 681574 ;;
	*) echo - ;;
	esac
}

table "Binary size, bytes" board binary limit "own code" libraries "headers, padding" "bss (not stored)"
for arch in x86_64 aarch64 armv7; do
	out=$O/bench/$arch
	nice make -C "$TOP" -j2 O="$out" "qemu_${arch}_defconfig" all >"$out.log" 2>&1 || {
		missing "qemu_${arch}_defconfig: $(tail -n 1 "$out.log")"
		continue
	}
	"$TOP/scripts/size" "$out/cleat" "$out/cleat.map" >"$out.size"
	set -- $(awk '/together/ { print $1, $2 }' "$out.size")
	total=$(stat -c %s "$out/cleat")
	row "qemu_$arch" "$total" "$(limit "$arch")" "$1" "$3" "$((total - $1 - $3))" "$(($2 + $4))"
done
bench_end
