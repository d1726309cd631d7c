#pragma once

/*
 * What _FORTIFY_SOURCE is for glibc, for musl, which has none: when the compiler can see how large an
 * object is, a call of libc that would write or read past its end ends the process with a trap
 * instead of doing it. The compiler finds the headers of this folder before those of libc
 * (-isystem, CONFIG_FORTIFY); third-party code is covered in the same way. Only functions that
 * this program and its libraries use are wrapped.
 *
 * A wrapper is always inlined and there is no out-of-line copy of it, so a call whose size is not
 * known costs nothing.
 */
#define FORTIFY extern inline __attribute__((__gnu_inline__, __always_inline__, __artificial__))

/* a second name for libc's function where the compiler has no builtin to call */
#define FORTIFY_REAL(name) extern __typeof__(name) fortify_real_##name __asm__(#name)

/* room left in the object that p points into, SIZE_MAX when it is not known */
#define FORTIFY_ROOM(p) __builtin_dynamic_object_size(p, 0)

#define FORTIFY_CHECK(p, n)                                                                        \
	do {                                                                                       \
		if ((n) > FORTIFY_ROOM(p))                                                         \
			__builtin_trap();                                                          \
	} while (0)
