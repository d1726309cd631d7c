#!/bin/sh
# timeout: 60
# A layer's archive is made again from its tree, bit for bit: every dialect of tar, sparse files, links; and by name
# where that cannot be.
. "$TOP/tests/lib/tap.sh"
need_root
need tar gzip
client=$O/tests/tool/unpack_client

mkdir s s/dir
truncate -s 5M s/sparse
printf x | dd of=s/sparse bs=1 seek=3000000 conv=notrunc 2>/dev/null
head -c 700000 /dev/urandom >s/noise
ln s/noise s/link
ln -s noise s/symbolic
: >s/empty
mkfifo s/pipe
long=$(printf 'n%.0s' $(seq 1 150))
echo long >"s/dir/$long"
for i in $(seq 1 200); do echo "$i" >"s/dir/$i"; done

same() { # NAME ARCHIVE tar|gzip [OPTION]
	rm -rf tree && mkdir tree
	expect_out '^joined same ' "$1" env UNPACK_JOIN=1 "$client" ${4:-} "$2" "$3" tree
}
for format in gnu pax ustar v7; do
	case $format in ustar | v7) tar --format=$format -cf l.tar s --exclude "$long" ;; *) tar --format=$format -cf l.tar s ;; esac
	same "$format" l.tar tar
done
for format in "gnu -S" "pax -S" "pax -S --sparse-version=0.0" "pax -S --sparse-version=0.1"; do
	tar --format=$format -cf l.tar s
	same "$format" l.tar tar
	same "$format, unconfined" l.tar tar --unconfined
done
tar --xattrs --format=pax -b 1 -cf l.tar s
same "small records" l.tar tar
gzip -kf l.tar
same "gzip" l.tar.gz gzip
head -c 5000 /dev/zero >>l.tar
same "rubbish of zeros behind the end" l.tar tar
: >none && tar -cf l.tar -T none
same "an empty archive" l.tar tar
mkdir -p w && echo content that nobody keeps >w/.wh..wh.plnk && tar -cf l.tar w
same "content that the tree does not have" l.tar tar
head -c 9000000 /dev/urandom >w/.wh..wh.plnk && tar -cf l.tar w
rm -rf tree && mkdir tree
expect_out '^joined-failed .*cannot be packed' "too much of it" env UNPACK_JOIN=1 "$client" l.tar tar tree
tar -cf l.tar s && tar -rf l.tar s/noise
rm -rf tree && mkdir tree
expect_out '^joined-failed .*file twice' "a file that is there twice" env UNPACK_JOIN=1 "$client" l.tar tar tree
tap_end
