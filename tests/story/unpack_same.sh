#!/bin/sh
# timeout: 300
# The role unpacks what GNU tar and Python pack to the tree that GNU tar unpacks: names, types, owners, modes,
# times, devices, hard links, holes, attributes and content; both digests are those of sha256sum.
. "$TOP/tests/lib/tap.sh"
need_root
need python3 gzip zstd getfattr setcap

client=$O/tests/tool/unpack_client

ignore=
# GNU tar does not keep the time of a directory that comes late or is not followed by all it holds
ignore_dir_times='s/^\(.* d [0-7]* [0-9]* [0-9]*\) [0-9.-]* /\1 /'

list() { # everything that can be seen of a tree
	(
		cd "$1" || exit
		find . -printf '%p %y %m %U %G %s %T@ %n %l\n' | sed 's/^\(.* d [0-7]* [0-9]* [0-9]*\) [0-9]* /\1 /'
		find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} +
		getfattr -R -h -d -m 'user|security.capa' . 2>/dev/null
		find . -type f -exec sha256sum {} +
	) | LC_ALL=C sort | sed "$ignore"
}

compare() { # name file compression
	rm -rf ours theirs
	mkdir ours theirs
	tar -C theirs --xattrs --xattrs-include='user.*' --xattrs-include=security.capability -xpf "$2" 2>tar.txt || { fail "$1" "$(cat tar.txt)"; return; }
	out=$("$client" "$2" "$3" ours 2>&1) || { fail "$1" "$out"; return; }
	list ours >ours.list
	list theirs >theirs.list
	diff ours.list theirs.list >diff.txt || { fail "$1" "$(head -n 20 diff.txt)"; return; }
	blob=$(sha256sum <"$2" | cut -d' ' -f1)
	diff_id=$(case $3 in gzip) gzip -dc ;; zstd) zstd -dc ;; *) cat ;; esac <"$2" | sha256sum | cut -d' ' -f1)
	case $out in
	*"done sha256:$blob sha256:$diff_id "*) ok "$1" ;;
	*) fail "$1" "digests" "$out" ;;
	esac
}

# one of everything
mkdir -p tree/a/b/c tree/own tree/sticky 'tree/n\303\244me'
cd tree || exit
python3 - <<'PY' || exit
import os
os.makedirs(b"n\xff-no-utf8")
open("nfd-e\u0301", "w").write("decomposed")
open("nfc-\u00e9", "w").write("composed")
long = "long" * 50
os.makedirs(f"{long}/{long}")
open(f"{long}/{long}/{long}", "w").write(long)
os.symlink(f"{long}/{long}/{long}", f"{long}/ln")
os.makedirs("deep/" * 60)
with open("holes", "wb") as f:
    for i in range(0, 60, 2):
        f.seek(i << 18)
        f.write(b"data%d" % i)
    f.truncate(61 << 18)
with open("holes-only", "wb") as f:
    f.truncate(1 << 20)
open("random", "wb").write(os.urandom(300001))
os.setxattr("random", "user.big", os.urandom(2000))
os.setxattr("random", "user.text", b"x")
os.setxattr("own", "user.directory", b"d")
PY
echo program >a/b/program
ln a/b/program a/hard
ln -s ../x a/dangling
ln -s b a/link-to-dir
ln a/dangling hard-to-symlink
mkfifo a/fifo
mknod a/char c 1 3
mknod a/block b 7 300
: >empty
cp a/b/program cap
chown 3000000:4000000 cap
chmod 6755 cap
setcap cap_net_raw+ep cap
chown -h 5:6 a/dangling
chown 12:34 own
chmod 2775 own
echo inherits >own/f
mkdir own/d
chmod 1777 sticky
chmod 0 a/b/c
chmod 4711 a/b/program
touch -d '2001-02-03 04:05:06.123456789' a/b/program a/b a empty
touch -h -d 2010-01-01 a/dangling
touch -d 1960-01-01 sticky
cd ..

