/* expr.c - the small sums that stand in a lab's tables
 *
 * Precedence climbing over a table of operators. A value is text; it counts as
 * a number when all of it is one.
 */
#include <twlab/expr.h>

#include <twlab/number.h>

#include <ctype.h>
#include <errno.h>

#define MOST_NESTING 64

struct value {
	char text[256];
};

struct parser {
	const char *at;		/* what is left to read */
	const char *all;	/* for messages */
	expr_lookup *lookup;
	const void *names;
	struct err *err;
	bool failed;
	int depth;		/* of parentheses, signs and choices: bounds the recursion */
};

enum op { OP_OR, OP_AND, OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT,
	  OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD, OPS };

static const struct { const char *text; int binds; } op_info[] = {
	[OP_OR]  = { "||", 1 }, [OP_AND] = { "&&", 2 },
	[OP_EQ]  = { "==", 3 }, [OP_NE]  = { "!=", 3 },
	[OP_LE]  = { "<=", 4 }, [OP_GE]  = { ">=", 4 },
	[OP_LT]  = { "<",  4 }, [OP_GT]  = { ">",  4 },
	[OP_ADD] = { "+",  5 }, [OP_SUB] = { "-",  5 },
	[OP_MUL] = { "*",  6 }, [OP_DIV] = { "/",  6 }, [OP_MOD] = { "%", 6 },
};
static_assert(ARRAY_SIZE(op_info) == OPS, "op_info[] lacks an operator");

static struct value fail(struct parser *p, const char *what)
{
	if (!p->failed)
		err_set(p->err, 0, "%s in '%s'", what, p->all);
	p->failed = true;
	return (struct value){ "" };
}

