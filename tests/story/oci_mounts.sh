#!/bin/sh
# timeout: 120
# Every option of a mount, idmapped mounts, sources and destinations of all kinds, what may not be covered.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

chmod 755 "$TMP"
bundle b
mkdir -p b/rootfs/m data/sub host
echo data >data/file
maps='"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'
base=$namespaces

mount_json() { # DESTINATION TYPE SOURCE OPTION...
	json="{\"destination\":\"$1\",\"type\":\"$2\",\"source\":\"$3\",\"options\":["
	shift 3
	sep=
	for o; do
		json="$json$sep\"$o\""
		sep=,
	done
	echo ",$json]}"
}
run() {
	config b
	container_name
	out=$(oci run --bundle b "$id" 2>&1)
	rc=$?
}
has() { # NAME WORD...: words in the options of /m
	name=$1
	shift
	line=$(echo "$out" | grep ' /m ' | tail -1 | tr ' ' ',')
	for w; do
		case $w in
		!*) case ",$line," in *",${w#!},"*) fail "$name" "has ${w#!}: $line"; return ;; esac ;;
		*) case ",$line," in *",$w,"*) ;; *) fail "$name" "lacks $w: $line" "$out"; return ;; esac ;;
		esac
	done
	ok "$name"
}
sh_args 'cat /proc/self/mountinfo'

# file systems
mounts_more=$(mount_json /m tmpfs tmpfs nosuid nodev noexec noatime nodiratime ro sync dirsync size=4k nr_inodes=5 mode=700)
run
has "tmpfs: ro nosuid nodev noexec noatime nodiratime size" ro nosuid nodev noexec noatime nodiratime size=4k nr_inodes=5 mode=700
mounts_more=$(mount_json /m tmpfs tmpfs ro nosuid nodev noexec noatime rw suid dev exec atime async)
run
has "the last one of a pair counts" rw !ro !nosuid !nodev !noexec !noatime
mounts_more=$(mount_json /m tmpfs tmpfs defaults strictatime nosymfollow silent loud nomand nolazytime norelatime)
run
has "strictatime nosymfollow and those without a trace" rw nosymfollow !relatime
mounts_more=$(mount_json /m tmpfs tmpfs shared)
run
echo "$out" | grep -q ' /m .* shared:' && ok "a shared tmpfs" || fail "a shared tmpfs" "$out"
mounts_more=$(mount_json /m tmpfs tmpfs unbindable)
run
echo "$out" | grep -q ' /m .* unbindable' && ok "an unbindable tmpfs" || fail "an unbindable tmpfs" "$out"
mounts_more=$(mount_json /m tmpfs tmpfs size=4k)$(mount_json /m tmpfs tmpfs remount ro nosuid size=8k)
run
has "remount: other options of the file system" ro nosuid size=8k
chmod 0710 b/rootfs/m
mounts_more=$(mount_json /m tmpfs tmpfs nosuid)
run
has "a tmpfs has the mode of what it covers" mode=710
chmod 0755 b/rootfs/m

