# Manifest events (about 65 KiB). The emitter is not compiled: manifests are printed by our own code.
libyaml_VERSION := 0.2.5
libyaml_FILES := libyaml_0.2.5.orig.tar.gz:libyaml
libyaml_LICENSE := License
libyaml_LIB := libyaml.a
libyaml_SRCS := $(addprefix src/,api.c loader.c parser.c reader.c scanner.c)
libyaml_CFLAGS := -Iinclude -DYAML_VERSION_MAJOR=0 -DYAML_VERSION_MINOR=2 -DYAML_VERSION_PATCH=5 \
	-DYAML_VERSION_STRING='"0.2.5"'
libyaml_HEADERS := include/yaml.h
