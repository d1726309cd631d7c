#!/bin/sh
# timeout: 90
# The same call twice, what a crash leaves, somebody else's flush, kernels without nf_tables' parts.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/net.sh"
need_root
need ip nft

net_world || { fail "make the namespaces"; tap_end; exit; }
A=172.30.0.0
c1=/run/netns/$(ns_of c1) c2=/run/netns/$(ns_of c2) c3=/run/netns/$(ns_of c3)
bridge=$(tool name a)

# subnets
expect_out '^172\.30\.0\.0/24 172\.30\.0\.1$' "first subnet of the pool" tool pick a
at host ip route add 172.30.0.0/23 via 192.0.2.9
expect_out '^172\.30\.2\.0/24' "a route's subnets are left out" tool pick a
at host ip address add 172.30.2.200/30 dev wan
expect_out '^172\.30\.3\.0/24' "a narrower address blocks its subnet" tool pick a
at host ip route add 172.16.0.0/12 via 192.0.2.9
expect_err 1 'every /24 of CONFIG_NET_POOL .*overlaps' "no subnet left" tool pick a
at host ip route del 172.16.0.0/12
at host ip route del 172.30.0.0/23

# idempotence
expect "up" tool up a $A
expect_out '^172\.30\.0\.0/24 172\.30\.0\.1$' "a bridge that is up keeps its subnet" tool pick a
expect "up again" tool up a $A
at host ip address add 172.30.77.1/24 dev "$bridge"
expect "up after somebody added an address" tool up a $A
expect_equal "172.30.0.1/24" "$(at host ip -4 -o address show dev "$bridge" | sed 's/.*inet \([^ ]*\).*/\1/')" \
	"the bridge has its address and no other"
at host ip link add "$(tool name other)" type veth peer name other9
expect_err 1 'network other: interface cleat-[0-9a-f]{8} exists and is no bridge but veth' \
	"an interface of that name that is no bridge" tool up other 172.30.9.0

# attach
expect_err 1 'connect to network nowhere: bridge cleat-[0-9a-f]{8}: No such device' "no bridge" \
	tool attach nowhere 172.30.8.0 "$c1" vc1 172.30.8.2
expect "attach" tool attach a $A "$c1" vc1 172.30.0.2 || exit
expect "attach again over what a crash left" tool attach a $A "$c1" vc1 172.30.0.2
expect_equal "02:42:ac:1e:00:02" "$(at c1 cat /sys/class/net/eth0/address 2>/dev/null ||
	at c1 ip -o link show eth0 | sed 's/.*ether \([^ ]*\).*/\1/')" "the address decides the MAC"
expect_out 'default via 172\.30\.0\.1 dev eth0' "default route" at c1 ip route
expect_out '^127|inet 127\.0\.0\.1/8' "loopback is up" at c1 ip -4 address show lo up
at c2 ip link add eth0 type veth peer name eth9
expect_rc 1 "attach where eth0 is taken fails" tool attach a $A "$c2" vc2 172.30.0.3
expect_rc 1 "and leaves nothing on the machine" at host ip link show vc2
expect "loopback only" tool lo "$c3"
expect_out 'inet 127\.0\.0\.1/8' "loopback of a container without network" at c3 ip -4 address show lo up
expect "detach" tool detach a $A vc1
expect "detach again" tool detach a $A vc1
expect_rc 1 "the container's end is gone too" at c1 ip link show eth0
expect "attach for the rest" tool attach a $A "$c1" vc1 172.30.0.2
serve c1 80 81

# rules
rules() {
	tool rules cleat net=a,$A port=0.0.0.0:8080:172.30.0.2:80
}
expect "rules" rules || exit
at host nft list ruleset >one
expect "rules again" rules
at host nft list ruleset >two
expect "the same twice is the same" cmp one two
expect_out '^c1 ' "a published port" ask outside tcp 192.0.2.1 8080
start watch ip netns exec "$(ns_of host)" "$net_tool" watch cleat
watch=$started
wait_for 5 grep -q watching watch.log
expect "a replacement of our own" rules
sleep 0.3
expect "is no loss" kill -0 "$watch"
at host nft flush ruleset
wait_for 5 grep -q lost watch.log && ok "nft flush ruleset is noticed (moby CVE-2025-54388)" || fail "nft flush ruleset is noticed"
refuses "after the flush the port is closed" outside tcp 192.0.2.1 8080
expect "apply again" rules
expect_out '^c1 ' "the port is back" ask outside tcp 192.0.2.1 8080
at host nft list ruleset >three
expect "and the rules are what they were" cmp one three

at host nft add table ip mine
expect "a second engine's table" tool rules cleat-12345678
expect "is removed alone" tool remove cleat-12345678
expect "twice" tool remove cleat-12345678
expect_equal "table ip cleat table ip mine" "$(echo $(at host nft list tables))" "other tables stay"

# a whole engine: the largest set of rules
set --
i=0
while [ $i -lt 256 ]; do
	set -- "$@" port=192.0.2.1:$((10000 + i)):172.30.0.2:80
	i=$((i + 1))
done
n=1
while [ $n -lt 16 ]; do
	set -- net=n$n,172.30.$((100 + n)).0 "$@"
	expect "network n$n" tool up n$n 172.30.$((100 + n)).0
	n=$((n + 1))
done
expect "16 networks and 256 ports" tool rules cleat net=a,$A "$@"
expect_equal 256 "$(at host nft list chain ip cleat ports | grep -c dnat)" "all of them are there"
expect_out '^c1 ' "the last of them works" ask outside tcp 192.0.2.1 10255
expect_err 1 '16 networks and 257 ports: at most 16 and 256' "one more is refused" \
	tool rules cleat net=a,$A "$@" port=192.0.2.1:9:172.30.0.2:80
expect_equal 256 "$(at host nft list chain ip cleat ports | grep -c dnat)" "and what was there stays"
expect_err 1 'port 80/tcp is published twice' "a port twice" \
	tool rules cleat net=a,$A port=0.0.0.0:80:172.30.0.2:80 port=127.0.0.1:80:172.30.0.2:81
expect_err 1 'port 80:80: container address 10\.1\.1\.1 is in no network' "a port to nowhere" \
	tool rules cleat net=a,$A port=0.0.0.0:80:10.1.1.1:80

# internal
expect "rules of an internal network" tool rules cleat net=a,$A,internal
serve outside 80 81
refuses "an internal network has no way out" c1 tcp 192.0.2.9 80
expect_out '^c1 ' "but the machine reaches it" ask host tcp 172.30.0.2 80

# the machine's own address
at c3 ip link set lo down
ip -n "$(ns_of host)" link add lan type veth peer name eth9 netns "$(ns_of c3)"
at host ip link set lan up
at host ip address add 198.51.100.1/24 dev lan
expect "address of a machine that cleat boots" at c3 "$net_tool" host eth9 198.51.100.7 198.51.100.1
expect "the same again" at c3 "$net_tool" host eth9 198.51.100.7 198.51.100.1
serve host 7000 7001
expect_out '^host 198.51.100.7$' "it reaches its neighbour" ask c3 tcp 198.51.100.1 7000
expect_out '^host 198.51.100.7$' "and beyond, by its gateway" ask c3 tcp 192.0.2.1 7000
expect_err 1 'interface eth7: No such device' "an interface that is not there" \
	at c3 "$net_tool" host eth7 198.51.100.7 198.51.100.1
expect "down" tool down a $A
expect "down again" tool down a $A
tap_end
