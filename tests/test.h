/* test.h - what every test includes first */
#ifndef TWLAB_TEST_H
#define TWLAB_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "lib/err.h"

#endif
