#!/bin/sh
# timeout: 240
# Pulls that fail, by every cause that a device meets: the message names what, where and what to do; what
# runs goes on; nothing half-made stays in the store.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare

engine_world || { fail "make a registry"; tap_end; }
tiny=$registry/tiny:1
registry_layer tiny other sh -c 'echo other >etc/other; head -c 300000 /dev/urandom >etc/noise' || { fail "make an image"; tap_end; }
badregistry bad localhost --layout "$TMP/oci" || { fail "make a bad registry"; tap_end; }
mkdir -p "$E/etc/certs.d/$bad" && cp "$TMP/pki/ca.crt" "$E/etc/certs.d/$bad/"

expect "the engine starts" engine_start || tap_end
expect "run" cleat run -d --name web "$registry/layers:1" httpd -f -p 80 -h /srv/www || tap_end
web=$(pid_of web)
images=$(cleat images -q | sort)
layers=$(ls "$E/root/layers" | sort)

leaves_all() {
	expect_equal "$web $images $layers  " \
		"$(pid_of web) $(cleat images -q | sort) $(ls "$E/root/layers" | sort) $(ls "$E/root/staging") $(engine_cgroups | sed 's,$,/pull,' | xargs ls -d 2>/dev/null)" \
		"$1: what runs and what is stored is as before"
}

fails() { # NAME REFERENCE REGEX
	expect_err 1 "$3" "$1" cleat pull "$2"
	leaves_all "$1"
}

# the registry
fails "a registry that is down" localhost:1/x:1 'localhost:1.*(refused|answer)'
fails "an image that is not there" "$registry/nothere:1" 'has no image nothere:1'
fails "a tag that is not there" "$registry/tiny:9" 'has no image tiny:9'
fails "an image for another machine" "$registry/arm64:1" 'arm64'
good=$registry
registry_start localhost
fails "a certificate that nobody vouches for" "$registry/tiny:1" 'certs.d|ca.crt|trust'
registry_stop
registry_cert_dates expired DNS:localhost 20200101000000Z 20200201000000Z && registry_start expired && engine_trust
fails "a certificate that has expired" "$registry/tiny:1" 'expired'
registry_stop
registry_cert elsewhere ecdsa DNS:elsewhere.example && registry_start elsewhere && engine_trust
fails "a certificate for another name" "$registry/tiny:1" 'localhost'
registry_stop
registry_start none
fails "a registry without TLS" "$registry/layers:1" 'TLS|tls|plain'
touch "$E/etc/certs.d/$registry/plain-http" 2>/dev/null || { mkdir -p "$E/etc/certs.d/$registry" && touch "$E/etc/certs.d/$registry/plain-http"; }
expect "unless its plain-http file allows that" cleat pull "$registry/layers:1"
expect "rmi" cleat rmi "$registry/layers:1"
leaves_all "rmi of a second name"
registry_stop
registry=$good

# the bytes
fails "a layer with another content" "$bad/wrongdigest:other" 'digest|sha256'
fails "a layer that is cut short" "$bad/truncated:other" 'bytes|truncated|size'
fails "a layer that is longer" "$bad/longer:other" 'bytes|longer|size'
fails "a manifest that is no manifest" "$bad/manifest/garbage:other" 'manifest'
fails "a configuration with another content" "$bad/config/wrongdigest:other" 'digest|sha256'
fails "a configuration that is no JSON" "$bad/config/garbage:other" 'digest|sha256|JSON|config'
fails "schema 1" "$bad/manifest/schema1:other" 'schema'

# no room
mkdir "$TMP/small" && mount -t tmpfs -o size=1m none "$TMP/small"
expect_err 1 '[Nn]o space' "no space left" "$CLEAT" --root "$TMP/small/root" --run "$TMP/small-run" --config "$E/etc" pull "$tiny"
expect_equal "" "$(ls "$TMP/small/root/staging" "$TMP/small/root/layers" | grep -v :)" "nothing half-made stays where no room was"
umount "$TMP/small"

# a pull that is under way when the engine dies
start slow cleat pull "$bad/silent/1000:other"
pulling() {
	[ -n "$(ls "$E/root/staging")" ]
}
expect "a pull is under way" wait_for 10 pulling
roles() {
	for pull_proc in /proc/[0-9]*; do
		case $(tr '\0' ' ' <"$pull_proc/cmdline" 2>/dev/null) in
		*"@fetch "* | *"@unpack "*)
			[ "$(readlink "$pull_proc/exe" 2>/dev/null)" = "$(readlink -f "$CLEAT")" ] &&
				[ "$(readlink "$pull_proc/cwd")" != "" ] && grep -q "^PPid:.$1$" "$pull_proc/status" && echo "${pull_proc#/proc/}" ;;
		esac
	done 2>/dev/null
	return 0
}
busy=$(roles "$engine_pid")
[ -n "$busy" ] && ok "its roles are children of the engine" || fail "its roles are children of the engine"
engine_crash
gone() {
	for gone_pid in $busy; do
		alive "$gone_pid" && return 1
	done
	return 0
}
expect "they end with it" wait_for 5 gone
expect "a new engine starts" engine_start || tap_end
leaves_all "a pull that was interrupted"

# one job for two who ask
: >"$TMP/bad.requests"
start first cleat pull "$bad/drip/0.02:other"
first=$started
start second cleat pull "$bad/drip/0.02:other"
sleep 1
kill "$first" "$started" 2>/dev/null
expect_equal 1 "$(grep -c '^GET .*/manifests/other' "$TMP/bad.requests")" "the same image is asked for once"

# from a directory
registry_quiet skopeo copy --insecure-policy "oci:$TMP/oci:tiny" "oci:$TMP/one:latest"
engine_stop
engine_start || tap_end
expect "load an OCI layout" cleat load -t tiny:local "$TMP/one"
expect_equal 7 "$(cleat run --rm tiny:local sh -c 'echo $((3 + 4))')" "and run it"
expect "fsck finds nothing" cleat fsck
expect_err 1 'web|use' "an image in use is not removed" cleat rmi "$registry/layers:1"
expect "the engine stops" engine_stop
expect_equal "" "$(engine_leftovers)" "nothing is left"
tap_end
