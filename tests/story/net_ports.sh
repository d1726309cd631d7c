#!/bin/sh
# timeout: 120
# Who reaches whom, and who does not: two networks, an outside machine, published ports.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/net.sh"
need_root
need ip nft

net_world || { fail "make the namespaces"; tap_end; exit; }
A=172.30.1.0 B=172.30.2.0
c1=/run/netns/$(ns_of c1) c2=/run/netns/$(ns_of c2) c3=/run/netns/$(ns_of c3)

expect "bridge of network a" tool up a $A || exit
expect "bridge of network b" tool up b $B
expect "container 1 in a" tool attach a $A "$c1" vc1 172.30.1.2 || exit
expect "container 2 in a" tool attach a $A "$c2" vc2 172.30.1.3
expect "container 3 in b" tool attach b $B "$c3" vc3 172.30.2.2
rules() {
	tool rules cleat net=a,$A net=b,$B port=0.0.0.0:8080:172.30.1.2:80 port=0.0.0.0:8081:172.30.1.2:81/udp \
		port=127.0.0.1:8090:172.30.1.2:80 port=192.0.2.1:8091:172.30.2.2:80
}
expect "rules" rules || exit
serve c1 80 81
serve c2 80 81
serve c3 80 81
serve outside 80 81
serve host 7000 7001

# within and out
expect_out '^c2 172.30.1.2$' "neighbours talk, by their own addresses" ask c1 tcp 172.30.1.3 80
expect_out '^c2 172.30.1.2$' "neighbours talk by UDP" ask c1 udp 172.30.1.3 81
expect_out '^outside 192.0.2.1$' "outside sees the machine's address" ask c1 tcp 192.0.2.9 80
expect_out '^outside 192.0.2.1$' "outside sees the machine's address, UDP" ask c1 udp 192.0.2.9 81
expect_out '^c1 172.30.1.1$' "the machine reaches a container" ask host tcp 172.30.1.2 80

# published
expect_out '^c1 192.0.2.9$' "published port from outside keeps the client's address (podman CVE-2021-20199)" \
	ask outside tcp 192.0.2.1 8080
expect_out '^c1 192.0.2.9$' "published UDP port from outside" ask outside udp 192.0.2.1 8081
expect_out '^c1 172.30.1.1$' "published port from the machine by 127.0.0.1" ask host tcp 127.0.0.1 8080
expect_out '^c1 172.30.1.1$' "published UDP port from the machine by 127.0.0.1" ask host udp 127.0.0.1 8081
expect_out '^c1 192.0.2.1$' "published port from the machine by its own address" ask host tcp 192.0.2.1 8080
expect_out '^c1 172.30.1.1$' "published port from the neighbour (hairpin)" ask c2 tcp 192.0.2.1 8080
expect_out '^c1 172.30.1.1$' "published UDP port from the neighbour (hairpin)" ask c2 udp 192.0.2.1 8081
expect_out '^c1 172.30.1.1$' "published port from the container itself" ask c1 tcp 192.0.2.1 8080
at host sh -c 'f=/proc/sys/net/bridge/bridge-nf-call-iptables; [ ! -e $f ] || echo 0 >$f'
expect_out '^c1 172.30.1.1$' "the same without br_netfilter" ask c1 tcp 192.0.2.1 8080
expect_out '^c2 172.30.1.2$' "neighbours talk without br_netfilter" ask c1 tcp 172.30.1.3 80
expect_out '^c1 ' "published port from another network" ask c3 tcp 192.0.2.1 8080
expect_out '^c3 192.0.2.9$' "port published on one address, there" ask outside tcp 192.0.2.1 8091
refuses "port published on one address, not elsewhere" host tcp 127.0.0.1 8091
expect_out '^c1 172.30.1.1$' "port published on loopback, from the machine" ask host tcp 127.0.0.1 8090
refuses "port published on loopback, by the machine's other address" outside tcp 192.0.2.1 8090

# not reachable
refuses "another network's container" c3 tcp 172.30.1.2 80
refuses "another network's container, UDP" c3 udp 172.30.1.2 81
refuses "a container's address from outside" outside tcp 172.30.1.2 80
refuses "a container's address from outside, UDP" outside udp 172.30.1.2 81

# The attack: a neighbour on the wire sends packets for 127.0.0.1 to the machine (moby CVE-2025-54410). Its
# kernel is made to do so; the machine's is made to accept them, so that only the rules protect it.
at outside sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; ip route del local 127.0.0.0/8 table local
	ip addr flush dev lo; ip route add 127.0.0.0/8 via 192.0.2.1 src 192.0.2.9'
at host sh -c 'echo 1 >/proc/sys/net/ipv4/conf/wan/route_localnet'
refuses "port published on loopback, from the wire" outside tcp 127.0.0.1 8090
refuses "the machine's own loopback service, from the wire" outside tcp 127.0.0.1 7000
at c2 sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; ip route del local 127.0.0.0/8 table local
	ip addr flush dev lo; ip route add 127.0.0.0/8 via 172.30.1.1 src 172.30.1.3'
expect_equal 1 "$(at host cat "/proc/sys/net/ipv4/conf/$(tool name a)/route_localnet")" "route_localnet where it is needed"
expect_equal 0 "$(at host cat "/proc/sys/net/ipv4/conf/$(tool name b)/route_localnet")" "and only there"
refuses "the machine's own loopback service, from a container" c2 tcp 127.0.0.1 7000
refuses "port published on loopback, from a container" c2 tcp 127.0.0.1 8090
# the counter-test: the same packets do arrive without the rule
at host nft flush chain ip cleat early
expect_out '^c1 192.0.2.9$' "the attack works when the rule is missing" ask outside tcp 127.0.0.1 8090
expect "rules again" rules
refuses "and no longer" outside tcp 127.0.0.1 8090

# beside Docker: its FORWARD policy is a drop in another table, which docs/network.md says how to open
docker() {
	at host nft -f - <<END
table ip filter {
	chain DOCKER-USER { $1 }
	chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; }
}
END
}
docker ""
refuses "a published port beside Docker's drop" outside tcp 192.0.2.1 8080
at host nft delete table ip filter
docker 'iifname "cleat-*" accept; oifname "cleat-*" ct state established,related accept; oifname "cleat-*" ct status dnat accept'
expect_out '^c1 192.0.2.9$' "the same with the rules of docs/network.md" ask outside tcp 192.0.2.1 8080
expect_out '^outside 192.0.2.1$' "and the way out" ask c2 tcp 192.0.2.9 80
refuses "networks stay apart" c3 tcp 172.30.1.2 80
refuses "container addresses stay closed" outside tcp 172.30.1.2 80
at host nft delete table ip filter

# IPv6 (moby CVE-2020-13401, CVE-2024-32473)
expect_equal "" "$(at c1 ip -6 -o address show dev eth0)" "no IPv6 address in the container"
expect_equal "0 1" "$(at c1 sh -c 'cd /proc/sys/net/ipv6/conf/eth0; echo $(cat accept_ra disable_ipv6)')" \
	"no router advertisements, no IPv6 in the container"
expect_equal "" "$(at host ip -6 -o address show dev "$(tool name a)")" "no IPv6 address on the bridge"
expect_equal "0 1" "$(at host sh -c "cd /proc/sys/net/ipv6/conf/$(tool name a); echo \$(cat accept_ra disable_ipv6)")" \
	"no router advertisements, no IPv6 on the bridge"
tap_end
