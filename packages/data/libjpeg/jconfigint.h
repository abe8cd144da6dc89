/* What libjpeg-turbo's build would find out: of the compiler. */
#define HIDDEN
#define INLINE inline __attribute__((always_inline))
#define THREAD_LOCAL
#define PACKAGE_NAME "libjpeg-turbo"
#define VERSION "3.1.0"
#define BUILD ""
#define SIZEOF_SIZE_T 4
#define FALLTHROUGH __attribute__((fallthrough));
