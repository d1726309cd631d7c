#!/bin/sh
# timeout: 60
# linux.netDevices: interfaces that go into a container's network namespace, and come back or not. All of it in a network
# namespace of this test's own, so that "the host" is not the machine.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox ip unshare

if [ -z "${NETDEV_STAGE:-}" ]; then
	NETDEV_STAGE=1 exec unshare -n sh "$0"
fi
ip link add probe type veth peer name probe2 2>/dev/null && ip link delete probe || skip_all "no veth on this kernel"
ip link set lo up
v6=
device() { # NAME
	ip link delete "$1" 2>/dev/null
	ip link delete "$1-p" 2>/dev/null # a namespace ends a little after its last process
	ip link add "$1" type veth peer name "$1-p"
	ip link set "$1" address 02:00:00:00:00:07 mtu 1404
	ip addr add 192.0.2.7/24 broadcast 192.0.2.255 dev "$1"
	ip addr add 192.0.2.8/32 dev "$1"
	ip -6 addr add 2001:db8::7/64 dev "$1" nodad 2>/dev/null && v6=yes
	ip link set "$1" up
	ip link set "$1-p" up
}
bundle b
base=$namespaces
run() {
	config b
	container_name
	out=$(oci run --bundle b "$id" 2>&1)
}
show='ip -o addr show; ip -o link show'

device eth7
linux_more=',"netDevices":{"eth7":{}}'
sh_args "$show"
run
echo "$out" | grep -q 'eth7 .*192.0.2.7/24 brd 192.0.2.255' && ok "a device with its name and address" || fail "a device with its name and address" "$out"
echo "$out" | grep -q '192.0.2.8/32' && ok "all of its addresses" || fail "all of its addresses" "$out"
if [ -n "$v6" ]; then
	echo "$out" | grep -q '2001:db8::7/64' && ok "of IPv6 too" || fail "of IPv6 too" "$out"
else
	skip "of IPv6 too" "no IPv6 here"
fi
echo "$out" | grep 'eth7' | grep -q '[<,]UP[,>].*mtu 1404' && ok "it is up, its MTU is kept" || fail "it is up, its MTU is kept" "$out"
echo "$out" | grep -q '02:00:00:00:00:07' && ok "its hardware address is kept" || fail "its hardware address is kept" "$out"
ip link show eth7 >/dev/null 2>&1 && fail "it is gone outside" || ok "it is gone outside"

device eth7
linux_more=',"netDevices":{"eth7":{"name":"inner0"}}'
sh_args "$show"
run
echo "$out" | grep -q 'inner0 .*192.0.2.7/24' && ! echo "$out" | grep -q eth7@ && ok "under another name" || fail "under another name" "$out"

# hooks see it, create and exec as well
device eth7
sh_args 'sleep 60'
top_more=',"hooks":{"createRuntime":[{"path":"/bin/sh","args":["sh","-c","ip link show eth7 >'"$TMP"'/hook 2>&1; :"]}],"createContainer":[{"path":"/bin/sh","args":["sh","-c","/bin/busybox ip -o link >'"$TMP"'/hook2 2>&1"]}]}'
config b
container_name
expect "create" oci create --bundle b "$id"
grep -q inner0 hook2 && ok "createContainer hooks see it" || fail "createContainer hooks see it" "$(cat hook2)"
grep -q inner0 hook && fail "the runtime's namespace has it no more" || ok "the runtime's namespace has it no more"
oci start "$id"
expect_out 'inner0' "exec sees it" oci exec "$id" ip -o link
oci delete --force "$id"
top_more=

# with a user namespace, and into a namespace that is joined
device eth7
maps='"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'
chmod 755 "$TMP"
namespaces="$base,{\"type\":\"user\"}" linux_more=",$maps,\"netDevices\":{\"eth7\":{}}"
mkdir -p b/rootfs/dev b/rootfs/proc b/rootfs/sys
chown -R 100000:100000 b/rootfs
sh_args "$show"
run
echo "$out" | grep -q 'eth7 .*192.0.2.7/24' && ok "with a user namespace" || fail "with a user namespace" "$out"
chown -R 0:0 b/rootfs
unshare -n sleep 60 &
holder=$!
at_exit "kill $holder"
wait_for 5 sh -c "[ \$(readlink /proc/$holder/ns/net) != \$(readlink /proc/self/ns/net) ]"
device eth7
namespaces=$(echo "$base" | sed "s,{\"type\":\"network\"},{\"type\":\"network\"\,\"path\":\"/proc/$holder/ns/net\"},")
linux_more=',"netDevices":{"eth7":{}}'
run
echo "$out" | grep -q 'eth7 .*192.0.2.7/24' && ok "into a namespace that is joined" || fail "into a namespace that is joined" "$out"

# refused: nothing has moved then
namespaces=$base
args='["/bin/true"]'
device eth7
device eth8
refuse() { # NAME TEXT
	config b
	container_name
	expect_err 1 "$2" "$1" oci run --bundle b "$id"
}
linux_more=',"netDevices":{"nosuch":{}}'
refuse "a device that is not there" 'nosuch'
linux_more=',"netDevices":{"lo":{}}'
refuse "lo" 'lo'
linux_more=',"netDevices":{"eth7":{"name":"same"},"eth8":{"name":"same"}}'
refuse "two under one name" 'eth8'
ip link show eth7 >/dev/null 2>&1 && ok "the first one comes back" || fail "the first one comes back" "$(ip link)"
linux_more=',"netDevices":{"eth7":{},"nosuch":{}}'
refuse "one that is there, one that is not" 'nosuch'
ip link show eth7 >/dev/null 2>&1 && ok "it comes back too" || fail "it comes back too" "$(ip link)"
linux_more=',"netDevices":{"eth7":{"name":"a/b"}}'
refuse "a name that is none" 'netDevices'
namespaces=$(echo "$base" | sed 's/,{"type":"network"}//')
linux_more=',"netDevices":{"eth7":{}}'
refuse "the host's network namespace" 'not the host'
no_leftovers "nothing is left"
tap_end
