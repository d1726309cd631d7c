# go.sh - a Go compiler and libraries from the .deb files that the suite's 'sources' names. Sourced.
#
#	go_setup		unpack every .deb of 'sources' into WORK/go and make a GOPATH of it
#	go_source TAR PATH	unpack a source tarball as the package PATH; sets go_folder
#
# Modules are off, as when Debian builds: what a package imports is looked for in the GOPATH, and the
# network is not asked.

go_setup() {
	mkdir -p "$WORK/go"
	while read -r _ _ file _; do
		case $file in *.deb) dpkg -x "$DL/$file" "$WORK/go" || return 1 ;; esac
	done <"$SUITE_DIR/sources"
	mkdir -p "$WORK/gopath"
	mv "$WORK/go/usr/share/gocode/src" "$WORK/gopath/src"
	export GOROOT="$(echo "$WORK"/go/usr/lib/go-*)" GOPATH="$WORK/gopath" GOCACHE="$WORK/gocache"
	export GO111MODULE=off GOTOOLCHAIN=local GOFLAGS=-trimpath CGO_ENABLED=0
	PATH=$GOROOT/bin:$PATH
}

go_source() {
	go_folder=$GOPATH/src/$2
	mkdir -p "$go_folder"
	tar x -f "$DL/$1" -C "$go_folder" --strip-components=1 --no-same-owner
}
