/*
 * scene.h - what tests of sessions share: an agent of their own, listeners on loopback, pairs that it ranks.
 */
#ifndef TESTS_LIBMAP_SCENE_H
#define TESTS_LIBMAP_SCENE_H

#include <netinet/in.h>
#include <stdint.h>

#include "libmap/map.h"
#include "tests/libmap/fake.h"

/* protocol 4's sample */
#define HHIT "2001:3f:fe00:a05:e437:dbb2:2e81:cb3e"

extern struct fake *fake;
extern struct map *map;
extern char port[8]; /* that all listeners share */
extern uint16_t number;

uint64_t now_ms(void);
struct sockaddr_in loopback(unsigned last, uint16_t at);
int listen_on(unsigned last, int backlog);
void listen_deaf(unsigned last);
void address(uint8_t out[16], unsigned last);
struct pair *pair(unsigned source, unsigned destination, unsigned identity);
int setup(void **state);
int teardown(void **state);

#endif
