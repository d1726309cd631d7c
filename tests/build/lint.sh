#!/bin/sh
# The lint finds what it is there for: each rule is broken once in a copy.
. "$TOP/tests/lib/tap.sh"
copy=$TMP/copy
mkdir -p "$copy/src/wire" "$copy/src/store" "$copy/src/sys" "$copy/tests" || exit
cp -a "$TOP/tests/lint" "$TOP/tests/lib" "$copy/tests/"
cp "$TOP/.clang-format" "$copy/"
cd "$copy" || exit
export TOP="$copy"

# finds CHECK REGEX FILE NAME, the text on stdin
finds() {
	cat >"$3"
	expect_err 1 "$2" "$4" python3 "tests/lint/$1.py"
	rm "$3"
}
passes() {
	cat >"$2"
	expect "$3" python3 "tests/lint/$1.py"
	rm "$2"
}

finds layers 'src/wire/a.c:2: wire may not include sys/fd.h' src/wire/a.c "an include upwards" <<'END'
/* #include "engine/x.h" in a comment is none */
#include "sys/fd.h"
END
finds layers 'store may not include unpack/' src/store/a.h "a part that includes a part" <<'END'
#include "unpack/unpack.h"
END
finds layers 'write the path' src/store/a.c "an include without its folder" <<'END'
#include "layout.h"
END
finds calls 'src/store/a.c:3: open\(\)' src/store/a.c "a system call outside sys/" <<'END'
int f(void)
{
	return open("x", 0);
}
END
finds calls 'atoi\(\)' src/sys/a.c "a call that is banned everywhere" <<'END'
int n = atoi(s);
END
passes calls src/sys/a.c "a system call in sys/" <<'END'
int fd = open("x", 0);
END
passes calls src/store/a.c "a member, a comment, a string and a longer name" <<'END'
/* open(x) */
int store_open(struct ops *o) { return o->open("open(", o.close(1)); }
END
finds text 'src/store/a.c:1: #if CONFIG_' src/store/a.c "a conditional in a .c file" <<'END'
#if CONFIG_DNS
#endif
END
finds text 'does not start with #pragma once' src/store/a.h "a header without its guard" <<'END'
int x;
END
printf 'int  x;\n' >src/store/a.c
expect_err 1 'got: +src/store/a.c' "a file that 'make format' would change" tests/lint/format.sh
printf 'int x;\n' >src/store/a.c
expect "one that it would not" tests/lint/format.sh
rm src/store/a.c
mark=$(printf 'FIX%s' ME)
echo "/* $mark later */" | finds text "$mark later" src/store/a.c "a mark of unfinished work"
tap_end
