/* Makes one call of the C library fail, as a network drive or a dying disk does: the Nth one that
 * is about a file below a folder.  Loaded with LD_PRELOAD; a test tells it what to do by `fault_set`.
 * It can make the clocks jump, too.
 *
 * Knows the C library of Linux; must not know anything of nvgre-doctor.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char wanted[16], below[PATH_MAX];
static int left, number, lasts, fired;

/* `call` fails with `error` for the `nth` time that it is about what lies in `folder`, and if `stays`
 * each time after that. */
void fault_set(const char *call, const char *folder, int nth, int error, int stays)
{
    pthread_mutex_lock(&lock);
    snprintf(wanted, sizeof wanted, "%s", call);
    snprintf(below, sizeof below, "%s", folder);
    left = nth, number = error, lasts = stays, fired = 0;
    pthread_mutex_unlock(&lock);
}

/* How often it failed. */
int fault_fired(void) { return fired; }

static int fails_path(const char *call, const char *path)
{
    char here[PATH_MAX];
    int now = 0;
    if (!wanted[0] || path == NULL || strcmp(call, wanted))
        return 0;
    if (path[0] != '/')
        path = getcwd(here, sizeof here);
    if (path == NULL || strncmp(path, below, strlen(below)))
        return 0;
    pthread_mutex_lock(&lock);
    if (left > 0)
        left--;
    else if (!lasts)
        left = -1;
    now = left == 0 && (lasts || !fired);
    fired += now;
    pthread_mutex_unlock(&lock);
    if (now)
        errno = number;
    return now;
}

static int fails(const char *call, int descriptor)
{
    char link[64], path[PATH_MAX];
    ssize_t length;
    int before = errno;
    if (!wanted[0] || strcmp(call, wanted))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0)
        return 0;
    path[length] = 0;
    return fails_path(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t read(int fd, void *to, size_t count) { return fails("read", fd) ? -1 : REAL(read)(fd, to, count); }
ssize_t write(int fd, const void *from, size_t count)
{
    return fails("write", fd) ? -1 : REAL(write)(fd, from, count);
}
int fsync(int fd) { return fails("fsync", fd) ? -1 : REAL(fsync)(fd); }
int close(int fd)
{
    int failed = fails("close", fd), error = errno, result = REAL(close)(fd);
    if (failed) /* the descriptor is gone all the same */
        errno = error;
    return failed ? -1 : result;
}
off_t lseek(int fd, off_t to, int whence) { return fails("lseek", fd) ? -1 : REAL(lseek)(fd, to, whence); }
off64_t lseek64(int fd, off64_t to, int whence)
{
    return fails("lseek", fd) ? -1 : REAL(lseek64)(fd, to, whence);
}
int fstat(int fd, struct stat *to) { return fails("fstat", fd) ? -1 : REAL(fstat)(fd, to); }
int fstat64(int fd, struct stat64 *to) { return fails("fstat", fd) ? -1 : REAL(fstat64)(fd, to); }
int fchmod(int fd, mode_t mode) { return fails("fchmod", fd) ? -1 : REAL(fchmod)(fd, mode); }
int stat(const char *path, struct stat *to) { return fails_path("stat", path) ? -1 : REAL(stat)(path, to); }
int stat64(const char *path, struct stat64 *to)
{
    return fails_path("stat", path) ? -1 : REAL(stat64)(path, to);
}
int lstat(const char *path, struct stat *to) { return fails_path("lstat", path) ? -1 : REAL(lstat)(path, to); }
int lstat64(const char *path, struct stat64 *to)
{
    return fails_path("lstat", path) ? -1 : REAL(lstat64)(path, to);
}
int rename(const char *from, const char *to) { return fails_path("rename", from) ? -1 : REAL(rename)(from, to); }
int unlink(const char *path) { return fails_path("unlink", path) ? -1 : REAL(unlink)(path); }

/* With FAULT_CLOCK in the environment the time of day is in 1970 and in 2242 by turns, and the other
 * clocks go on by a day each time. */
int clock_gettime(clockid_t clock, struct timespec *to)
{
    static long calls;
    int result = REAL(clock_gettime)(clock, to);
    if (getenv("FAULT_CLOCK")) {
        long call = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
        if (clock == CLOCK_REALTIME)
            to->tv_sec = call % 2 ? 1 : 1L << 33;
        else
            to->tv_sec += 86400 * call;
    }
    return result;
}

#define OPEN(name)                                                       \
    int name(const char *path, int flags, ...)                           \
    {                                                                    \
        va_list rest;                                                    \
        mode_t mode;                                                     \
        va_start(rest, flags);                                           \
        mode = va_arg(rest, mode_t);                                     \
        va_end(rest);                                                    \
        return fails_path("open", path) ? -1 : REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
