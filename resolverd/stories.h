/*
 * stories.h - what becomes of the paths of sessions that the kernel manages, a line in the story of each: what is done is done to an
 * address, and so to all of them. Of those that are managed one by one manage_act.c tells.
 */
#ifndef RESOLVERD_STORIES_H
#define RESOLVERD_STORIES_H

#include "resolverd/mptcp.h"
#include "resolverd/paths.h"
#include "resolverd/subflows.h"

/* All leave the local address of flow, which was found dead: why. */
void stories_left(const struct paths_company *company, const struct subflows *seen, const struct subflow *flow,
    const char *why) NONNULL;
/* An address that was left answers again, and all that can come by it are to. */
void stories_returned(const struct paths_company *company, const struct subflows *seen, const uint8_t address[16]) NONNULL;
/* A path stands. */
void stories_joined(const struct paths_company *company, uint32_t token, const struct mptcp_path *path) NONNULL;

#endif
