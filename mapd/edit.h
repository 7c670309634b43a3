/*
 * edit.h - edits of zones that are open: begun, added to, shown, and ended by a commit or not.
 */
#ifndef MAPD_EDIT_H
#define MAPD_EDIT_H

#include "mapd/client.h"
#include "mapd/lines.h"

/* "zone edit": what its argument "do" says. */
void edit_command(struct client *client, const json_t *request);

/*
 * Reads a line of the client's zone as "set" and "unset" have it; its verb is set already, and its RDATA is in
 * *rdata, which is to be freed in every case. Why it is none, or NULL.
 */
const char *edit_line_read(const struct client *client, const json_t *request, uint8_t **rdata,
    struct line *line) NONNULL;

/* The client goes: an edit that is its own ends. */
void edit_client_gone(struct client *client);
/* A load or a removal of the zone was done. */
void edit_zone_loaded(struct control *control, const struct name *zone, uint32_t serial);
void edit_zone_removed(struct control *control, const struct name *zone);
/* Whether the zone has an open edit, and how many lines are in it. */
bool edit_is_open(const struct control *control, const struct name *zone, uint32_t *lines);
/* All of them end; what the writer has of them is answered to nobody. */
void edit_free_all(struct control *control);

#endif