static void skip_space(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static bool is_number(const struct value *value, long long *n)
{
	return number_integer(value->text, n);
}

static bool holds(const struct value *value)
{
	static const char *const no[] = { "", "0", "no", "off" };

	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (!strcmp(value->text, no[i]))
			return false;
	return true;
}

static struct value number(long long n)
{
	struct value value;

	snprintf(value.text, sizeof(value.text), "%lld", n);
	return value;
}

static struct value choice(struct parser *p);

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* The value of the name that is the @len characters at @at; NULL if it is none. */
static const char *find(const struct parser *p, const char *at, size_t len)
{
	char name[sizeof(((struct value *)0)->text)];

	if (!p->lookup || len >= sizeof(name))
		return NULL;
	memcpy(name, at, len);
	name[len] = '\0';
	return p->lookup(p->names, name);
}

/* How long the word at @at is. "late-fin" is one, "i-1" is not: i is a name. */
static size_t word_len(const struct parser *p, const char *at)
{
	size_t len = 0;

	while (in_word(at[len]))
		len++;
	while (len && !isdigit((unsigned char)*at) && at[len] == '-' && in_word(at[len + 1]) && !find(p, at, len))
		for (len++; in_word(at[len]); )
			len++;
	return len;
}

static struct value atom(struct parser *p, bool *is_name);

/* "+5000" is a number as a parameter may have it. */
static struct value with_sign(struct parser *p, char sign)
{
	bool is_name;
	struct value value = atom(p, &is_name);
	long long n;

	if (p->failed)
		return value;
	if (sign == '!')
		return number(!holds(&value));
	if (!is_number(&value, &n))
		return fail(p, "a sign before what is no number");
	if (sign == '-' && __builtin_sub_overflow(0, n, &n))
		return fail(p, "a number too large");
	return number(n);
}

static struct value in_parentheses(struct parser *p)
{
	struct value value = choice(p);

	skip_space(p);
	if (!p->failed && *p->at != ')')
		return fail(p, "a ')' is missing");
	p->at += !p->failed;
	return value;
}

/* What stands between two of @quote, as it is. */
static struct value quoted(struct parser *p, char quote)
{
	const char *end = strchr(p->at, quote);
	struct value value;

	if (!end || end - p->at >= (ptrdiff_t)sizeof(value.text))
		return fail(p, end ? "a text too long" : "the end of a quoted text is missing");
	snprintf(value.text, sizeof(value.text), "%.*s", (int)(end - p->at), p->at);
	p->at = end + 1;
	return value;
}

static struct value word(struct parser *p, bool *is_name)
{
	size_t len = word_len(p, p->at);
	struct value value;
	const char *found;

	if (!len || len >= sizeof(value.text))
		return fail(p, len ? "a text too long" : "a name or number is missing");
	found = find(p, p->at, len);
	*is_name = found;
	snprintf(value.text, sizeof(value.text), "%.*s", found ? (int)strlen(found) : (int)len, found ? found : p->at);
	p->at += len;
	return value;
}

/* A word, a number, a text in quotes, a sign or a parenthesis. @is_name: it was a name's value. */
static struct value atom(struct parser *p, bool *is_name)
{
	struct value value;
	char first;

	*is_name = false;
	skip_space(p);
	if (++p->depth > MOST_NESTING)
		return fail(p, "too much nesting");
	first = *p->at;
	p->at += first && strchr("(!+-'\"", first);
	switch (first) {
	case '(':
		value = in_parentheses(p);
		break;
	case '!': case '+': case '-':
		value = with_sign(p, first);
		break;
	case '\'': case '"':
		value = quoted(p, first);
		break;
	default:
		value = word(p, is_name);
	}
	p->depth--;
	return value;
}

static struct value apply(struct parser *p, enum op op, const struct value *a,
			  const struct value *b)
{
	bool numbers;
	long long m, n, r = 0;

	numbers = is_number(a, &m);
	numbers = is_number(b, &n) && numbers;
	switch (op) {
	case OP_OR:  return number(holds(a) || holds(b));
	case OP_AND: return number(holds(a) && holds(b));
	case OP_EQ:  return number(numbers ? m == n : !strcmp(a->text, b->text));
	case OP_NE:  return number(numbers ? m != n : !!strcmp(a->text, b->text));
	case OP_LE: case OP_GE: case OP_LT: case OP_GT:
	case OP_ADD: case OP_SUB: case OP_MUL: case OP_DIV: case OP_MOD:
	case OPS:
		break;
	}
	if (!numbers)
		return fail(p, "a sum of what is no number");
	if ((op == OP_DIV || op == OP_MOD) && (n == 0 || n == -1))
		return n ? fail(p, "a division by -1") : fail(p, "a division by zero");
	switch (op) {
	case OP_LE: return number(m <= n);
	case OP_GE: return number(m >= n);
	case OP_LT: return number(m < n);
	case OP_GT: return number(m > n);
	case OP_DIV: return number(m / n);
	case OP_MOD: return number(m % n);
	case OP_ADD: if (!__builtin_add_overflow(m, n, &r)) return number(r); break;
	case OP_SUB: if (!__builtin_sub_overflow(m, n, &r)) return number(r); break;
	case OP_MUL: if (!__builtin_mul_overflow(m, n, &r)) return number(r); break;
	case OP_OR: case OP_AND: case OP_EQ: case OP_NE: case OPS:
		break;
	}
	return fail(p, "a number too large");
}

static int next_op(struct parser *p)
{
	skip_space(p);
	for (int op = 0; op < OPS; op++)
		if (!strncmp(p->at, op_info[op].text, strlen(op_info[op].text)))
			return op;
	return -1;
}

static struct value binary(struct parser *p, int binds)
{
	bool is_name;
	struct value left = atom(p, &is_name);
	struct value right;
	int op;

	while (!p->failed && (op = next_op(p)) >= 0 && op_info[op].binds >= binds) {
		if ((op == OP_EQ || op == OP_NE) && !is_name) {
			long long n;

			if (!is_number(&left, &n))
				return fail(p, "no such name on the left of a comparison");
		}
		p->at += strlen(op_info[op].text);
		right = binary(p, op_info[op].binds + 1);
		if (p->failed)
			break;
		left = apply(p, op, &left, &right);
		is_name = false;
	}
	return left;
}

static struct value choice(struct parser *p)
{
	struct value cond = binary(p, 1);
	struct value yes, no;

	skip_space(p);
	if (p->failed || *p->at != '?')
		return cond;
	if (++p->depth > MOST_NESTING)
		return fail(p, "too much nesting");
	p->at++;
	yes = choice(p);
	if (p->failed)
		return yes;
	skip_space(p);
	if (*p->at != ':')
		return fail(p, "a ':' is missing");
	p->at++;
	no = choice(p);
	p->depth--;
	return holds(&cond) ? yes : no;
}

char *expr_value(const char *text, expr_lookup *lookup, const void *names, struct err *err)
{
	struct parser p = { text, text, lookup, names, err, false, 0 };
	struct value value = choice(&p);

	skip_space(&p);
	if (!p.failed && *p.at)
		fail(&p, "something is left over");
	return p.failed ? NULL : must_strdup(value.text);
}

int expr_holds(const char *text, expr_lookup *lookup, const void *names, struct err *err)
{
	auto_free char *text_value = expr_value(text, lookup, names, err);
	struct value value;

	if (!text_value)
		return -EINVAL;
	snprintf(value.text, sizeof(value.text), "%s", text_value);
	return holds(&value);
}

/* Whether @text, which stands between braces, is an expression rather than a
 * block of the nft language: those hold blanks, ';' or line ends at their start.
 */
static bool is_expression(const char *text)
{
	return isalnum((unsigned char)*text) || *text == '(' || *text == '-';
}

char *expr_fill(const char *text, expr_lookup *lookup, const void *names, struct err *err)
{
	auto_free char *out = NULL;
	const char *at = text, *open, *close;
	size_t len = 0;

	out = must_strdup("");
	for (;;) {
		auto_free char *inner = NULL, *value = NULL;

		open = at;
		while (*open && !(*open == '{' && is_expression(open + 1)))
			open++;
		close = *open ? strchr(open, '}') : NULL;
		if (*open && !close) {
			err_set(err, 0, "a '}' is missing in '%s'", text);
			return NULL;
		}
		if (*open) {
			inner = must_printf("%.*s", (int)(close - open - 1), open + 1);
			value = expr_value(inner, lookup, names, err);
			if (!value)
				return NULL;
		}
		size_t plain = (size_t)(open - at);
		size_t more = value ? strlen(value) : 0;

		out = must_realloc(out, len + plain + more + 1, 1);
		memcpy(out + len, at, plain);
		memcpy(out + len + plain, value ? value : "", more);
		len += plain + more;
		out[len] = '\0';
		if (!*open)
			return steal_ptr(&out);
		at = close + 1;
	}
}