xattrs="--xattrs --xattrs-include=*"
tar_quiet() {
	tar "$@" 2>tar.txt || { dump tar.txt; false; }
}

for format in pax gnu; do
	tar_quiet --format=$format $xattrs -C tree -cf all.tar . && compare "everything, $format" all.tar tar
	tar_quiet --format=$format -S $xattrs -C tree -cf all.tar . && compare "everything with holes, $format" all.tar tar
done
for version in 0.0 0.1; do
	tar_quiet --format=pax -S --sparse-version=$version $xattrs -C tree -cf all.tar . &&
		compare "holes of sparse format $version" all.tar tar
done
ignore=$ignore_dir_times
tar_quiet --format=ustar -C tree -cf all.tar a own empty && compare "ustar" all.tar tar
tar_quiet --format=v7 -C tree --exclude=a/fifo --exclude=a/char --exclude=a/block -cf all.tar a own empty &&
	compare "v7" all.tar tar
tar_quiet --format=pax --no-recursion -C tree -cf all.tar a/b/program own/f own cap &&
	compare "directories that the archive does not have or has late" all.tar tar
ignore=
python3 -c 'import tarfile, sys
t = tarfile.open("all.tar", "w", format=tarfile.PAX_FORMAT); t.add("tree", "."); t.close()' &&
	compare "everything, Python" all.tar tar

tar_quiet --format=pax $xattrs -C tree -cf all.tar .
gzip -k all.tar && compare "gzip" all.tar.gz gzip
{ head -c 700000 all.tar | gzip -1; tail -c +700001 all.tar | gzip -9; } >members.gz &&
	compare "gzip with two members" members.gz gzip
zstd -q -19 all.tar -o all.tar.zst && compare "zstd" all.tar.zst zstd
{ head -c 700000 all.tar | zstd -q; tail -c +700001 all.tar | zstd -q --fast; } >frames.zst &&
	compare "zstd with two frames" frames.zst zstd

# what real packages look like
if command -v dpkg >/dev/null; then
	dpkg -L coreutils bash perl-base tzdata libc-bin 2>/dev/null | grep '^/' | sed 's,^/\(s*bin\|lib[0-9]*\)/,/usr/&,;s,//,/,' |
		LC_ALL=C sort -u >files
	tar_quiet --format=pax --no-recursion -P -cf packages.tar -T files 2>/dev/null
	ignore=$ignore_dir_times
	gzip packages.tar && compare "files of Debian packages" packages.tar.gz gzip
	ignore=
else
	skip "files of Debian packages" "no dpkg"
fi

# overlayfs form of whiteouts
mkdir -p w/dir w/gone
touch w/.wh.file w/dir/.wh..wh..opq w/dir/new w/.wh.again w/gone/kept
tar -C w --sort=name -cf w.tar .
mkdir -p w2/again/below
touch w2/.wh.gone
tar -C w2 -rf w.tar ./.wh.gone
tar -C w2 -rf w.tar ./again/below
mkdir whiteouts
expect_out 'opaque dir$' "the opaque mark is reported" "$client" w.tar tar whiteouts
for d in dir gone again; do
	expect_equal y "$(getfattr -h --only-values -n trusted.overlay.opaque whiteouts/$d 2>&1)" "$d hides what is below it"
done
expect_equal "0:0 0:0" "$(stat -c %t:%T whiteouts/file) $(stat -c %t:%T whiteouts/file)" "a whiteout is device 0:0"

# a full disk, in bytes and in files
mkdir full
mount -t tmpfs -o size=4m,nr_inodes=40 tmpfs full || exit
at_exit 'umount full'
mkdir full/root
expect_err 1 'error 28 entry .*: no space left \([0-9]+ of 4 MiB and' "no space for bytes" "$client" packages.tar.gz gzip full/root
rm -rf full/root
mkdir full/root
expect_err 1 'error 28 entry .* 0 inodes are free' "no space for files" "$client" all.tar tar full/root
tap_end
