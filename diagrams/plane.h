/* plane.h - the little arithmetic that pictures need
 *
 * Without libm: the program is PID 1 of a guest as well, where every library
 * has to be brought along.
 */
#ifndef TWLAB_PLANE_H
#define TWLAB_PLANE_H

static inline double plane_min(double a, double b)
{
	return a < b ? a : b;
}

static inline double plane_max(double a, double b)
{
	return a > b ? a : b;
}

static inline double plane_abs(double a)
{
	return a < 0 ? -a : a;
}

/* The length of the line from 0, 0 to @x, @y (Heron: good to the last bit or so
 * after ten steps, since it begins between the length and 0.7 of it).
 */
static inline double plane_length(double x, double y)
{
	double length = plane_max(plane_abs(x), plane_abs(y));

	for (int i = 0; length > 0 && i < 10; i++)
		length = (length + (x * x + y * y) / length) / 2;
	return length;
}

#endif
