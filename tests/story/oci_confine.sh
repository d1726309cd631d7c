#!/bin/sh
# timeout: 180
# What a container may do, beside what Debian's crun and runc give for the same bundle: capability sets,
# no_new_privs, seccomp mode, ids, groups, umask, limits, namespaces, masked and read-only paths.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
mkdir -p b/rootfs/data
peers=
for p in crun runc; do
	command -v $p >/dev/null && peers="$peers $p"
done

ours() {
	container_name
	oci run --bundle b "$id" 2>&1
}
theirs() {
	container_name
	# crun 1.8 does not know the hybrid layout: show it v1 alone
	unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' - "$1" --root "$TMP/peer" run --bundle b "$id" 2>&1
	rc=$?
	$1 --root "$TMP/peer" delete -f "$id" 2>/dev/null
	return $rc
}
same() { # name
	config b
	mine=$(ours)
	for p in $peers; do
		other=$(theirs $p)
		if [ "$mine" = "$other" ]; then
			ok "$1: as $p"
		else
			printf '%s\n' "$mine" >mine
			printf '%s\n' "$other" >other
			fail "$1: as $p" "$(diff mine other)"
		fi
	done
	[ "$peers" ] || skip "$1: as crun and runc" "neither is installed"
}
says() { # name regex
	config b
	container_name
	expect_out "$2" "$1" oci run --bundle b "$id"
}

status='grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|Umask)" /proc/self/status'
sh_args "$status"
same "status, root, Docker's capabilities"
mine=$(ours)
case $mine in
*"CapInh:	0000000000000000"*) ok "CVE-2022-29162: nothing is inheritable" ;;
*) fail "CVE-2022-29162: nothing is inheritable" "$mine" ;;
esac
user='{"uid":1000,"gid":1001,"additionalGids":[5,2000],"umask":63}'
same "status, another user" # moby CVE-2022-36109: exactly these groups
process_more=',"noNewPrivileges":true'
linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_AARCH64","SCMP_ARCH_ARM"],"syscalls":[{"names":["mkdir","mkdirat","nosuchcall"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}'
same "status, no_new_privs and seccomp"
caps=
same "status, no capabilities"
caps=$docker_caps
config_reset
sh_args 'mkdir /tmp/x; echo $?'
linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}'
says "seccomp: errnoRet arrives" "Not supported|not supported"
config_reset

sh_args 'ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj'
process_more=',"oomScoreAdj":100,"rlimits":[{"type":"RLIMIT_NOFILE","soft":77,"hard":99}]'
same "rlimits and oom_score_adj"
process_more=
sh_args 'for f in mnt pid net ipc uts; do readlink /proc/self/ns/$f; done | sort -u | wc -l; hostname; echo $$; ip link | grep -c UP'
same "namespaces"
sh_args 'for f in cgroup ipc mnt net pid uts user; do echo $f $(readlink /proc/self/ns/$f); done'
config b
ours >inside
for ns in cgroup ipc mnt net pid uts; do
	grep -Fq "$ns $(readlink /proc/self/ns/$ns)" inside && fail "namespace $ns is new" || ok "namespace $ns is new"
done
expect "without a user namespace it is the host's" grep -Fq "user $(readlink /proc/self/ns/user)" inside
namespaces='{"type":"pid"},{"type":"mount"},{"type":"network","path":"/proc/self/ns/net"}'
sed_host='s/"hostname":"story",//'
config b
sed "$sed_host" b/config.json >c && mv c b/config.json
ours >inside
expect "a network namespace by path" grep -Fq "net $(readlink /proc/self/ns/net)" inside
expect "no uts namespace: the host's" grep -Fq "uts $(readlink /proc/self/ns/uts)" inside
config_reset

sh_args 'cat /proc/kcore /proc/keys /proc/timer_list 2>&1 | wc -c; ls /sys/firmware /proc/acpi 2>&1 | grep -v : | wc -w; for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/x; do (echo x >$f) 2>&1 | grep -o "Read-only.*"; done'
same "masked and read-only paths"
sh_args 'exec 2>&1; touch /x; touch /tmp/x 2>&1; echo done'
root_more=',"readonly":true'
same "read-only root"
root_more=
sh_args 'ls -1 /dev | grep -v -e console -e core; stat -c "%n %a %t:%T %u" /dev/null /dev/zero /dev/full /dev/tty /dev/random /dev/urandom; for l in fd stdin ptmx; do readlink /dev/$l; done'
same "devices"
linux_more=',"devices":[{"path":"/dev/sub/dir/thing","type":"c","major":1,"minor":3,"fileMode":384,"uid":5,"gid":6},{"path":"/dev/pipe","type":"p","fileMode":420}]'
sh_args 'stat -c "%n %a %t:%T %u %g %F" /dev/sub/dir/thing /dev/pipe'
same "devices of the spec"
linux_more=',"sysctl":{"net.ipv4.ip_forward":"1","kernel.msgmax":"9999"}'
sh_args 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
same "sysctls"
linux_more=',"personality":{"domain":"LINUX32"}'
sh_args 'cat /proc/self/personality; uname -m'
ln -sf busybox b/rootfs/bin/uname
config b
expect_equal 00000008 "$(ours | head -n 1)" "personality"
config_reset
cwd=/made/by/runtime
sh_args 'pwd; stat -c "%a %u" /made'
config b
expect_equal "/made/by/runtime
755 0" "$(ours)" "a missing working directory is made"
cwd=/

# mounts
mkdir -p src/sub src2 && echo file >src/f && echo sub >src/sub/f && mount -t tmpfs none src/sub && echo inner >src/sub/f
at_exit "umount $TMP/src/sub 2>/dev/null"
mounts_more=",{\"destination\":\"/m/new\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"rbind\",\"ro\",\"nosuid\"]},{\"destination\":\"/m/flat\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"bind\"]},{\"destination\":\"/m/file\",\"type\":\"bind\",\"source\":\"$TMP/src/f\",\"options\":[\"bind\",\"ro\"]},{\"destination\":\"/m/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"noexec\",\"size=4096k\",\"mode=700\"]}"
sh_args 'exec 2>&1; cat /m/new/sub/f /m/flat/sub/f /m/file; touch /m/new/x /m/flat/x /m/file /m/new/sub/x; rm -f /m/flat/x /m/new/sub/x; grep " /m/" /proc/self/mountinfo | cut -d" " -f5,6 | sort'
ln -sf busybox b/rootfs/bin/rm
same "binds and tmpfs"
mounts_more=",{\"destination\":\"/m/new\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"rbind\",\"rro\"]}"
sh_args 'touch /m/new/sub/x'
config b
container_name
expect_err 1 "Read-only" "a recursive read-only bind covers what is below" oci run --bundle b "$id"
mkdir -p b/rootfs/up/dir && echo data >b/rootfs/up/dir/f && ln -s /etc/nowhere b/rootfs/up/link && chown -R 7:8 b/rootfs/up/dir && chmod 640 b/rootfs/up/dir/f
mounts_more=',{"destination":"/up","type":"tmpfs","source":"tmpfs","options":["ro","tmpcopyup","mode=755"]}'
sh_args 'exec 2>&1; cat /up/dir/f; readlink /up/link; stat -c "%a %u %g" /up/dir/f; touch /up/x; grep " /up " /proc/self/mountinfo | grep -c tmpfs'
config b
expect_equal "data
/etc/nowhere
640 7 8
touch: /up/x: Read-only file system
1" "$(ours)" "tmpcopyup"
mounts_more=
umount src/sub
no_leftovers "nothing is left"
tap_end
