#pragma once

/* what every unit test includes first: cmocka with the headers that it needs before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
