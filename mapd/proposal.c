/*
 * proposal.c - an UPDATE on its way: its own copy of the message, and the words of its verdict.
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
	struct proposal *proposal = calloc(1, sizeof *proposal + wire.n);
	uint8_t *copy;
	int rc;

	if (proposal == NULL)
		return -MAP_ENOMEM;
	copy = (uint8_t *)(proposal + 1);
	if (wire.n > 0)
		memcpy(copy, wire.p, wire.n);
	proposal->wire = (struct bytes){copy, wire.n};
	proposal->verdict.ede = EDE_NONE;
	rc = message_parse(proposal->wire, &proposal->message);
	if (rc != 0) {
		proposal_free(proposal);
		return rc;
	}
	*out = proposal;
	return 0;
}

void
proposal_free(struct proposal *proposal)
{
	if (proposal == NULL)
		return;
	update_fini(&proposal->update);
	crypto_wipe(&proposal->key, sizeof proposal->key);
	free(proposal);
}

const uint8_t *
proposal_claimant(const struct proposal *p)
{
	return p->shown ? p->source : claim_unproved;
}

void
verdict_set(struct verdict *verdict, unsigned rcode, int ede, const char *format, ...)
{
	va_list args;

	verdict->rcode = rcode;
	verdict->ede = ede;
	va_start(args, format);
	vsnprintf(verdict->text, sizeof verdict->text, format, args);
	va_end(args);
}
