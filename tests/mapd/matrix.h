/*
 * matrix.h - identity x name x type x verb x policy, held to a table on paper.
 */
#ifndef TESTS_MAPD_MATRIX_H
#define TESTS_MAPD_MATRIX_H

void test_matrix(void **state);

#endif
