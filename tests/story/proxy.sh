#!/bin/sh
# timeout: 120
# Pulls through a real proxy (tinyproxy): by CONNECT and plain, with and without password, from the environment and from
# registries.yaml; and what a registry behind it may not send us to.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip unshare tinyproxy

unset HTTPS_PROXY HTTP_PROXY NO_PROXY https_proxy http_proxy no_proxy
mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up || tap_end
# the device itself cannot resolve the registry's name when it starts to pull: /etc/hosts is the proxy's alone
printf '127.0.0.1 localhost\n' >"$TMP/hosts"
mount --bind "$TMP/hosts" /etc/hosts
registry_ca && registry_cert localhost ecdsa DNS:localhost,DNS:registry.test && registry_images &&
	registry_start localhost || { fail "make a registry"; tap_end; }
registry_push tiny "$registry/team/tiny:1"
port=$registry_port
image=registry.test:$port/team/tiny:1
mkdir -p "$E/etc/certs.d/registry.test:$port" && cp "$TMP/pki/ca.crt" "$E/etc/certs.d/registry.test:$port/"

proxy_start() { # PORT [LINE...]
	proxy_port=$1
	shift
	printf '%s\n' "Port $proxy_port" 'Listen 127.0.0.1' "LogFile \"$TMP/proxy-$proxy_port.requests\"" 'LogLevel Connect' "$@" >"$TMP/proxy-$proxy_port.conf"
	: >"$TMP/proxy-$proxy_port.requests"
	chmod 666 "$TMP/proxy-$proxy_port.requests"
	# its own view of names: a mount namespace with another hosts file
	printf '127.0.0.1 localhost registry.test\n' >"$TMP/hosts.proxy"
	start "proxy-$proxy_port" unshare --mount sh -c "mount --bind '$TMP/hosts.proxy' /etc/hosts && exec tinyproxy -d -c '$TMP/proxy-$proxy_port.conf'"
	wait_for 10 nc -z 127.0.0.1 "$proxy_port" || wait_for 5 sh -c "curl -s -o /dev/null http://127.0.0.1:$proxy_port/"
}
requests() {
	grep -c "$1" "$TMP/proxy-$2.requests"
}
forget() {
	cleat rmi "$image" >/dev/null 2>&1
}

open=$(registry_free_port)
proxy_start "$open"
locked=$(registry_free_port)
proxy_start "$locked" 'BasicAuth me geheim77'

expect_err 1 "no such host: registry.test|cannot resolve registry.test" "without a proxy the name means nothing" cleat pull "$image"
export HTTPS_PROXY=http://127.0.0.1:$open
expect "HTTPS_PROXY: pull by CONNECT" cleat pull "$image"
expect "the proxy was asked for it" test "$(requests "CONNECT registry.test:$port" "$open")" -ge 1
forget
NO_PROXY=other.example,registry.test expect_err 1 "no such host|cannot resolve" "NO_PROXY: asked directly" cleat pull "$image"
unset HTTPS_PROXY
https_proxy=127.0.0.1:$open expect "https_proxy in lower case" cleat pull "$image"
forget
export HTTPS_PROXY=http://127.0.0.1:$locked
expect_err 1 "the proxy 127.0.0.1 asks for user and password \(HTTP 407\)" "a proxy that wants a password" cleat pull "$image"
HTTPS_PROXY=http://me:falsch@127.0.0.1:$locked
expect_err 1 "the proxy 127.0.0.1 does not accept this user and password \(HTTP 40[17]\)|does not connect us" "a wrong one" cleat pull "$image"
expect_equal 0 "$(printf %s "$tap_out" | grep -c falsch)" "is not shown"
HTTPS_PROXY=http://me:geheim77@127.0.0.1:$locked
expect "the right one" cleat pull "$image"
forget
HTTPS_PROXY=http://127.0.0.1:1
expect_err 1 "proxy: cannot connect to 127.0.0.1" "a proxy that is down" cleat pull "$image"
HTTPS_PROXY=socks5://me:geheim77@127.0.0.1
expect_err 1 "proxy: the proxy's URL must start with http://" "a proxy that is none" cleat pull "$image"
printf 'proxy:\n  https: http://127.0.0.1:%s\n' "$open" >"$E/etc/registries.yaml"
expect "registries.yaml goes before the environment" cleat pull "$image"
forget
printf 'proxy:\n  https: http://me:geheim77@127.0.0.1:%s\n' "$locked" >"$E/etc/registries.yaml"
chmod 644 "$E/etc/registries.yaml"
expect_err 1 "etc/registries.yaml holds a secret, and other users may read or change it: .*chmod 600" "registries.yaml with a password, which others may read" \
	cleat pull "$image"
expect_equal 0 "$(printf %s "$tap_out" | grep -c geheim77)" "the password is not shown"
chmod 600 "$E/etc/registries.yaml"
expect "registries.yaml with a password, root's alone" cleat pull "$image"
forget
chmod 644 "$E/etc/registries.yaml"
printf 'proxy:\n  htps: x\n' >"$E/etc/registries.yaml"
expect_err 1 "registries.yaml:2:3: unknown key .htps." "a word that is misspelt" cleat pull "$image"
rm "$E/etc/registries.yaml"
unset HTTPS_PROXY

# a registry without TLS
registry_stop
registry_start none || tap_end
mkdir -p "$E/etc/certs.d/registry.test:$registry_port" && touch "$E/etc/certs.d/registry.test:$registry_port/plain-http"
plain=registry.test:$registry_port/team/tiny:1
HTTP_PROXY=http://me:geheim77@127.0.0.1:$locked expect "HTTP_PROXY: pull plainly" cleat pull "$plain"
expect "the proxy was asked for it" test "$(requests "http://registry.test:$registry_port/v2/" "$locked")" -ge 1
cleat rmi "$plain" >/dev/null
registry_stop

# what a registry behind a proxy may not do
badregistry bad localhost || { fail "make a bad registry"; tap_end; }
refuses() { # NAME MODE REGEX
	expect_err 1 "$3" "$1" "$O/tests/tool/fetch_client" registry-ca="$TMP/pki/ca.crt" \
		https-proxy="http://127.0.0.1:$open" "registry.test:$bad_port" "$2" \
		"blob@sha256:$(printf '%064d' 0)"
}
refuses "registry SSRF by proxy: redirect to link-local" redirect/linklocal "to 169.254.169.254 at the link-local address behind the proxy: refused"
refuses "registry SSRF by proxy: redirect to a private address" redirect/private "to 10.1.2.3 at the private address behind the proxy: refused"
refuses "registry SSRF by proxy: redirect to this device, past the proxy" redirect/loopback "at the loopback address 127.0.0.1:1: refused"
refuses "registry SSRF by proxy: an address in an odd spelling" redirect/decimal "2130706433 at the private address behind the proxy: refused"
refuses "registry realm SSRF by proxy: link-local realm" realm/linklocal "169.254.169.254 at the link-local address behind the proxy: refused"
tap_end
