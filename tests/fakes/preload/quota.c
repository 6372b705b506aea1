/* A user whose quota is used up after QUOTA_BYTES, for a program that is started with LD_PRELOAD: what it
 * writes at places of a file counts. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>

static long used;

#define LIMITED(name)                                                              \
    ssize_t name(int fd, const void *data, size_t count, off_t at)                 \
    {                                                                              \
        ssize_t (*real)(int, const void *, size_t, off_t) =                        \
            (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, #name); \
        if (__sync_add_and_fetch(&used, (long)count) > atol(getenv("QUOTA_BYTES"))) { \
            errno = EDQUOT;                                                        \
            return -1;                                                             \
        }                                                                          \
        return real(fd, data, count, at);                                          \
    }
LIMITED(pwrite)
LIMITED(pwrite64)
