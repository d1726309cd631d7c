#!/bin/sh
# timeout: 60
# How the fetch role finds a registry: name servers, several addresses, IPv6. In a network of its own.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
need_root
need openssl python3 ip unshare
[ "${IN_NET:-}" ] || exec unshare -n env IN_NET=1 "$0"
ip link set lo up
for address in 198.51.100.1 198.51.100.2 198.51.100.3; do
	ip addr add "$address/32" dev lo
done

client() {
	"$O/tests/tool/fetch_client" stall=2000 registry-ca="$TMP/pki/ca.crt" resolv="$TMP/resolv.conf" hosts=/dev/null "$@"
}

# the role is not root and has no file of the machine
registry_ca
registry_cert net ecdsa "DNS:one.test,DNS:many.test,DNS:six.test,DNS:dead.test,IP:::1"
badregistry four net --address 198.51.100.3
four=$bad_port
start dns python3 "$TOP/tests/lib/nameserver.py" one.test=198.51.100.3 many.test=198.51.100.1,198.51.100.2,198.51.100.3 \
	six.test=::1 dead.test=198.51.100.1,198.51.100.2 slow.test=silent
wait_for 10 grep -q ready "$TMP/dns.log"
printf '%s\n' "nameserver 127.0.0.1" "options timeout:1 attempts:1" >"$TMP/resolv.conf"

expect_out "^done " "a name by a name server" client "one.test:$four" ok x
expect_out "^done " "all addresses are tried" client "many.test:$four" ok x
expect_err 1 "^error network -111 cannot connect to dead.test \(198.51.100.[12]:$four\): Connection refused: is the registry running" \
	"no address answers" client "dead.test:$four" ok x
expect_err 1 "^error network -2 no such host: none.test \(check its spelling and the name server\)" \
	"a name that is not there" client none.test ok x
expect_err 1 "^error network -11 cannot resolve slow.test: no name server answers \(check the network and resolv.conf\)" \
	"no name server answers" client slow.test ok x
if [ -e /proc/net/if_inet6 ]; then
	badregistry six net --address ::1
	expect_out "^done " "IPv6 by name" client "six.test:$bad_port" ok x
	expect_out "^done " "IPv6 by address, matched against the certificate" client "[::1]:$bad_port" ok x
else
	skip "IPv6" "this kernel has none"
fi
tap_end