# binds
mounts_more=$(mount_json /m bind "$TMP/data" bind ro nosuid nodev noexec noatime)
run
has "bind: ro nosuid nodev noexec noatime" ro nosuid nodev noexec noatime
mounts_more=$(mount_json /m none ../data rbind relatime rslave nosymfollow)
run
has "a source relative to the bundle" rw relatime nosymfollow
mount -t tmpfs -o nosuid,nodev,noatime host "$TMP/host"
mkdir -p host/deep
mount -t tmpfs deep "$TMP/host/deep"
at_exit "umount '$TMP/host/deep' '$TMP/host' 2>/dev/null"
mounts_more=$(mount_json /m bind "$TMP/host" bind ro)
run
has "who names an option sets them all, as mount(8), but the access time" ro !nosuid !nodev noatime
mounts_more=$(mount_json /m bind "$TMP/host" bind nodiratime)
run
has "who names an access time sets that as a whole" nodiratime relatime !noatime
mounts_more=$(mount_json /m bind "$TMP/host" bind atime diratime norelatime nostrictatime)
run
has "not who only clears it" noatime !relatime !nosuid
mounts_more=$(mount_json /m bind "$TMP/host" bind rprivate)
run
has "who names none keeps all" nosuid nodev noatime
mounts_more=$(mount_json "$TMP/b/rootfs/m" bind "$TMP/host" bind)
run
has "a destination that is the host's path of a place in the root" nosuid
mounts_more=$(mount_json /m bind "$TMP/host" bind dev suid relatime)
run
has "all of them cleared by name" !nosuid !nodev relatime !noatime
mounts_more=$(mount_json /m bind "$TMP/host" bind)$(mount_json /m bind "$TMP/host" bind remount ro)
run
has "remount of a bind" ro !nosuid
expect_equal 1 "$(echo "$out" | grep -c ' /m ')" "covers nothing"
mounts_more=$(mount_json /m bind "$TMP/host" rbind ro)
run
has "rbind and ro: the top" ro
echo "$out" | grep ' /m/deep ' | grep -q ' rw' && ok "not what is below" || fail "not what is below" "$out"
mounts_more=$(mount_json /m bind "$TMP/host" rbind rro rnosuid rnodev rnoexec rnodiratime rnoatime rnosymfollow)
run
has "the recursive ones: the top" ro nosuid nodev noexec nodiratime noatime nosymfollow
expect_equal 1 "$(echo "$out" | grep ' /m/deep ' | grep -c ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow)" "and below" || tap_diag "$out"
mounts_more=$(mount_json /m bind "$TMP/host" rbind rrw rsuid rdev rexec rdiratime rrelatime rnorelatime rsymfollow)
run
has "and their opposites" rw !nosuid !nodev relatime
mounts_more=$(mount_json /m bind "$TMP/host" rbind rstrictatime)
run
has "rstrictatime" !relatime !noatime
mounts_more=$(mount_json /m bind "$TMP/host" rbind runbindable)
run
expect_equal 2 "$(echo "$out" | grep ' /m' | grep -c unbindable)" "runbindable" || tap_diag "$out"
mounts_more=$(mount_json /file bind "$TMP/data/file" bind ro)$(mount_json /made/dir/file bind "$TMP/data/file" bind)$(mount_json /made/other bind "$TMP/data" bind)
sh_args 'cat /file /made/dir/file /made/other/file; (echo x >/file) 2>&1'
run
expect_equal "data data data" "$(echo "$out" | head -3 | xargs)" "files, on places that are made" || tap_diag "$out"
echo "$out" | grep -q 'Read-only' && ok "a file can be read-only" || fail "a file can be read-only" "$out"

# links
ln -s /t/a/rget b/rootfs/dangling
ln -s ../x/y b/rootfs/etc/rel
ln -s file data/link
mounts_more=$(mount_json /dangling bind "$TMP/data/file" bind)$(mount_json /etc/rel/z bind "$TMP/data" bind)
sh_args 'cat /t/a/rget /x/y/z/file'
run
expect_equal "data data" "$(echo "$out" | xargs)" "a link that dangles names the place, inside" || tap_diag "$out"
[ -e "$TMP/x" ] || [ -e /t/a/rget ] && fail "and not outside" || ok "and not outside"
mounts_more=$(mount_json /ln bind "$TMP/data/link" bind src-nofollow)
ln -s nowhere b/rootfs/ln
sh_args 'readlink /ln; cat /proc/self/mountinfo'
mounts_more=$(mount_json /ln bind "$TMP/data/link" bind src-nofollow dest-nofollow)
run
expect_equal "file" "$(echo "$out" | head -1)" "src-nofollow and dest-nofollow: a link on a link" || tap_diag "$out"

# what may not be covered
refuse() { # NAME TEXT
	config b
	container_name
	expect_err 1 "$2" "$1" oci run --bundle b "$id"
}
args='["/bin/true"]'
for d in / /. ../ /etc/..; do
	mounts_more=$(mount_json "$d" tmpfs tmpfs)
	refuse "a mount on $d" 'is the root itself'
