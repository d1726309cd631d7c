#!/bin/sh
# The configuration: what is refused, and that the files in configs/ are minimal.
. "$TOP/tests/lib/tap.sh"
cd "$TOP" || exit
kconfig() {
	scripts/kconfig -c "$TMP/.config" "$@"
}

for board in configs/*_defconfig; do
	kconfig defconfig "$board" && kconfig savedefconfig "$TMP/min"
	expect "$(basename "$board") is what savedefconfig writes" diff "$board" "$TMP/min"
done

printf 'CONFIG_NO_SUCH_SYMBOL=y\n' >"$TMP/bad"
expect_err 1 NO_SUCH_SYMBOL "an unknown symbol is refused" kconfig defconfig "$TMP/bad"
printf 'CONFIG_INIT=maybe\n' >"$TMP/bad"
expect_err 1 'INIT' "a value of the wrong type is refused" kconfig defconfig "$TMP/bad"
printf '# CONFIG_INIT is not set\nCONFIG_HOST=y\n' >"$TMP/bad"
expect_err 1 HOST "a symbol whose dependency is off is refused" kconfig defconfig "$TMP/bad"

# the first integer symbol with a range, one past its upper end
ranged=$(cat Kconfig src/*/Kconfig | awk '
	$1 == "config" { name = $2 }
	$1 == "range" { print name, $3 + 1; exit }')
if [ -n "$ranged" ]; then
	printf 'CONFIG_%s=%s\n' $ranged >"$TMP/bad"
	expect_err 1 "${ranged% *}" "a value out of range is refused" kconfig defconfig "$TMP/bad"
else
	skip "a value out of range is refused" "no symbol has a range yet"
fi

# every symbol can be understood without the source
missing=$(awk '
	function close_symbol() {
		if (name != "" && (!prompt || !help) && !member) print file ": " name " has no prompt or help"
		if (name != "" && number && (!range || !value)) print file ": " name " has no range or default"
	}
	FNR == 1 { close_symbol(); name = ""; member = 0 }
	$1 == "choice" { close_symbol(); name = ""; in_choice = 1 }
	$1 == "endchoice" { close_symbol(); name = ""; in_choice = 0 }
	$1 == "config" { close_symbol(); name = $2; file = FILENAME; prompt = help = number = range = value = 0; member = in_choice }
	$1 ~ /^(bool|int|string|hex)$/ && NF > 1 { prompt = 1 }
	$1 == "help" { help = 1 }
	$1 == "int" || $1 == "hex" { number = 1 }
	$1 == "range" { range = 1 }
	$1 == "default" { value = 1 }
	END { close_symbol() }' Kconfig src/*/Kconfig)
expect_equal "" "$missing" "every symbol has prompt and help, every number range and default"

if command -v kconfig-conf >/dev/null; then
	mkdir -p "$TMP/include/config" "$TMP/include/generated"
	expect "kconfig-conf reads the same files" env KCONFIG_CONFIG="$TMP/other" \
		kconfig-conf --defconfig=configs/qemu_x86_64_defconfig Kconfig
else
	skip "kconfig-conf reads the same files" "needs kconfig-frontends-nox"
fi
tap_end
