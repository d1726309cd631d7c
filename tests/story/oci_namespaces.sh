#!/bin/sh
# timeout: 120
# Namespaces of a container: new, joined by path, inherited, of all eight kinds; clocks; what makes no sense together.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox unshare

kinds='user:user pid:pid network:net ipc:ipc uts:uts cgroup:cgroup mount:mnt'
[ -e /proc/self/ns/time ] && kinds="$kinds time:time" || skip "time namespaces" "this kernel has none"
maps='"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'
list='for n in user pid net ipc uts cgroup mnt time; do readlink /proc/self/ns/$n; done'
chmod 755 "$TMP"

mapped() { # a bundle whose root belongs to root of the mapped ids
	bundle "$1"
	mkdir -p "$1/rootfs/dev" "$1/rootfs/proc" "$1/rootfs/sys"
	chown -R 100000:100000 "$1/rootfs"
}
all_new() {
	namespaces=
	for k in $kinds; do
		namespaces="$namespaces${namespaces:+,}{\"type\":\"${k%:*}\"}"
	done
}
join() { # PID KIND...: the namespaces in config.json, those kinds joined from PID, the others new
	join_pid=$1
	shift
	namespaces=
	for k in $kinds; do
		case " $* " in
		*" ${k%:*} "*) namespaces="$namespaces${namespaces:+,}{\"type\":\"${k%:*}\",\"path\":\"/proc/$join_pid/ns/${k#*:}\"}" ;;
		*) namespaces="$namespaces${namespaces:+,}{\"type\":\"${k%:*}\"}" ;;
		esac
	done
}
ns_of() { # PID: as $list prints
	for n in user pid net ipc uts cgroup mnt time; do readlink "/proc/$1/ns/$n"; done
}
pid_of() {
	oci state "$1" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'
}
run() { # BUNDLE: with what it prints in $out
	config "$1"
	container_name
	out=$(oci run --bundle "$1" "$id" 2>&1)
}

# new ones
mapped a
all_new
sh_args "$list"
linux_more=,$maps
run a
ns_of self >host
expect_equal "$(echo $kinds | wc -w) 0" "$(echo "$out" | grep -c :) $(echo "$out" | grep -c -x -F -f host)" "every kind is new" || tap_diag "$out"

# clocks
if [ -e /proc/self/ns/time ]; then
	sh_args 'cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
	linux_more=",$maps,\"timeOffsets\":{\"boottime\":{\"secs\":1000000000},\"monotonic\":{\"secs\":-3,\"nanosecs\":7}}"
	run a
	expect_equal "monotonic -3 7 boottime 1000000000 0" "$(echo "$out" | head -2 | xargs)" "offsets of both clocks, with a user namespace" || tap_diag "$out"
	[ "$(echo "$out" | tail -1)" -gt 1000000000 ] && ok "the container is older than the machine" || fail "the container is older than the machine" "$out"
	namespaces='{"type":"mount"},{"type":"pid"},{"type":"uts"},{"type":"time"}'
	linux_more=',"timeOffsets":{"boottime":{"secs":60}}'
	run a
	expect_equal "boottime 60 0" "$(echo "$out" | grep boot | xargs)" "and without one" || tap_diag "$out"
	linux_more=',"timeOffsets":{"boottime":{"secs":-1000000000}}'
	run a
	echo "$out" | grep -q 'linux.timeOffsets: ' && ok "a time before the boot is an error" || fail "a time before the boot is an error" "$out"
	namespaces='{"type":"mount"},{"type":"pid"},{"type":"uts"}'
	config a
	container_name
	expect_err 1 'timeOffsets need a new time namespace' "timeOffsets without a time namespace" oci run --bundle a "$id"
fi