done
mounts_more=$(mount_json /proc tmpfs tmpfs)
refuse "CVE-2019-16884: tmpfs on /proc" 'only a procfs'
mounts_more=$(mount_json /proc bind "$TMP/data" bind)
refuse "CVE-2019-16884: bind on /proc" 'only a procfs'
ln -s proc/self/attr b/rootfs/attr
for d in /proc/self/attr /proc/sys /attr; do
	mounts_more=$(mount_json "$d" bind "$TMP/data" bind)
	refuse "CVE-2019-16884: bind on $d" 'inside of /proc'
done
mounts_more=$(mount_json /proc/uptime bind "$TMP/data/file" bind)
sh_args 'cat /proc/uptime'
run
expect_equal data "$out" "but on /proc/uptime, as lxcfs does"
mounts_more=$(mount_json /m bind "$TMP/data" bind idmap)
refuse "idmap without ids" 'needs mappings'
mounts_more=$(mount_json /m bind "$TMP/data" bind 'idmap=uids=0-1;gids=0-1-1')
refuse "idmap with half a triplet" 'is not understood'
mounts_more=$(mount_json /m tmpfs tmpfs idmap)
refuse "idmap of a tmpfs" 'only bind mounts'
mounts_more= linux_more=',"mountLabel":"system_u:object_r:x:s0"'
[ -d /sys/fs/selinux ] && skip "mountLabel" "SELinux is on" || refuse "mountLabel where SELinux is off" 'mountLabel.*not enabled'
linux_more=

# idmapped mounts
mkdir ids ids/deep
mount -t tmpfs deep "$TMP/ids/deep"
at_exit "umount '$TMP/ids/deep' 2>/dev/null"
for f in ids/a ids/deep/a; do
	touch $f
	chown 100:200 $f
done
sh_args 'stat -c %u:%g /m/a /m/deep/a; cat /proc/self/mountinfo'
idmap() { # OPTIONS-JSON MAPPINGS-JSON
	mounts_more=",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$TMP/ids\",\"options\":[$1]$2}"
	run
	if echo "$out" | grep -q 'map the ids of .*: Invalid argument'; then
		skip "idmapped mounts" "the file system cannot"
		return 1
	fi
}
own=',"uidMappings":[{"containerID":100,"hostID":1100,"size":10}],"gidMappings":[{"containerID":200,"hostID":1200,"size":10}]'
if idmap '"rbind"' "$own"; then
	expect_equal "1100:1200 100:200" "$(echo "$out" | head -2 | xargs)" "mappings of a mount, not of what is below" || tap_diag "$out"
	idmap '"rbind","ridmap","ro"' "$own"
	expect_equal "1100:1200 1100:1200" "$(echo "$out" | head -2 | xargs)" "ridmap" || tap_diag "$out"
	has "with other options" ro idmapped
	idmap '"rbind","idmap=uids=100-7-1#0-5-2;gids=200-9-1"' ''
	expect_equal "7:9" "$(echo "$out" | head -1)" "the mapping in the option" || tap_diag "$out"
	linux_more=",$maps" namespaces="$base,{\"type\":\"user\"}"
	chown -R 100000:100000 b/rootfs
	idmap '"rbind","ridmap"' ''
	expect_equal "100:200 100:200" "$(echo "$out" | head -2 | xargs)" "the container's own user namespace" || tap_diag "$out"
	idmap '"rbind","idmap=uids=@100-7-1;gids=@200-9-1"' ''
	expect_equal "7:9" "$(echo "$out" | head -1)" "a mapping relative to it" || tap_diag "$out"
	idmap '"rbind"' "$own"
	expect_equal "65534:65534" "$(echo "$out" | head -1)" "ids that the container has not"
fi

