# images.sh - root file systems made of Debian packages, for suites that would download theirs. Sourced.
#
#	image_busybox TAR	a busybox with a link for each applet, accounts, the usual folders
#	image_debian TAR	a small Debian with coreutils, util-linux and bash; not compressed

image_debs() {
	"$TOP/tests/vm/lib/debian" deb "${ARCH:-x86_64}" "$@"
}

image_pack() {
	mkdir -p "$1/dev" "$1/etc" "$1/home" "$1/root" "$1/tmp" "$1/var"
	chmod 1777 "$1/tmp"
	chmod 700 "$1/root"
	tar c -f "$2" --owner=0 --group=0 -C "$1" .
	rm -rf "$1"
}

image_busybox() {
	image_dir=$WORK/busybox
	image_deb=$(image_debs busybox-static)
	mkdir -p "$image_dir/deb" "$image_dir/root/bin" "$image_dir/root/usr/sbin" "$image_dir/root/etc"
	dpkg -x "$image_deb" "$image_dir/deb"
	cp "$(find "$image_dir/deb" -type f -path '*bin/busybox')" "$image_dir/root/bin/busybox"
	for image_applet in $("$image_dir/root/bin/busybox" --list); do
		[ -e "$image_dir/root/bin/$image_applet" ] || ln "$image_dir/root/bin/busybox" "$image_dir/root/bin/$image_applet"
	done
	image_accounts "$image_dir/root"
	image_pack "$image_dir/root" "$1"
	rm -rf "$image_dir"
}

image_accounts() {
	cat >"$1/etc/passwd" <<-'END'
		root:x:0:0:root:/root:/bin/sh
		daemon:x:1:1:daemon:/usr/sbin:/bin/false
		www-data:x:33:33:www-data:/var/www:/bin/false
		nobody:x:65534:65534:nobody:/home:/bin/false
	END
	cat >"$1/etc/group" <<-'END'
		root:x:0:
		daemon:x:1:
		tty:x:5:
		users:x:100:
		www-data:x:33:
		nogroup:x:65534:
	END
}

image_debian() {
	image_dir=$WORK/debian
	mkdir -p "$image_dir/etc"
	for image_d in bin sbin lib lib64; do # packages of today have these below /usr only
		mkdir -p "$image_dir/usr/$image_d"
		ln -s "usr/$image_d" "$image_dir/$image_d"
	done
	for image_deb in $(image_debs base-files bash coreutils libc-bin dash findutils gawk grep sed hostname procps \
		util-linux util-linux-extra mount libacl1 libattr1 libblkid1 libc6 libcap-ng0 libcap2 libcrypt1 libgcc-s1 \
		libgmp10 libmount1 libmpfr6 libpcre2-8-0 libproc2-0 libreadline8 libselinux1 libsigsegv2 libsmartcols1 \
		libsystemd0 libtinfo6 libudev1 libuuid1 zlib1g); do
		dpkg-deb --fsys-tarfile "$image_deb" | tar x --keep-directory-symlink -C "$image_dir"
	done
	[ -e "$image_dir/bin/sh" ] || ln -s dash "$image_dir/bin/sh"
	rm -rf "$image_dir/usr/share"
	image_accounts "$image_dir"
	image_pack "$image_dir" "$1"
}