# joined
all_new
linux_more=,$maps
sh_args 'sleep 60'
config a
container_name
first=$id
expect "a container to be joined" oci run --detach --bundle a "$first"
pid=$(pid_of "$first")
expect_equal "$(ns_of "$pid")" "$(oci exec "$first" sh -c "$list")" "exec joins all of them"
mapped b
sh_args "$list; id -u"
linux_more=
join "$pid" user pid network ipc uts cgroup time
run b
expect_equal "7" "$(echo "$out" | grep -c -x -F "$(ns_of "$pid")")" "all kinds but mount are joined by path" || tap_diag "$out"
expect_equal "0" "$(echo "$out" | tail -1)" "as root of the joined user namespace"
linux_more=,$maps
run b
echo "$out" | grep -q '^0$' && ok "mappings beside a joined user namespace do not hurt" || fail "mappings beside a joined user namespace do not hurt" "$out"
linux_more=
for k in $kinds; do
	case $k in user:* | mount:*) continue ;; esac
	namespaces=$(for o in pid:pid mount:mnt ipc:ipc network:net; do
		[ "$o" = "$k" ] || printf '{"type":"%s"},' "${o%:*}"
	done)"{\"type\":\"${k%:*}\",\"path\":\"/proc/$pid/ns/${k#*:}\"}"
	sh_args "readlink /proc/self/ns/${k#*:}"
	config b
	sed -i 's/"hostname":"story",//' b/config.json
	container_name
	expect_out "^$(readlink "/proc/$pid/ns/${k#*:}" | sed 's/\[/\\[/; s/\]/\\]/')\$" "${k%:*} alone is joined by path" oci run --bundle b "$id"
done

# a network namespace of the host's with a new user namespace, and with a joined one
all_new
unshare -n sleep 60 &
holder=$!
at_exit "kill $holder"
wait_for 5 sh -c "[ \$(readlink /proc/$holder/ns/net) != \$(readlink /proc/self/ns/net) ]"
join "$holder" network
linux_more=,$maps
sh_args 'readlink /proc/self/ns/net; ls -d /sys/class/net'
run b
expect_equal "$(readlink "/proc/$holder/ns/net")" "$(echo "$out" | head -1)" "the host's network namespace, a new user namespace" || tap_diag "$out"
namespaces="{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"user\",\"path\":\"/proc/$pid/ns/user\"},{\"type\":\"network\",\"path\":\"/proc/$holder/ns/net\"}"
linux_more=
config b
sed -i 's/"hostname":"story",//' b/config.json
container_name
out=$(oci run --bundle b "$id" 2>&1)
expect_equal "$(readlink "/proc/$holder/ns/net")" "$(echo "$out" | head -1)" "the host's network namespace, a joined user namespace" || tap_diag "$out"
oci delete --force "$first"

# paths that are something else
join self
for wrong in /proc/self/ns/net "$TMP/a/config.json" /nowhere /dev/null; do
	namespaces="{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"ipc\",\"path\":\"$wrong\"}"
	config b
	container_name
	expect_rc 1 "no ipc namespace: $wrong" oci run --bundle b "$id"
done

# mount namespaces that are not the container's alone
bundle c
touch c/rootfs/inside
sh_args 'ls /inside; readlink /proc/self/ns/mnt'
namespaces='{"type":"pid"},{"type":"ipc"},{"type":"uts"}'
run c
expect_equal "/inside $(readlink /proc/self/ns/mnt)" "$(echo "$out" | sed -n '1p;$p' | xargs)" "the mount namespace is inherited" || tap_diag "$out"
expect_equal "" "$(leftovers)" "and nothing stays mounted in it"
args='["/no/such"]'
run c
expect_equal "" "$(leftovers)" "also when the program is not there"
sh_args 'sleep 60'
config c
container_name
oci create --bundle c "$id"
expect "delete of a created one" oci delete --force "$id"
expect_equal "" "$(leftovers)" "unmounts too"
unshare -m sleep 60 &
holder=$!
at_exit "kill $holder"
wait_for 5 sh -c "[ \$(readlink /proc/$holder/ns/mnt) != \$(readlink /proc/self/ns/mnt) ]"
before=$(sed 's/^[0-9]* [0-9]* //' "/proc/$holder/mountinfo")
namespaces="{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\",\"path\":\"/proc/$holder/ns/mnt\"}"
sh_args 'readlink /proc/self/ns/mnt; ls /inside'
run c
expect_equal "$(readlink "/proc/$holder/ns/mnt") /inside" "$(echo "$out" | xargs)" "a mount namespace is joined by path" || tap_diag "$out"
expect_equal "$before" "$(sed 's/^[0-9]* [0-9]* //' "/proc/$holder/mountinfo")" "and left as it was found"

# what makes no sense
refuse() { # NAME TEXT
	config c
	container_name
	expect_err 1 "$2" "$1" oci run --bundle c "$id"
}
args='["/bin/true"]'
namespaces='{"type":"pid"},{"type":"mount"}'
refuse "hostname without a uts namespace" 'hostname needs a uts namespace'
namespaces="$namespaces,{\"type\":\"uts\"}"
linux_more=,$maps
refuse "mappings without a user namespace" 'need a new user namespace'
linux_more=
namespaces="$namespaces,{\"type\":\"user\"}"
linux_more=',"uidMappings":[{"containerID":0,"hostID":0,"size":1}]'
refuse "a user namespace with half of the mappings" 'needs uidMappings and gidMappings'
linux_more=
namespaces='{"type":"pid"},{"type":"mount"},{"type":"uts"},{"type":"pid"}'
refuse "a kind twice" 'twice'
namespaces='{"type":"pid"},{"type":"mount"},{"type":"uts"}'
for sysctl in net.ipv4.ip_forward net/ipv4/ip_forward kernel.msgmax fs.mqueue.msg_max kernel.hostname vm.swappiness kernel/core_pattern; do
	linux_more=",\"sysctl\":{\"$sysctl\":\"1\"}"
	refuse "sysctl $sysctl of the host" "sysctl $sysctl"
done
namespaces='{"type":"pid"},{"type":"mount"},{"type":"uts"},{"type":"network","path":"/proc/self/ns/net"}'
linux_more=',"sysctl":{"net.ipv4.ip_forward":"1"}'
refuse "sysctl of the host's network namespace, joined by path" 'not the host'
namespaces='{"type":"pid"},{"type":"mount"},{"type":"uts"},{"type":"network"}'
linux_more=',"sysctl":{"net/ipv4/conf/lo/forwarding":"1","net.core.somaxconn":"77"}'
sh_args 'cat /proc/sys/net/ipv4/conf/lo/forwarding /proc/sys/net/core/somaxconn'
run c
expect_equal "1 77" "$(echo "$out" | xargs)" "sysctls of its own, written with dots or slashes"
# the network namespace is made while the container's mounts are, or before if one of them might ask for it
for mounts_more in '' ',{"destination":"/r","type":"ramfs","source":"ramfs"}'; do
	linux_more=
	sh_args 'cat /sys/class/net/lo/flags; ls /sys/class/net; readlink /proc/self/ns/net'
	run c
	expect_equal "0x9 lo new" "$(echo "$out" | grep -v -x -F "$(readlink /proc/self/ns/net)" | sed 's/^net:.*/new/' | xargs)" \
		"network: lo is up, sysfs shows no other${mounts_more:+, with a file system that we do not know}" || tap_diag "$out"
done
mounts_more=
no_leftovers "nothing is left"
tap_end
