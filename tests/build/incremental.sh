#!/bin/sh
# Rebuilds do what is needed, and nothing else.
# timeout: 600
. "$TOP/tests/lib/tap.sh"
src=$TMP/src
mkdir -p "$src" || exit
tar c -C "$TOP" --exclude=./.git --exclude=./build --exclude=./dl . | tar x -C "$src" || exit
mkdir -p "$src/build" && cp "$O/.config" "$src/build/"
build() {
	nice make -C "$src" -j2 O=build "$@"
}
compiled() {
	printf '%s\n' "$tap_out" | sed -n 's/^ *CC *//p' | sort | tr '\n' ' '
}

expect "builds" build all || exit
expect "builds again" build all
expect_equal "" "$(printf '%s\n' "$tap_out" | grep '^  ')" "nothing is done when nothing has changed"

touch "$src/src/main.c"
tap_run build all
expect_equal "build/src/main.o " "$(compiled)" "a changed source alone is compiled"

users=$(grep -l kconfig.h "$src"/build/src/*/*.d "$src"/build/src/*.d 2>/dev/null | wc -l)
touch "$src/src/base/kconfig.h"
tap_run build all
expect_equal "$users" "$(compiled | wc -w)" "a changed header: exactly its users ($users) are compiled"

sed -i 's/^CONFIG_VENDOR=.*/CONFIG_VENDOR="-test"/' "$src/build/.config"
tap_run build all
expect "a changed symbol reaches the binary" grep -q -e -test "$src/build/cleat"

echo '#include "base/no_such_header.h"' >"$src/src/base/broken.c"
echo 'obj-y += broken.o' >>"$src/src/base/Kbuild"
expect_err 2 no_such_header "a new file in a Kbuild fragment is compiled" build all
expect_out 'linux-gnu[a-z]*-gcc .* -c -o build/src/main.o' "V=1 shows commands" sh -c "
	rm '$src/src/base/broken.c'; sed -i '/broken/d' '$src/src/base/Kbuild'; touch '$src/src/main.c'
	make -C '$src' O=build V=1 all"
tap_end
