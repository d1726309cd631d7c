#!/bin/sh
# size: flash of the binary for each board, and what it consists of.
. "$TOP/tests/bench/lib/bench.sh"

# sections BINARY NAME...: bytes of these sections together
sections() {
	binary=$1
	shift
	readelf -SW "$binary" | sed 's/^ *\[ *[0-9]*\] *//' | awk -v names=" $* " '
		index(names, " " $1 " ") { cmd = "printf %d 0x" $5; cmd | getline n; close(cmd); sum += n }
		END { print sum + 0 }'
}

table "Binary size, bytes" board binary limit code constants "initialised data" "bss (not stored)"
for arch in x86_64 aarch64 armv7; do
	out=$O/bench/$arch
	nice make -C "$TOP" -j2 O="$out" "qemu_${arch}_defconfig" all >"$out.log" 2>&1 || {
		missing "qemu_${arch}_defconfig: $(tail -n 1 "$out.log")"
		continue
	}
	limit=$(awk -v board="qemu_$arch" '$1 == board { print $2 }' "$TOP/configs/size.limits")
	row "qemu_$arch" "$(stat -c %s "$out/cleat")" "${limit:--}" "$(sections "$out/cleat" .text .init .fini .plt)" \
		"$(sections "$out/cleat" .rodata .eh_frame .ARM.exidx .ARM.extab)" \
		"$(sections "$out/cleat" .data .data.rel.ro .got .init_array .fini_array)" "$(sections "$out/cleat" .bss)"
done

# link-time optimisation mixes them; without it the linker's map tells
table "What it consists of, built for $ARCH without CONFIG_LTO" "" bytes "bss (not stored)"
(cd "$TOP" && scripts/size "$O/cleat" "$O/cleat.map") >"$TMP/size"
awk -v OFS='\t' '/together/ { print n++ ? "libraries" : "own code", $1, $2 }
	/headers/ { print "headers, relocations, padding", $1, "-" }
	/whole file/ { print "together", $1, "-" }' "$TMP/size" | rows
bench_end
