#pragma once

/**
 * IS_ENABLED() - whether a boolean configuration symbol is set
 * @option: CONFIG_ name of a boolean symbol, set or not
 *
 * An ordinary constant expression, so that both branches of an if are compiled and checked while
 * only one ends up in the binary:
 *
 *	if (IS_ENABLED(CONFIG_DNS))
 *		dns_start(&engine->dns);
 *
 * Return: 1 or 0.
 */
#define IS_ENABLED(option) KCONFIG_IS_1(option)

/*
 * A symbol that is set is defined as 1. Pasting its value behind KCONFIG_ARG_ then gives a macro that
 * adds one argument, which moves the 1 to second place; for an undefined name nothing moves.
 */
#define KCONFIG_ARG_1			   0,
#define KCONFIG_SECOND(first, second, ...) second
#define KCONFIG_PICK(arg_or_junk)	   KCONFIG_SECOND(arg_or_junk 1, 0, 0)
#define KCONFIG_PASTE(value)		   KCONFIG_PICK(KCONFIG_ARG_##value)
#define KCONFIG_IS_1(value)		   KCONFIG_PASTE(value)
