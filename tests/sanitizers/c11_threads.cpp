// librdkafka makes its threads, locks and conditions by C11's <threads.h>, which GCC 12's
// sanitizers do not know: ThreadSanitizer crashes in a thread that it did not see begin, and takes
// what a lock orders for a race. glibc's are its pthreads under other names, so these say the same
// in the words that sanitizers know. The program's definitions come before glibc's.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <memory>

namespace {

pthread_mutex_t* plain(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* plain(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }
static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t));

int result(int error) {
    if (error == 0) return thrd_success;
    return error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

struct Start {
    thrd_start_t function;
    void* argument;
};

void* run(void* given) {
    const std::unique_ptr<Start> start(static_cast<Start*>(given));
    const auto code = static_cast<std::intptr_t>(start->function(start->argument));
    return reinterpret_cast<void*>(code);
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
    auto start = std::make_unique<Start>(Start{function, argument});
    const int error = pthread_create(thread, nullptr, run, start.get());
    if (error == 0) (void)start.release();  // the thread's
    return result(error);
}
int thrd_join(thrd_t thread, int* code) {
    void* returned = nullptr;
    const int error = pthread_join(thread, &returned);
    if (code != nullptr) *code = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
    return result(error);
}

int mtx_init(mtx_t* mutex, int type) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    const bool recursive = (type & mtx_recursive) != 0;
    pthread_mutexattr_settype(&attributes,
                              recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    const int error = pthread_mutex_init(plain(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result(error);
}
int mtx_lock(mtx_t* mutex) { return result(pthread_mutex_lock(plain(mutex))); }
int mtx_unlock(mtx_t* mutex) { return result(pthread_mutex_unlock(plain(mutex))); }
void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy(plain(mutex)); }

int cnd_init(cnd_t* condition) { return result(pthread_cond_init(plain(condition), nullptr)); }
int cnd_signal(cnd_t* condition) { return result(pthread_cond_signal(plain(condition))); }
int cnd_broadcast(cnd_t* condition) { return result(pthread_cond_broadcast(plain(condition))); }
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
    return result(pthread_cond_wait(plain(condition), plain(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
    return result(pthread_cond_timedwait(plain(condition), plain(mutex), until));
}
void cnd_destroy(cnd_t* condition) { pthread_cond_destroy(plain(condition)); }

}  // extern "C"
