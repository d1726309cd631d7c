#!/bin/sh
# Files that 'make format' would change. Told, not failed.
# timeout: 120
. "$TOP/tests/lib/tap.sh"
need clang-format-14
cd "$TOP" || exit
find src tests -name '*.[ch]' ! -path 'src/package/*' -print0 |
	xargs -0 -n 20 clang-format-14 --dry-run 2>&1 |
	sed -n 's/^\([^:]*\):[0-9]*:.*Wclang-format-violations.*/\1/p' | sort | uniq -c >"$TMP/files"
[ -s "$TMP/files" ] && echo "# note: $(wc -l <"$TMP/files") files differ from .clang-format ('make format')"
ok "formatter has run"
tap_end
