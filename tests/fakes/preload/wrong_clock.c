/* A machine whose clock is wrong by WRONG_CLOCK_S seconds, for a program started with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    const char *wrong = getenv("WRONG_CLOCK_S");
    if (clock == CLOCK_REALTIME && wrong)
        now->tv_sec += atol(wrong);
    return result;
}
