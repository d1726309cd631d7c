/* what libseccomp's configure would find on every target of ours */
#define HAVE_LINUX_SECCOMP_H 1
