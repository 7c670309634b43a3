/*
 * fuzz_frame.c - frames out of a stream, and what requests, marks and records make of a payload.
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire/frame.h"
#include "core/wire/probe.h"
#include "tests/fuzz/fuzz.h"

static void
request_round(struct bytes payload)
{
	uint8_t octets[2048];
	struct wr wr = wr_init(octets, sizeof octets);
	struct resolve_request r;

	if (resolve_request_read(payload, &r) != 0)
		return;
	resolve_request_put(&wr, &r);
	HOLDS(bytes_equal(wr_done(&wr), payload));
}

static void
mark_round(struct bytes payload)
{
	uint8_t octets[64];
	struct wr wr = wr_init(octets, sizeof octets);
	struct pair_mark m;

	if (pair_mark_read(payload, &m) != 0)
		return;
	pair_mark_put(&wr, &m);
	HOLDS(bytes_equal(wr_done(&wr), payload));
}

static void
note_round(struct bytes payload)
{
	uint8_t octets[2048];
	struct wr wr = wr_init(octets, sizeof octets);
	struct session_note note;

	if (session_note_read(payload, &note) != 0)
		return;
	session_note_put(&wr, &note);
	HOLDS(bytes_equal(wr_done(&wr), payload));
}

static void
event_round(struct bytes payload)
{
	uint8_t octets[1024];
	struct wr wr = wr_init(octets, sizeof octets);
	struct session_event event;

	if (session_event_read(payload, &event) != 0)
		return;
	session_event_put(&wr, &event);
	HOLDS(wr.error == 0 && wr.n <= payload.n); /* a NUL ends a text */
}

static void
probe_round(struct bytes payload)
{
	uint8_t octets[PROBE_OCTETS];
	struct probe probe;

	if (probe_read(payload, &probe) != 0)
		return;
	probe_put(&probe, octets);
	HOLDS(bytes_equal((struct bytes){octets, sizeof octets}, payload));
}

static void
records_round(struct bytes payload)
{
	static uint8_t octets[FRAME_MAX];
	struct wr wr = wr_init(octets, sizeof octets);
	struct rd rd = rd_init(payload);
	struct name owner;
	struct rr rr;

	while (frame_record_read(&rd, &owner, &rr))
		frame_record_put(&wr, &rr);
	if (rd.error == 0)
		HOLDS(bytes_equal(wr_done(&wr), payload));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes stream = {data, n};
	struct frame frame;
	int took;

	while ((took = frame_read(stream, &frame)) > 0) {
		HOLDS((size_t)took <= stream.n && took >= FRAME_HEADER);
		HOLDS(frame.payload.n == (size_t)took - FRAME_HEADER);
		request_round(frame.payload);
		mark_round(frame.payload);
		note_round(frame.payload);
		event_round(frame.payload);
		probe_round(frame.payload);
		records_round(frame.payload);
		stream.p += took;
		stream.n -= (size_t)took;
	}
	return 0;
}
