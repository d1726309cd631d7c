# TLS 1.3 and 1.2 client (CONFIG_TLS_MBEDTLS), instead of bearssl: about 330 KiB, with a heap of its own. Its headers are in
# folders, so the common case does not fit; config.h is ours.
mbedtls_VERSION := 3.6.6
mbedtls_FILES := mbedtls_3.6.6.orig.tar.bz2:mbedtls
mbedtls_LICENSE := LICENSE
mbedtls_LIB := libmbedtls.a
mbedtls_SRCS := $(addsuffix .c,aes aesce aesni asn1parse asn1write bignum bignum_core bignum_mod bignum_mod_raw \
	block_cipher chacha20 chachapoly cipher cipher_wrap constant_time ecdh ecdsa ecp ecp_curves gcm \
	hkdf hmac_drbg md memory_buffer_alloc oid pk pk_ecc pk_wrap pkparse pkwrite platform platform_util \
	poly1305 psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client \
	psa_crypto_driver_wrappers_no_static psa_crypto_ecp psa_crypto_hash psa_crypto_mac psa_crypto_random \
	psa_crypto_rsa psa_crypto_slot_management psa_util rsa rsa_alt_helpers sha1 sha256 sha512 \
	ssl_ciphersuites ssl_client ssl_msg ssl_tls ssl_tls12_client ssl_tls13_client ssl_tls13_generic \
	ssl_tls13_keys x509 x509_crt)
mbedtls_CFLAGS := -Iinclude -Ilibrary
mbedtls_PREPARE = $(Q)cp $(RECIPE)/config.h $(SRC).tmp/include/mbedtls/mbedtls_config.h

define mbedtls_BUILD
	$(Q)mkdir -p $(STAGE)/obj $(STAGE)/lib $(STAGE)/include
	$(Q)printf '%s\n' $(mbedtls_SRCS) | xargs -P2 -I@ $(PKG_CC) $(FLAGS) -c -o $(STAGE)/obj/@.o $(SRC)/library/@
	$(Q)$(PKG_AR) rcsD $(STAGE)/lib/$(mbedtls_LIB) $(patsubst %,$(STAGE)/obj/%.o,$(mbedtls_SRCS))
	$(Q)cp -r $(SRC)/include/mbedtls $(SRC)/include/psa $(STAGE)/include/
endef