# a user namespace: sources and a root that its root may not reach, options that are locked
linux_more=",$maps" namespaces="$base,{\"type\":\"user\"}"
chown -R 100000:100000 b/rootfs
mkdir -m 0700 closed
mkdir closed/in
echo secret >closed/in/file
sh_args 'cat /m/file /f; id -u; cat /proc/self/mountinfo'
mounts_more=$(mount_json /m bind "$TMP/closed/in" bind)$(mount_json /f bind "$TMP/closed/in/file" bind ro)
run
expect_equal "secret secret 0" "$(echo "$out" | head -3 | xargs)" "sources below a directory that is closed to the mapped root" || tap_diag "$out"
mounts_more=$(mount_json /m tmpfs tmpfs)$(mount_json /m/in bind "$TMP/closed/in" bind)$(mount_json /again bind "$TMP/b/rootfs/m/in" bind)
sh_args 'cat /again/file'
run
expect_equal "secret" "$out" "a source on an earlier mount of the container"
mounts_more=$(mount_json /m bind "$TMP/host" rbind ro)
sh_args 'cat /proc/self/mountinfo'
run
has "locked options are kept" ro nosuid nodev
mounts_more=$(mount_json /m bind "$TMP/host" rbind dev)
run
echo "$out" | grep -q 'not permitted' && ok "and not cleared" || fail "and not cleared" "$out"
mounts_more=$(mount_json /m bind "$TMP/host" rbind strictatime)
run
echo "$out" | grep -q 'not permitted' && ok "nor is the access time changed" || fail "nor is the access time changed" "$out"
mounts_more=$(mount_json /m bind "$TMP/host" rbind ro atime diratime)
run
has "what only clears it does not hurt" ro noatime nosuid
mount -o remount,bind,nosuid,nodev,nodiratime "$TMP/host"
run
has "nor in directories" ro nodiratime nosuid
chmod 0700 "$TMP"
mounts_more=
sh_args 'ls -d /bin; cat /proc/self/mountinfo | wc -l'
run
expect_equal "/bin" "$(echo "$out" | head -1)" "a root that is closed to the mapped root" || tap_diag "$out"
mounts_more=$(mount_json /m bind "$TMP/closed/in" bind)
linux_more=",$maps,\"devices\":[{\"path\":\"/dev/mine\",\"type\":\"c\",\"major\":1,\"minor\":3,\"fileMode\":438,\"uid\":5,\"gid\":6}]"
sh_args 'cat /m/file; stat -c %t:%T:%u:%g /dev/mine'
run
expect_equal "secret 1:3:5:6" "$(echo "$out" | xargs)" "and in it a source and a device that are not in the root"
chmod 755 "$TMP"

# propagation of the root
namespaces=$base mounts_more=
for p in shared slave private unbindable; do
	linux_more=",\"rootfsPropagation\":\"$p\""
	sh_args 'grep " / rw" /proc/self/mountinfo | head -1'
	run
	case $p in
	shared) echo "$out" | grep -q shared: ;;
	unbindable) echo "$out" | grep -q unbindable ;;
	*) echo "$out" | grep -q ' / rw' && ! echo "$out" | grep -q shared: ;;
	esac && ok "rootfsPropagation $p" || fail "rootfsPropagation $p" "$out"
done
# with everything shared on the host, in a mount namespace for this check
cat >shared.sh <<'SH'
mount --make-rshared /
mkdir -p vol
mount -t tmpfs vol vol
mount --make-shared vol
awk '{print $5}' /proc/self/mountinfo >before.shared
"$CLEAT" oci --root state2 run --bundle b shared1 >out.shared 2>&1
ls vol/x
awk '{print $5}' /proc/self/mountinfo | grep -v -x -F -f before.shared
SH
linux_more=',"rootfsPropagation":"rshared"'
caps="$docker_caps,\"CAP_SYS_ADMIN\""
mounts_more=$(mount_json /m bind "$TMP/vol" rbind rshared)
sh_args 'mkdir /m/x; mount -t tmpfs x /m/x; touch /m/x/inside'
config b
expect_equal "inside $TMP/vol/x" "$(CLEAT=$CLEAT unshare -m --propagation private sh shared.sh 2>&1 | xargs)" "on a shared root a shared volume passes mounts on to the host, and nothing else does" || tap_diag "$(cat out.shared)"
umount "$TMP/host/deep" "$TMP/host" "$TMP/ids/deep"
no_leftovers "nothing is left"
tap_end
