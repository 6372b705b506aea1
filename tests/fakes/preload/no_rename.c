/* A file system that renames nothing, as Mountpoint for S3 is, for a program started with LD_PRELOAD. */
#include <errno.h>

int rename(const char *before, const char *after)
{
    (void)before;
    (void)after;
    errno = ENOSYS;
    return -1;
}
