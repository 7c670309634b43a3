/*
 * proposal.c - an UPDATE on its way: made of what came, freed with all it owns.
 * Knows nothing of who may change what.
 */
#include "mapd/proposal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/reply.h"

int
proposal_new(struct bytes wire, struct proposal **out)
{
	struct proposal *p = calloc(1, sizeof *p + wire.n);
	uint8_t *copy;
	int error;

	if (p == NULL)
		return -MAP_ENOMEM;
	copy = (uint8_t *)(p + 1);
	memcpy(copy, wire.p, wire.n);
	p->wire = (struct bytes){copy, wire.n};
	p->verdict.ede = EDE_NONE;
	error = message_parse(p->wire, &p->message);
	if (error == 0)
		*out = p;
	else
		proposal_free(p);
	return error;
}

void
proposal_free(struct proposal *p)
{
	if (p == NULL)
		return;
	update_fini(&p->update);
	crypto_wipe(&p->key, sizeof p->key);
	free(p);
}

void
verdict_set(struct verdict *verdict, unsigned rcode, int ede, const char *format, ...)
{
	va_list arguments;

	verdict->rcode = rcode;
	verdict->ede = ede;
	va_start(arguments, format);
	vsnprintf(verdict->text, sizeof verdict->text, format, arguments);
	va_end(arguments);
}
