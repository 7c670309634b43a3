/*
 * intake.c - the queue of proposals before the writer: a list under a lock, and an eventfd to sleep on.
 */
#include "mapd/intake.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/wire/errors.h"

struct intake {
	pthread_mutex_t lock;
	struct proposal *first, **end;
	size_t n, octets;
	int fd; /* has a token while something waits */
};

int
intake_new(struct intake **out)
{
	struct intake *intake = calloc(1, sizeof *intake);

	if (intake == NULL)
		return -MAP_ENOMEM;
	pthread_mutex_init(&intake->lock, NULL);
	intake->end = &intake->first;
	intake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (intake->fd < 0) {
		intake_free(intake);
		return -MAP_ESYS;
	}
	*out = intake;
	return 0;
}

void
intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	while (intake->first != NULL) {
		struct proposal *next = intake->first->next;

		proposal_free(intake->first);
		intake->first = next;
	}
	if (intake->fd >= 0)
		close(intake->fd);
	pthread_mutex_destroy(&intake->lock);
	free(intake);
}

int
intake_fd(const struct intake *intake)
{
	return intake->fd;
}

/* An eventfd takes and gives eight octets whole; it is full only of tokens. */
static void
intake_token(struct intake *intake, bool put)
{
	uint64_t token = 1;
	ssize_t n;

	do
		n = put ? write(intake->fd, &token, sizeof token)
			: read(intake->fd, &token, sizeof token);
	while (n < 0 && errno == EINTR);
}

/* Read, its records take several times the room of the message. */
static size_t
proposal_octets(const struct proposal *p)
{
	return sizeof *p + 2 * p->wire.n +
	       (p->update.n_prerequisites + p->update.n_changes) *
		   (sizeof p->update.items[0] + sizeof(struct name));
}

int
intake_put(struct intake *intake, struct proposal *proposal)
{
	size_t octets = proposal_octets(proposal);
	bool first;

	pthread_mutex_lock(&intake->lock);
	if (intake->n == INTAKE_MOST ||
	    (intake->n > 0 && octets > INTAKE_OCTETS - intake->octets)) {
		pthread_mutex_unlock(&intake->lock);
		return -MAP_ELIMIT;
	}
	first = intake->first == NULL;
	proposal->next = NULL;
	*intake->end = proposal;
	intake->end = &proposal->next;
	intake->n++;
	intake->octets += octets;
	if (first)
		intake_token(intake, true);
	pthread_mutex_unlock(&intake->lock);
	return 0;
}

struct proposal *
intake_take(struct intake *intake, size_t most, size_t *n)
{
	struct proposal *list, **end = &list;

	*n = 0;
	pthread_mutex_lock(&intake->lock);
	list = intake->first;
	while (*end != NULL && *n < most) {
		intake->octets -= proposal_octets(*end);
		end = &(*end)->next;
		++*n;
	}
	intake->first = *end;
	*end = NULL;
	intake->n -= *n;
	if (intake->first == NULL) {
		intake->end = &intake->first;
		if (*n > 0)
			intake_token(intake, false);
	}
	pthread_mutex_unlock(&intake->lock);
	return list;
}
