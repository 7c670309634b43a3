/*
 * wishes.c - what a context's sessions want of their way.
 */
#include "libmap/context.h"

#include "core/wire/errors.h"

int
map_set_class(struct map *map, enum map_class session_class)
{
	if ((unsigned)session_class >= SESSION_CLASSES)
		return context_fail(
		    map, -MAP_EUSAGE, "class %u: not known", (unsigned)session_class);
	map->wishes.class = (enum session_class)session_class;
	return 0;
}

static int
wish(struct map *map, struct path_list *list, const char *path)
{
	int rc = 0;

	if (path == NULL)
		list->n = 0;
	else
		rc = path_list_put(list, path);
	if (rc == -MAP_ETEXT)
		return context_fail(map, rc, "path %s: not the name of a path", path);
	if (rc < 0)
		return context_fail(
		    map, -MAP_ELIMIT, "path %s: at most %d of a kind", path, WISHES_PATHS);
	return 0;
}

int
map_prefer_path(struct map *map, const char *path)
{
	return wish(map, &map->wishes.prefer, path);
}

int
map_avoid_path(struct map *map, const char *path)
{
	return wish(map, &map->wishes.avoid, path);
}
