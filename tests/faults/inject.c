// Makes one system call of a program fail: LD_PRELOAD=libinject.so FORESEE_FAULT=write:17:28 PROGRAM ...
// The 17th call of write(2) through the C library then fails with error number 28; calls that write to the standard
// streams do not count. Kinds: write (also pwrite, writev, fwrite's own), fsync, rename, open (for writing), mkdir, thread
// (pthread_create; also what std::thread and OpenMP start).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

// Whether this call of `kind` is the one that fails; sets errno.
static int fails(const char* kind) {
  static char wanted[16];
  static long number = -1;
  static int error;
  if (number < 0) {
    const char* text = getenv("FORESEE_FAULT");
    if (text == NULL || sscanf(text, "%15[a-z]:%ld:%d", wanted, &number, &error) != 3) number = 0;
  }
  if (number == 0 || strcmp(kind, wanted) != 0 || atomic_fetch_add(&calls, 1) + 1 != number) return 0;
  errno = error;
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void* bytes, size_t count) {
  if (file > 2 && fails("write")) return -1;
  return REAL(write)(file, bytes, count);
}
ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t at) {
  if (file > 2 && fails("write")) return -1;
  return REAL(pwrite64)(file, bytes, count, at);
}
ssize_t pwrite(int file, const void* bytes, size_t count, off_t at) {
  if (file > 2 && fails("write")) return -1;
  return REAL(pwrite)(file, bytes, count, at);
}
ssize_t writev(int file, const struct iovec* parts, int count) {
  if (file > 2 && fails("write")) return -1;
  return REAL(writev)(file, parts, count);
}
int fsync(int file) { return fails("fsync") ? -1 : REAL(fsync)(file); }
int rename(const char* from, const char* to) { return fails("rename") ? -1 : REAL(rename)(from, to); }
int renameat2(int a, const char* from, int b, const char* to, unsigned flags) {
  return fails("rename") ? -1 : REAL(renameat2)(a, from, b, to, flags);
}
int mkdir(const char* path, mode_t mode) { return fails("mkdir") ? -1 : REAL(mkdir)(path, mode); }
int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  if ((flags & O_ACCMODE) != O_RDONLY && fails("open")) return -1;
  return REAL(open)(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  if ((flags & O_ACCMODE) != O_RDONLY && fails("open")) return -1;
  return REAL(open64)(path, flags, mode);
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*work)(void*), void* argument) {
  return fails("thread") ? errno : REAL(pthread_create)(thread, attributes, work, argument);
}
